"""HAProxy's master process: which workers of before a reload have not ended yet.

Such a worker goes by the map that it had then, and nobody tells it another one: what its clients
still send on connections of before goes where they went then. Source: HAProxy 2.6, master CLI.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import NoAnswer
from core.probe.haproxy_socket import ask

if TYPE_CHECKING:
    from pathlib import Path

_OLD = "# old workers"
_WORKERS = "# workers"


class Master:
    """The master socket of one HAProxy (`haproxy -W -S PATH`); None where it has none."""

    def __init__(self, name: str, socket: Path | None, *, limit_s: float) -> None:
        self._name = name
        self._socket = socket
        self._limit_s = limit_s

    async def old(self) -> list[str]:
        """Return the pids of workers of before a reload that live; none without a master socket.

        Raises Denied, NodeUnreachable, NoAnswer; also for an answer that tells no workers (I7).
        """
        if self._socket is None:
            return []
        try:
            async with asyncio.timeout(self._limit_s):
                told = await ask(self._name, self._socket, "show proc")
        except TimeoutError as error:
            raise self._silent(f"no answer in {self._limit_s:g} s") from error
        if _WORKERS not in told.splitlines():
            raise self._silent("it does not tell its workers")
        return old_workers(told)

    async def require_alone(self) -> None:
        """Raise NoAnswer while a worker of before a reload lives: it may still take writes."""
        pids = await self.old()
        if pids:
            raise NoAnswer(
                what=still_there(pids),
                where=f"master socket of {self._name}",
                remedy="Wait until it has ended its clients' requests; then again.",
            )

    def _silent(self, why: str) -> NoAnswer:
        return NoAnswer(
            what=f"its master socket: {why}",
            where=f"master socket of {self._name}",
            remedy="Name the socket of `haproxy -W -S PATH` in traffic.haproxy.master.",
        )


def old_workers(told: str) -> list[str]:
    """Return the pids below `# old workers` of `show proc`, safe to show."""
    found, below = [], False
    for line in told.splitlines():
        if line.startswith("#"):
            below = line.strip() == _OLD
        elif below and line.strip():
            found.append(safe(line.split(maxsplit=1)[0]))
    return found


def still_there(pids: list[str]) -> str:
    """Return what is said of workers that have not ended."""
    return f"old worker {', '.join(pids)} of before a reload has not ended: it goes by its own map"
