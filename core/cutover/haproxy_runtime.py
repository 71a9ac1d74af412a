"""What is asked and told through HAProxy's admin socket. Source: `cutover.md` 5, HAProxy 2.6.

A map is replaced by a version of its own (`prepare`, `add`, `commit`): all lines at one instant,
and one that hangs never gives the version's number, so that it commits nothing on waking. Whoever
does not answer within LIMIT_S is unknown: what was sent may still be done.
"""

from __future__ import annotations

import asyncio
import csv
import os
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.balancer import Busy
from core.cutover.map_file import Entry, RouteMap
from core.display import safe
from core.errors import NoAnswer, Refused, VgwmError
from core.probe.haproxy_socket import MOST_BYTES, ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LIMIT_S: Final = 2.0
ACROSS: Final = "across"
"""The backend that answers copies between the sides, with 501: HAProxy counts what meets it."""

_CHUNK_BYTES: Final = 8_000  # a line and its payload have to fit into HAProxy's buffer, 16 KiB
_STREAMS_BYTES: Final = 16 << 20  # some 60,000 requests
_VERSION: Final = re.compile(r"New version created: (\d+)")
_FOUND: Final = re.compile(r'found=yes,.*value="([^"]*)"')
_STREAM: Final = re.compile(
    r"(?P<place>0x[0-9a-f]+): .*?\bsrc=(?P<client>\S+) .*?\bbe=(?P<backend>\S+) .*?"
    r"\bcalls=(?P<calls>\d+)"
)
_LOGGED: Final = 120


class Process(NamedTuple):
    """Who answers. Another pid than before: it was restarted or reloaded."""

    pid: str
    version: str


class Runtime:
    """One admin socket. Methods raise Denied, NodeUnreachable, NoAnswer, Refused."""

    def __init__(self, name: str, socket: Path, route_map: Path, *, limit_s: float) -> None:
        self._name = name
        self._socket = socket
        self._map = os.fspath(route_map)
        self._limit_s = limit_s

    async def process(self) -> Process:
        """Return which process answers."""
        told = (line.partition(":") for line in (await self._ask("show info")).splitlines())
        named = {name.strip(): value.strip() for name, _, value in told}
        return Process(safe(named.get("Pid", "")), safe(named.get("Version", "unknown")))

    async def level(self) -> str:
        """Return what we may do there: `admin`, or less."""
        return safe((await self._ask("show cli level")).strip())[:_LOGGED]

    async def has_map(self) -> bool:
        """Tell whether it has loaded our map."""
        return f"({self._map})" in await self._ask("show map")

    async def entries(self) -> RouteMap:
        """Return the map that it works by, its lines in their order."""
        told = await self._ask(f"show map {self._map}")
        if told.startswith("Unknown map"):
            raise self._refused("show map", told)
        lines = (line.split(maxsplit=2) for line in told.splitlines() if line.strip())
        return RouteMap(tuple(Entry(one[1], one[2] if one[2:] else "") for one in lines if one[1:]))

    async def looked_up(self, path: str) -> str:
        """Return what a request for a path finds in the map, "" for nothing."""
        found = _FOUND.search(await self._ask(f"get map {self._map} {path}"))
        return found[1] if found else ""

    async def replace(self, wanted: RouteMap) -> None:
        """Let it work by other lines, all of them from one instant on."""
        told = await self._ask(f"prepare map {self._map}")
        version = _VERSION.search(told)
        if version is None:
            raise self._refused("prepare map", told)
        for payload in _chunks(wanted):
            await self._order(f"add map @{version[1]} {self._map} <<\n{payload}")
        await self._order(f"commit map @{version[1]} {self._map}")

    async def busy(self, backend: str) -> Busy | None:
        """Return what a backend has in work; None if there is no such."""
        told = (await self._ask("show stat")).removeprefix("# ")
        for row in csv.DictReader(told.splitlines()):
            if row.get("pxname") == backend and row.get("svname") == "BACKEND":
                scur, qcur, stot = (int(row.get(name) or 0) for name in ("scur", "qcur", "stot"))
                return Busy(requests=scur + qcur, total=stot)
        return None

    async def across(self) -> int | None:
        """Return how many copies between the sides it refused since it started.

        None where its configuration refuses them without a backend of that name, or it is silent:
        a count is no reason to take what it does for unknown.
        """
        try:
            seen = await self.busy(ACROSS)
        except VgwmError:
            return None
        return None if seen is None else seen.total

    async def streams(self, backend: str) -> dict[str, int]:
        """Return each request that a backend has in work or waiting, and how often it was woken.

        By its place in memory and its client: both are another request's once it has ended, and
        that one was woken less often.
        """
        told = await self._ask("show sess", _STREAMS_BYTES)
        lines = told.splitlines()
        found = [one for line in lines if (one := _STREAM.match(line))]
        if not found or len(told) >= _STREAMS_BYTES:  # our own question is one of them
            raise self._refused("show sess", "it lists too many" if found else told)
        return {
            f"{one['place']} {one['client']}": int(one["calls"])
            for one in found
            if one["backend"] == backend
        }

    async def _order(self, command: str) -> None:
        """Send what is answered by a blank line when it was done."""
        told = await self._ask(command)
        if told.strip():
            raise self._refused(" ".join(command.split(maxsplit=2)[:2]), told)

    async def _ask(self, command: str, most_bytes: int = MOST_BYTES) -> str:
        async with self._limited():
            return await ask(self._name, self._socket, command, most_bytes)

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limit_s):
                yield
        except TimeoutError as error:
            raise NoAnswer(
                what=f"no answer in {self._limit_s:g} s: unknown what it does",
                where=f"admin socket of {self._name}",
                remedy="Look whether HAProxy hangs; its admin socket answers at once.",
            ) from error

    def _refused(self, command: str, told: str) -> Refused:
        return Refused(
            what=f"{command} was refused: {safe(told.strip())[:_LOGGED]}",
            where=f"admin socket of {self._name}",
            remedy="Let it use the map of vgwm.yaml, and give its socket level admin.",
        )


def _chunks(wanted: RouteMap) -> list[str]:
    """Return the lines in pieces that fit into HAProxy's buffer, each line ended."""
    chunks = [""]
    for path, value in wanted.entries:
        line = f"{path} {value}\n"
        if len(chunks[-1]) + len(line) > _CHUNK_BYTES:
            chunks.append("")
        chunks[-1] += line
    return [chunk for chunk in chunks if chunk]
