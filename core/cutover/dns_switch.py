"""Steers clients by a name: says what a person has to change, waits for caches, and looks.

    python -m core.cutover.dns_switch --name NAME --blue A --green A --ttl S --state FILE

A `traffic.command` of vgwm.yaml with `modes: [blue, green]`. Standard input: the JSON object of
docs/traffic.md. `set` changes nothing: while the name is another it ends with 1 and says what it
has to be, and vgwm asks again until it is. `get` writes {"mode": "blue"} or "green" once the name
was seen at that side for the TTL of its record: for so long others may still have the former.
--state: since when that is, by the wall clock. --blue, --green: once an address. Standard library
alone, so that it can be copied to where the name is asked for.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Addresses = frozenset[str]


class Seen(NamedTuple):
    """What the name was last seen at: a side, "" for neither; since when, UTC seconds."""

    mode: str
    since_s: float


def addresses(texts: Iterable[str]) -> Addresses:
    """Return addresses in one spelling. Raises ValueError for what is none."""
    return frozenset(str(ipaddress.ip_address(text.partition("%")[0])) for text in texts)


def resolve(name: str) -> Addresses:
    """Return the addresses that this host gets for a name. Raises OSError."""
    return addresses(str(row[4][0]) for row in socket.getaddrinfo(name, None))


def side_of(found: Addresses, sides: Mapping[str, Addresses]) -> str:
    """Return the side that a name is at with all its addresses, "" for neither."""
    return next((mode for mode, ours in sides.items() if found == ours), "")


def looked(mode: str, before: Seen | None, now_s: float) -> Seen:
    """Return since when a name is where it is. before: None if nobody ever looked: so it was."""
    if before is None:
        return Seen(mode, 0.0)
    return before if before.mode == mode else Seen(mode, now_s)


def read(state: Path) -> Seen | None:
    """Return what was kept, None for nothing. Raises ValueError for what cannot be read."""
    try:
        kept = json.loads(state.read_bytes())
    except FileNotFoundError:
        return None
    return Seen(str(kept["mode"]), float(kept["since_s"]))


def keep(state: Path, seen: Seen) -> None:
    """Keep it, durably: a look that is forgotten would cut the wait short."""
    beside = state.with_name(f"{state.name}.new")
    with beside.open("w") as file:
        json.dump(seen._asdict(), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(state)


def against(
    told: Mapping[str, object], name: str, sides: Mapping[str, Addresses], seen: Seen
) -> str:
    """Return what stands in the way of saying `seen.mode`, "" if nothing does, but for caches."""
    if told.get("slices"):
        return "a name is one for all buckets: leave cutover.slices out"
    wanted = str(told.get("mode")) if told.get("op") == "set" else seen.mode
    if wanted not in sides:
        return f"{name} is neither at blue nor at green, with all its addresses"
    if wanted != seen.mode:
        return f"let {name} be {', '.join(sorted(sides[wanted]))} alone: it is another now"
    return ""


def main() -> int:
    """Do what the standard input says."""
    chosen = _words().parse_args()
    told = json.loads(sys.stdin.read() or "{}")
    sides = {"blue": addresses(chosen.blue), "green": addresses(chosen.green)}
    now_s = time.time()
    try:
        mode = side_of(resolve(chosen.name), sides)
    except OSError as error:
        return _ill(f"{chosen.name} has no address: {error.strerror}")
    before = read(chosen.state)
    seen = looked(mode, before, now_s)
    if seen != before:
        keep(chosen.state, seen)
    why = against(told, chosen.name, sides, seen)
    if why:
        return _ill(why)
    until_s = seen.since_s + chosen.ttl
    if told.get("op") == "get" and now_s < until_s:
        at = time.strftime("%H:%M:%S", time.gmtime(until_s))
        return _ill(f"{chosen.name} is at {mode}; caches may have the former until {at} UTC")
    sys.stdout.write(json.dumps({"mode": mode}))
    return 0


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--name", required=True)
    words.add_argument("--blue", action="append", required=True)
    words.add_argument("--green", action="append", required=True)
    words.add_argument("--ttl", type=float, required=True)
    words.add_argument("--state", type=Path, required=True)
    return words


def _ill(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
