"""HAProxy's own configuration: where clients reach it, and whether HAProxy would start with it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from typing import TYPE_CHECKING, Final

from core.display import safe

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S: Final = 10.0

_SBIN: Final = ":/usr/sbin:/usr/local/sbin"  # not on everybody's path, and haproxy lives there
_SECTION: Final = re.compile(r"^(?:frontend|listen|backend|defaults|global|userlist|peers)\b")
_BIND: Final = re.compile(r"^bind\s+(?P<addresses>\S+)(?P<options>.*)$")
_ADDRESS: Final = re.compile(
    r"^(?:ipv[46]@)?(?P<host>\[[0-9a-fA-F:.]*\]|[^\[\]:@]*):(?P<port>\d+)$"
)
_ANY: Final = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - read, not bound
_SHOWN: Final = 300


def listeners(text: str, route_map: Path) -> tuple[str, ...]:
    """Return the URLs of the `bind` lines of each section that routes by the map.

    One that listens everywhere is reached on loopback. What is no host and one port (a socket, a
    variable, a range) is left out: name it in `listen` of vgwm.yaml.
    """
    wanted = os.fspath(route_map)
    found = []
    for section in _sections(text):
        if any(wanted in line for line in section):
            found += [url for line in section for url in _bound(line)]
    return tuple(found)


def _sections(text: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip() if "#" in raw else raw.strip()
        if _SECTION.match(line):
            sections.append([])
        sections[-1].append(line)
    return sections


def _bound(line: str) -> list[str]:
    bind = _BIND.match(line)
    if bind is None:
        return []
    scheme = "https" if "ssl" in bind["options"].split() else "http"
    places = (_ADDRESS.match(part) for part in bind["addresses"].split(","))
    return [
        f"{scheme}://{_ANY.get(place['host'], place['host'])}:{place['port']}"
        for place in places
        if place is not None
    ]


async def checked(config: Path) -> str:
    """Return what `haproxy -c` has against a configuration, "" if nothing; safe to show."""
    program = shutil.which("haproxy", path=os.environ.get("PATH", "") + _SBIN)
    if program is None:
        return "no program haproxy is here to check its configuration with"
    process = await asyncio.create_subprocess_exec(
        program,
        *("-c", "-f", os.fspath(config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
    except TimeoutError:
        return f"haproxy -c did not end within {LIMIT_S:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return ""
    said = safe(told.decode("utf-8", "replace").strip())
    return f"haproxy -c refuses its configuration: {said[-_SHOWN:]}"
