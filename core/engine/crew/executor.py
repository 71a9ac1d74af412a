"""The worker processes of this host: started, fed, heard, replaced.

A worker holds up to two tasks, so that it never waits for the coordinator between bundles. One that
dies is replaced; what it held comes back as lost, and is done again (I3 makes that harmless).
May import the engine's child, board and tasks.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core.engine.crew.child import Child, ChildGone
from core.engine.crew.task import CopyResult, CopyTask, Stop, WorkerSetup
from core.errors import NoAnswer
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.crew.board import Board
    from core.engine.crew.fork_server import ForkServer


class WorkerLost(Exception):
    """The worker died while it held the task."""

    def __init__(self, slot: int, how: str) -> None:
        super().__init__(f"worker {slot} died ({how})")
        self.slot = slot
        self.how = how


@dataclass(slots=True, eq=False)
class Seat:
    """A worker's place: its process and the tasks it holds."""

    slot: int
    child: Child | None = None
    held: dict[int, asyncio.Future[CopyResult]] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)
    leaving: bool = False
    told: bool = False
    deaths: int = 0

    def leaves(self) -> bool:
        """Tell whether its worker is to end."""
        return self.leaving


class LocalExecutor:
    """Runs copy tasks in processes of this host."""

    def __init__(self, setup: WorkerSetup, board: Board, forks: ForkServer, *, depth: int) -> None:
        self._setup = setup
        self._board = board
        self._forks = forks
        self._depth = depth
        self._seats: dict[int, Seat] = {}
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Condition()
        self._broken: NoAnswer | None = None
        self._at_work: int | None = None
        self.on_death: Callable[[int, str], None] = lambda _slot, _how: None

    def resize(self, workers: int) -> None:
        """Have this many workers: new ones start at once, surplus ones leave after their tasks."""
        for slot in range(workers):
            seat = self._seats.get(slot)
            if seat is None:
                seat = self._seats[slot] = Seat(slot)
                self._serving[slot] = asyncio.create_task(self._serve(seat), name=f"worker {slot}")
            seat.leaving = False
        for slot, seat in self._seats.items():
            if slot >= workers:
                seat.leaving = seat.told = True
                if seat.child is not None:
                    seat.child.send(Stop())  # read after the tasks that it holds

    async def limit(self, at_work: int | None) -> None:
        """Give tasks to so many workers only; what the others hold they end. None: to all."""
        if at_work != self._at_work:
            self._at_work = at_work
            await self._notify()

    @property
    def limited(self) -> bool:
        """Whether fewer workers are given tasks than there are."""
        return self._at_work is not None

    def seats(self) -> list[Seat]:
        """Return the workers that there are, by slot."""
        return [self._seats[slot] for slot in sorted(self._seats)]

    async def run(self, task: CopyTask) -> CopyResult:
        """Run a task on the worker with the least to do. Raises WorkerLost."""
        async with self._room:
            await self._room.wait_for(lambda: self._free() is not None or self._broken is not None)
            if self._broken is not None:
                raise self._broken
            seat = self._free()
            assert seat is not None  # noqa: S101 - the condition just held, under its lock
            future: asyncio.Future[CopyResult] = asyncio.get_running_loop().create_future()
            seat.held[task.bundle] = future
        if seat.child is not None:
            seat.child.send(task)
        return await future

    async def settled(self, bundle: int) -> None:
        """Say that a copied bundle is in the ledger: its worker may have another.

        So no more than a worker holds is done again after a crash.
        """
        for seat in self._seats.values():
            seat.unsettled.discard(bundle)
        await self._notify()

    def _free(self) -> Seat | None:
        busy = sum(bool(seat.held) for seat in self._seats.values())
        full = self._at_work is not None and busy >= self._at_work
        free = [
            seat
            for seat in self._seats.values()
            if seat.child is not None
            and not seat.leaving
            and len(seat.held) + len(seat.unsettled) < self._depth
            and (seat.held or not full)
        ]
        return min(free, key=lambda seat: (len(seat.held), seat.slot), default=None)

    async def close(self) -> None:
        """End all workers; one that does not leave in 5 s is killed."""
        for task in self._serving.values():
            task.cancel()
        for task in list(self._serving.values()):
            try:
                await task
            except asyncio.CancelledError:
                if not task.cancelled():
                    raise
        async with TaskGroup() as group:
            for seat in self._seats.values():
                if seat.child is not None:
                    group.create_task(seat.child.end(), name=f"end worker {seat.slot}")
        for seat in self._seats.values():
            _lose(seat, "the engine closes")
        self._seats.clear()
        self._serving.clear()

    async def _serve(self, seat: Seat) -> None:
        """Keep one place filled: start a worker, hand on its answers, replace it when it dies."""
        while not seat.leaving:
            seat.told = False
            self._board.clear(seat.slot)
            try:
                seat.child = await Child.start(seat.slot, self._forks, self._setup)
            except NoAnswer as error:
                self._broken = error
                await self._notify()
                return
            if seat.leaves():  # told while it was being started, when nobody heard it
                seat.child.send(Stop())
            await self._notify()
            try:
                while True:
                    answer = await seat.child.receive()
                    if isinstance(answer, CopyResult):
                        future = seat.held.pop(answer.bundle, None)
                        if answer.root is not None:
                            seat.unsettled.add(answer.bundle)
                        if future is not None and not future.done():
                            future.set_result(replace(answer, worker=seat.slot))
                        await self._notify()
            except ChildGone as gone:
                seat.child = None
                if not seat.told:
                    seat.deaths += 1
                    self.on_death(seat.slot, gone.how)
                    # a worker that dies at once must not turn into a fork storm
                    await asyncio.sleep(min(5.0, 0.05 * 2**seat.deaths))
                _lose(seat, gone.how)
        del self._seats[seat.slot]
        del self._serving[seat.slot]

    async def _notify(self) -> None:
        async with self._room:
            self._room.notify_all()


def _lose(seat: Seat, how: str) -> None:
    for future in seat.held.values():
        if not future.done():
            future.set_exception(WorkerLost(seat.slot, how))
    seat.held.clear()
