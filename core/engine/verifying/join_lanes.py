"""The processes of a join: each takes the next part behind its last, so that a walk goes on.

One that has ended its own takes the last part of whoever has most left: nobody waits for one lane.

May import the engine's crew.
"""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Generic, Self, TypeVar, cast

from core.engine.crew.board import MAX_SLOTS
from core.engine.crew.child import Child, ChildGone
from core.engine.reins import WALK
from core.errors import Broken
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager

    from core.engine.crew.fork_server import ForkServer
    from core.engine.reins import Reins
    from core.engine.verifying.join_task import JoinMessage, JoinSetup, JoinTold

_Task = TypeVar("_Task")

_QUIET: Final = "a part of the join does not get on: source, table or disk is silent"
_SLOT: Final = MAX_SLOTS - 17
_LIVES: Final = 3


class Stretches(Generic[_Task]):
    """Tasks in as many stretches as there are lanes, all of about the same length."""

    def __init__(self, tasks: Sequence[_Task], lanes: int) -> None:
        ends = [len(tasks) * n // lanes for n in range(lanes + 1)]
        self._left = [deque(tasks[a:b]) for a, b in pairwise(ends)]

    def next(self, lane: int) -> _Task | None:
        """Take a lane's next task; behind its last one, the last of the longest stretch."""
        if self._left[lane]:
            return self._left[lane].popleft()
        longest = max(self._left, key=len)
        return longest.pop() if longest else None


class JoinLanes:
    """Some processes. Made by `async with`; none is left behind it."""

    def __init__(self, forks: ForkServer, setup: JoinSetup, lanes: int) -> None:
        self._forks = forks
        self._setup = setup
        self._lanes = lanes
        self._children: dict[int, Child] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in self._children.values():
            child.process.kill()  # what it had not ended is done again
        for child in list(self._children.values()):
            await child.end()
        self._children.clear()

    async def run(
        self,
        tasks: Sequence[JoinMessage],
        reins: Reins | None,
        told: Callable[[JoinMessage, JoinTold], Awaitable[None]],
    ) -> None:
        """Do tasks, a stretch of them in each process. told: what each says; reins: None: none.

        Raises JobCancelled between two tasks, and what a task raised.
        """
        lanes = min(self._lanes, len(tasks))
        if not lanes:
            return
        left = Stretches(tasks, lanes)
        try:
            async with TaskGroup() as group:
                for lane in range(lanes):
                    group.create_task(
                        self._serve(lane, left, reins, told), name=f"join lane {lane}"
                    )
        except BaseExceptionGroup as raised:
            raise _first(raised) from raised

    async def _serve(
        self,
        lane: int,
        left: Stretches[JoinMessage],
        reins: Reins | None,
        told: Callable[[JoinMessage, JoinTold], Awaitable[None]],
    ) -> None:
        deaths, task = 0, left.next(lane)
        while task is not None:
            if reins is not None:
                await reins.checkpoint()
            try:
                child = await self._child(lane)
                child.send(task)
                while True:
                    with _awaiting(reins, lane):
                        answer = cast("JoinTold", await child.receive())
                    if answer.fault is not None:
                        raise answer.fault.error()
                    await told(task, answer)
                    if answer.done is not None:
                        break
            except ChildGone as gone:
                self._children.pop(lane, None)
                deaths += 1
                if deaths == _LIVES:
                    raise _died(gone) from gone
                continue
            deaths, task = 0, left.next(lane)

    async def _child(self, lane: int) -> Child:
        child = self._children.get(lane)
        if child is None:
            child = await Child.start(_SLOT - lane, self._forks, self._setup)
            self._children[lane] = child
        return child


def _awaiting(reins: Reins | None, lane: int) -> AbstractContextManager[None]:
    if reins is None:
        return nullcontext()
    return reins.awaiting(f"{WALK} {lane}", _QUIET)


def _first(raised: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what ended the lanes first."""
    one: BaseException = raised
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one


def _died(gone: ChildGone) -> Broken:
    return Broken(
        what=f"the joining process died {_LIVES} times over one part ({gone.how})",
        where="verify",
        remedy="See dmesg for the kernel's reasons, and report this with engine.log.",
    )
