"""The reader processes of a look at bytes: forked, fed, heard, replaced once when one dies.

Answers come back in the order of their tasks, so that what is stored ends in one cursor.
May import the engine's crew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple, Self, cast

from core.engine.crew.board import MAX_SLOTS
from core.engine.crew.child import Child, ChildGone
from core.engine.verifying.bytes_task import BytesResult, BytesRule
from core.errors import Broken

if TYPE_CHECKING:
    from core.engine.crew.fork_server import ForkServer
    from core.engine.verifying.bytes_task import BytesSetup, BytesTask

DEPTH: Final = 2
"""Tasks a reader holds, so that it never waits for the coordinator between two."""

_LIVES: Final = 3
"""Readers that may die over one bundle: a fourth would die of it, too."""


class BytesPool:
    """Runs tasks in processes. Made by `async with`; none is left behind it."""

    def __init__(self, forks: ForkServer, setup: BytesSetup, readers: int) -> None:
        self._forks = forks
        self._setup = setup
        self._readers = readers
        self._rule = BytesRule(hold=False, bytes_s=0)
        self._queue: asyncio.Queue[_Asked] = asyncio.Queue()
        self._children: dict[int, Child] = {}
        self._serving: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._serving = [
            asyncio.create_task(self._serve(seat), name=f"bytes reader {seat}")
            for seat in range(self._readers)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._serving:
            task.cancel()
        await asyncio.wait(self._serving)
        for child in self._children.values():
            child.process.kill()  # it holds nothing but a read
        for child in list(self._children.values()):
            await child.end()

    @property
    def room(self) -> int:
        """Return how many tasks may be out at once."""
        return self._readers * (DEPTH + 1)

    def require_readers(self) -> None:
        """Raise what keeps a reader from being there: its tasks would be waited for in vain."""
        for task in self._serving:
            if task.done():
                task.result()

    def rule(self, rule: BytesRule) -> None:
        """Put a rule in force for every reader, in the middle of its bundle."""
        if rule != self._rule:
            self._rule = rule
            for child in self._children.values():
                child.send(rule)

    def ask(self, task: BytesTask) -> asyncio.Future[BytesResult]:
        """Give out a task; the future is done when it was read."""
        future: asyncio.Future[BytesResult] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Asked(task, future))
        return future

    async def _serve(self, number: int) -> None:
        """Keep one reader at work."""
        seat, deaths = _Seat(), 0
        while True:
            child = await Child.start(MAX_SLOTS - 1 - number, self._forks, self._setup)
            self._children[number] = child
            child.send(self._rule)
            for one in seat.held:
                child.send(one.task)
            feeding = asyncio.create_task(self._feed(child, seat), name=f"tasks of {number}")
            try:
                while True:
                    seat.settle(cast("BytesResult", await child.receive()))
                    deaths = 0
            except ChildGone as gone:
                deaths += 1
                if deaths >= _LIVES and seat.held:
                    seat.give_up(_dies(gone))
                    deaths = 0
            finally:
                feeding.cancel()
                await asyncio.wait([feeding])
            del self._children[number]

    async def _feed(self, child: Child, seat: _Seat) -> None:
        while True:
            await seat.room.acquire()
            try:
                one = await self._queue.get()
            except asyncio.CancelledError:
                seat.room.release()
                raise
            seat.held.append(one)
            child.send(one.task)


class _Asked(NamedTuple):
    """A task that is out, and who waits for it."""

    task: BytesTask
    answer: asyncio.Future[BytesResult]


class _Seat:
    """What one reader holds, in the order in which it answers."""

    def __init__(self) -> None:
        self.held: list[_Asked] = []
        self.room = asyncio.Semaphore(DEPTH)

    def settle(self, result: BytesResult) -> None:
        """Hand on the answer to the oldest."""
        one = self._take()
        if not one.answer.done():
            one.answer.set_result(result)

    def give_up(self, error: Broken) -> None:
        """Let the oldest fail."""
        one = self._take()
        if not one.answer.done():
            one.answer.set_exception(error)

    def _take(self) -> _Asked:
        self.room.release()
        return self.held.pop(0)


def _dies(gone: ChildGone) -> Broken:
    return Broken(
        what=f"{_LIVES} processes died over one bundle ({gone.how})",
        where="verify",
        remedy="See dmesg for the kernel's reasons, and report this with engine.log.",
    )
