"""The cluster's peers as they are now: each asked once a second while somebody looks. Read-only.

Each address has a task of its own, so that one that hangs delays no other. What costs a peer time
(who it is, what its repository holds) is asked each fifth time: one whose Kubo is dead takes
seconds to say who it is, and longer when it is asked often.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from core.errors import VgwmError
from core.probe.login import cluster_login
from core.probe.peer_rows import ClusterTold, KuboTold, PeerRow, Pings, rows
from core.target.cluster import ClusterClient
from core.target.kubo import KuboClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.config.schema import IpfsTarget

EVERY_S: Final = 1.0
IDLE_S: Final = 10.0
"""So long after the last look the asking ends."""
LIMIT_S: Final = 2.0
PATIENCE_S: Final = 1.4
"""A client waits 2 s for its answer."""
_SELDOM: Final = 5


class PeerWatch:
    """Asks the peers of a target. `look` never waits for one of them, but for its first answer."""

    def __init__(
        self, target: IpfsTarget, *, every_s: float = EVERY_S, idle_s: float = IDLE_S
    ) -> None:
        self._target = target
        self._every_s = every_s
        self._idle_s = idle_s
        self._clusters = [
            ClusterTold(name=f"cluster-{i}") for i in range(1, len(target.cluster) + 1)
        ]
        self._kubos = [KuboTold(name=f"kubo-{i}") for i in range(1, len(target.kubo) + 1)]
        self._pings = Pings()
        self._first = [asyncio.Event() for _ in (*self._clusters, *self._kubos)]
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._looked_s = 0.0

    async def look(self, *, patience_s: float = PATIENCE_S) -> list[PeerRow]:
        """Return every peer as it was last heard; begin to ask, if nobody looked for a while.

        patience_s: how long the first answers are waited for.
        """
        self._looked_s = time.monotonic()
        self._begin()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await asyncio.gather(*(event.wait() for event in self._first))
        return rows(self._clusters, self._kubos, self._pings, time.monotonic())

    async def close(self) -> None:
        """End the asking, and its connections."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _begin(self) -> None:
        """Start what does not run: never begun, or ended because nobody looked."""
        for mark, first in enumerate(self._first):
            if mark in self._tasks and not self._tasks[mark].done():
                continue
            kubo = mark - len(self._clusters)
            asking = self._cluster(mark) if kubo < 0 else self._kubo(kubo, mark)
            self._tasks[mark] = asyncio.create_task(asking, name=f"watch {mark}")
            self._tasks[mark].add_done_callback(partial(_set, first))

    async def _cluster(self, at: int) -> None:
        """Ask one cluster address until nobody looks."""
        name, url = self._clusters[at].name, self._target.cluster[at]

        def silent(why: str) -> None:
            self._clusters[at] = replace(self._clusters[at], why=why)

        try:
            client = ClusterClient(name, url, await cluster_login(self._target))
        except VgwmError as error:  # the password is not known here: of the peer nothing is
            silent(error.what)
            return
        try:
            await self._rounds(at, partial(self._ask_cluster, at, client), silent)
        finally:
            await client.close()

    async def _kubo(self, at: int, mark: int) -> None:
        """Ask one Kubo until nobody looks."""

        def silent(why: str) -> None:
            self._kubos[at] = replace(self._kubos[at], why=why)

        client = KuboClient(self._kubos[at].name, self._target.kubo[at])
        try:
            await self._rounds(mark, partial(self._ask_kubo, at, client), silent)
        finally:
            await client.close()

    async def _rounds(
        self, mark: int, ask: Callable[[int], Awaitable[None]], silent: Callable[[str], None]
    ) -> None:
        turn = 0
        while time.monotonic() - self._looked_s <= self._idle_s:
            began_s = time.monotonic()
            try:
                async with asyncio.timeout(LIMIT_S):
                    await ask(turn)
            except TimeoutError:
                silent(f"no answer in {LIMIT_S:g} s")
            except VgwmError as error:
                silent(error.what)
            turn += 1
            self._first[mark].set()
            await asyncio.sleep(max(0.0, self._every_s - (time.monotonic() - began_s)))

    async def _ask_cluster(self, at: int, client: ClusterClient, turn: int) -> None:
        busy, pings, free = await asyncio.gather(
            client.pins_busy(), client.metrics("ping"), client.metrics("freespace")
        )
        now_s = time.monotonic()
        self._pings.hear(pings, now_s, time.time_ns())
        self._clusters[at] = replace(
            self._clusters[at],
            busy=tuple(busy.values()),
            pings=tuple(pings),
            free=tuple(free),
            at_s=now_s,
            why="",
        )
        if turn % _SELDOM == 0:
            self._clusters[at] = replace(self._clusters[at], member=await client.id())

    async def _ask_kubo(self, at: int, client: KuboClient, turn: int) -> None:
        version = await client.version()
        self._kubos[at] = replace(self._kubos[at], version=version, at_s=time.monotonic(), why="")
        if turn % _SELDOM == 0:
            who, room = await asyncio.gather(client.id(), client.repo_stat())
            self._kubos[at] = replace(self._kubos[at], id=who.id, room=room)


def _set(first: asyncio.Event, ended: asyncio.Task[None]) -> None:
    """Let nobody wait for a task that has ended."""
    del ended
    first.set()
