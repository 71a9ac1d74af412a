"""Load balancers that are dead for good: a person took them out of vgwm.yaml while an engine works.

    departed = Departed(folder / "vgwm.yaml", workspace.traffic.haproxy)
    why = await departed.look("lb-2", others)

One that may still pass writes counts on, whatever vgwm.yaml says: what it was told may be done when
it wakes. It is dead for good where its admin socket is there and nobody listens at it, nobody
listens where clients reach it, and its map is taken away, without which no HAProxy starts by its
configuration. May import the configuration and the cutover's own files.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from core.config.workspace import load
from core.cutover.haproxy_config import listeners
from core.display import safe
from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from core.config.schema import Haproxy

LIMIT_S: Final = 2.0
_PORTS: Final = {"http": 80, "https": 443}


class _Known(NamedTuple):
    """A load balancer as it was named when the engine began. urls: where clients reach it."""

    named: Haproxy
    urls: frozenset[str]


class Departed:
    """Says whether silent load balancers count no more. file: vgwm.yaml, read at each look."""

    def __init__(self, file: Path, haproxys: Sequence[Haproxy]) -> None:
        self._file = file
        self._known = {
            safe(one.name): _Known(one, frozenset((*one.listen, *_bound(one)))) for one in haproxys
        }

    async def look(self, name: str, others: Collection[str]) -> str | None:
        """Return "" for one that is dead for good, else why it counts on.

        None while vgwm.yaml names it, or cannot be read. others: URLs of those that stay: who
        answers there is one of them.
        """
        known = self._known.get(name)
        if known is None or name in await asyncio.to_thread(self._names, name):
            return None
        why = await asyncio.to_thread(_left, known.named)
        if why:
            return why
        urls = known.urls.difference(others)
        if not urls:
            return "vgwm.yaml names it no more, and nobody knows where clients reach it alone"
        for url in sorted(urls):
            if not await _refuses(url):
                return f"vgwm.yaml names it no more, and {safe(url)} does not refuse connections"
        return ""

    def _names(self, asked: str) -> Collection[str]:
        """Return the names in vgwm.yaml as it is now; the one asked for where nobody knows."""
        try:
            return {safe(one.name) for one in load(self._file).traffic.haproxy}
        except VgwmError:
            return {asked}


def _left(named: Haproxy) -> str:
    """Return why its files say that it may run, or run again; "" if they do not."""
    if os.path.lexists(named.map):
        return (
            "vgwm.yaml names it no more, but it can be started: end its process for good, and move"
            f" its map {safe(os.fspath(named.map))} away"
        )
    if not named.map.parent.is_dir():
        return "vgwm.yaml names it no more, and nobody can look where its map was"
    sockets = [one for one in (named.socket, named.master) if one is not None]
    return next((why for one in sockets if (why := _heard(one))), "")


def _heard(place: Path) -> str:
    """Return why a socket of HAProxy's does not say that its process has ended; "" if it does."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(LIMIT_S)
        try:
            line.connect(os.fspath(place))
        except ConnectionRefusedError:  # it is there, and whoever listened is gone
            return ""
        except OSError as error:
            told = error.strerror or "no answer"
            return (
                f"vgwm.yaml names it no more, and nobody knows whether it runs: its socket: {told}"
            )
    return "vgwm.yaml names it no more, but it runs: it listens at its socket"


def _bound(named: Haproxy) -> tuple[str, ...]:
    try:
        return listeners(named.config.read_text(errors="replace"), named.map)
    except OSError:
        return ()


async def _refuses(url: str) -> bool:
    """Tell whether a connection is refused at each address of a URL; no answer is no refusal."""
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LIMIT_S):
            found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
            return bool(found) and all([await _is_refused(one[0], one[4]) for one in found])
    except (TimeoutError, OSError, ValueError):
        return False


async def _is_refused(family: int, place: tuple[object, ...]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.settimeout(0)  # the loop waits
        try:
            await asyncio.get_running_loop().sock_connect(line, place)
        except ConnectionRefusedError:
            return True
    return False
