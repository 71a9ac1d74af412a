"""The processes of a join: each takes the next part behind its last, so that a walk goes on.

May import the engine's crew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self, cast

from core.engine.crew.board import MAX_SLOTS
from core.engine.crew.child import Child, ChildGone
from core.errors import Broken
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.engine.crew.fork_server import ForkServer
    from core.engine.reins import Reins
    from core.engine.verifying.join_task import JoinMessage, JoinSetup, JoinTold

_SLOT: Final = MAX_SLOTS - 17
_LIVES: Final = 3


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
        ends = [len(tasks) * (n + 1) // lanes for n in range(lanes)]
        begins = [0, *ends[:-1]]
        stretches = [list(tasks[a:b]) for a, b in zip(begins, ends, strict=True)]
        try:
            async with TaskGroup() as group:
                for lane, stretch in enumerate(stretches):
                    group.create_task(
                        self._serve(lane, stretch, reins, told), name=f"join lane {lane}"
                    )
        except BaseExceptionGroup as raised:
            raise _first(raised) from raised

    async def _serve(
        self,
        lane: int,
        tasks: list[JoinMessage],
        reins: Reins | None,
        told: Callable[[JoinMessage, JoinTold], Awaitable[None]],
    ) -> None:
        deaths = 0
        while tasks:
            if reins is not None:
                await reins.checkpoint()
            try:
                child = await self._child(lane)
                child.send(tasks[0])
                while True:
                    answer = cast("JoinTold", await child.receive())
                    if answer.fault is not None:
                        raise answer.fault.error()
                    await told(tasks[0], answer)
                    if answer.done is not None:
                        break
            except ChildGone as gone:
                self._children.pop(lane, None)
                deaths += 1
                if deaths == _LIVES:
                    raise _died(gone) from gone
                continue
            del tasks[0]
            deaths = 0

    async def _child(self, lane: int) -> Child:
        child = self._children.get(lane)
        if child is None:
            child = await Child.start(_SLOT - lane, self._forks, self._setup)
            self._children[lane] = child
        return child


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
