"""Fences a VersityGW over posix by read-only bind mounts in its own mount namespace.

    python -m core.cutover.bind_fence OP --pid-file FILE --folder ROOT [--folder VERSIONS ..]

OP: `fence`, `open` or `state`, as vgwm.yaml's `gateways` name them. Standard input: a JSON object
whose `slices` names the buckets, none for all that lie below the first folder. `state` writes
{"state": "open"|"fenced"}; a fence that stands in part is neither, and ends with 1. Each OP may be
repeated. Needs root on the gateway's host, `nsenter`, `mount` and `umount`; else the standard
library alone, so that it can be copied there. What it is for: docs/fence.md.

The gateway goes on without a restart: whatever it opens below a bucket from then on lies in a
mount that is read-only. A mount is ours if it shows the folder that lies beneath it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

LIMIT_S = 20
_ESCAPED = re.compile(r"\\(\d{3})")


class Mount(NamedTuple):
    """A line of mountinfo. shown: which folder of the device lies there."""

    number: int
    parent: int
    device: str
    shown: str
    at: str
    read_only: bool


def mounts(pid: int) -> list[Mount]:
    """Return the mounts that a process sees, in the order in which they were made."""
    found = []
    for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        number, parent, device, shown, at, options, *_ = line.split(" ")
        read_only = "ro" in options.split(",")
        found.append(Mount(int(number), int(parent), device, _text(shown), _text(at), read_only))
    return found


def _text(field: str) -> str:
    """Return a field of mountinfo, which writes blanks as octal numbers."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), field)


def fenced(seen: list[Mount], folder: str) -> bool:
    """Tell whether the uppermost mount at a folder is a read-only one of ours."""
    here = [mount for mount in seen if mount.at == folder]
    if not here or not here[-1].read_only:
        return False
    top = here[-1]
    below = next((mount for mount in seen if mount.number == top.parent), None)
    if below is None or below.device != top.device:
        return False
    rest = os.path.relpath(folder, below.at)
    return os.path.normpath(os.path.join(below.shown, rest)) == top.shown  # noqa: PTH118 - text of another namespace


def fence(pid: int, folder: str) -> None:
    """Lay a read-only mount of a folder over it, unless one of ours is there."""
    seen = mounts(pid)
    if fenced(seen, folder):
        return
    deeper = [mount.at for mount in seen if mount.at.startswith(f"{folder}/")]
    if deeper:
        sys.exit(f"{deeper[0]} is mounted below and would vanish: fence it in another way")
    _run(pid, "mount", "--bind", folder, folder)
    _run(pid, "mount", "-o", "remount,bind,ro", folder)


def lift(pid: int, folder: str) -> None:
    """Take ours away, also one that was left writable half way. Files open in it stay readable."""
    while _ours(mounts(pid), folder):
        _run(pid, "umount", "--lazy", folder)


def _ours(seen: list[Mount], folder: str) -> bool:
    """Tell whether the uppermost mount at a folder shows what lies beneath, read-only or not."""
    as_if = [mount._replace(read_only=True) if mount.at == folder else mount for mount in seen]
    return fenced(as_if, folder)


def _run(pid: int, *words: str) -> None:
    argv = ["nsenter", "--target", str(pid), "--mount", "--", *words]
    subprocess.run(argv, check=True, timeout=LIMIT_S)  # noqa: S603 - words of our own


def folders(tops: list[Path], buckets: list[str]) -> list[str]:
    """Return the folders of buckets below each top; a bucket has none where it has no versions.

    By their real names: a mount lies at the folder itself, whatever link leads there.
    """
    names = buckets or sorted(entry.name for entry in tops[0].iterdir() if entry.is_dir())
    found = [str((tops[0] / name).resolve()) for name in names]
    for top in tops[1:]:
        found += [str((top / name).resolve()) for name in names if (top / name).is_dir()]
    return found


def main() -> int:
    """Do what the first word says."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("op", choices=("fence", "open", "state"))
    words.add_argument("--pid-file", type=Path, required=True)
    words.add_argument("--folder", type=Path, action="append", required=True)
    chosen = words.parse_args()
    told = json.loads(sys.stdin.read() or "{}")
    pid = int(chosen.pid_file.read_text())
    wanted = folders(chosen.folder, [str(name) for name in told.get("slices", [])])
    for folder in wanted:
        if chosen.op == "fence":
            fence(pid, folder)
        elif chosen.op == "open":
            lift(pid, folder)
    states = {fenced(mounts(pid), folder) for folder in wanted}
    if chosen.op == "state" and len(states) == 1:
        sys.stdout.write(json.dumps({"state": "fenced" if states.pop() else "open"}))
        return 0
    return 0 if states == {chosen.op == "fence"} else 1


if __name__ == "__main__":
    sys.exit(main())
