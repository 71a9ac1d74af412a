"""The plan back to blue as it was last made: anew each second, and only while somebody looks.

Making it asks whether green is alive, which takes longest where green is dead: a look answers in
time all the same, with the plan of a few seconds ago.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.cutover.rollback_plan import BackWish, RollbackPlan

    # Makes a plan. Raises BadInput.
    Make = Callable[[BackWish], Awaitable[RollbackPlan]]

EVERY_S: Final = 1.0
STALE_S: Final = 10.0
PATIENCE_S: Final = 1.2
_MOST: Final = 16


class _Made(NamedTuple):
    at_s: float
    plan: RollbackPlan


class PlanWatch:
    """Keeps the newest plan of each wish."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._made: dict[BackWish, _Made] = {}
        self._making: dict[BackWish, asyncio.Task[None]] = {}

    async def plan(self, wish: BackWish, *, patience_s: float = PATIENCE_S) -> RollbackPlan | None:
        """Return a plan of a few seconds ago at most; None where none could be made in time yet.

        Raises what hinders making it.
        """
        made = self._made.get(wish)
        task = self._making.get(wish)
        if task is None and (made is None or time.monotonic() - made.at_s >= EVERY_S):
            task = self._begin(wish)
        if made is not None and time.monotonic() - made.at_s < STALE_S:
            return made.plan
        if task is not None:
            await asyncio.wait([task], timeout=patience_s)
            if task.done() and not task.cancelled():
                task.result()
        made = self._made.get(wish)
        return made.plan if made is not None and time.monotonic() - made.at_s < STALE_S else None

    async def close(self) -> None:
        """End the making."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, wish: BackWish) -> asyncio.Task[None]:
        while len(self._made) >= _MOST:
            del self._made[next(iter(self._made))]
        task = asyncio.create_task(self._again(wish), name="plan back to blue")
        self._making[wish] = task
        task.add_done_callback(lambda done: self._ended(wish, done))
        return task

    async def _again(self, wish: BackWish) -> None:
        plan = await self._make(wish)
        self._made[wish] = _Made(time.monotonic(), plan)

    def _ended(self, wish: BackWish, task: asyncio.Task[None]) -> None:
        self._making.pop(wish, None)
        if not task.cancelled():
            task.exception()  # who waits for it is told; nobody may be
