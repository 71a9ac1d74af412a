"""Plans that were asked for: made beside everything else, and kept by number for a while.

A person looks at one and confirms it by its hash; what that means is the business of its kind.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from core.errors import Broken, VgwmError, WrongState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

log = logging.getLogger(__name__)

KEPT: Final = 16
"""Plans that are remembered: a person looks at one and confirms it."""


class Made(Protocol):
    """A plan that is kept. error: why it could not be made."""

    id: int
    error: VgwmError | None


P = TypeVar("P", bound=Made)


def _weightless(_plan: object) -> int:
    return 0


class Shelf(Generic[P]):
    """Keeps the newest plans of one kind. where: how errors name it.

    weight: of a plan; together they may weigh `most`, and the newest is kept in any case.
    """

    def __init__(
        self, where: str, *, weight: Callable[[P], int] = _weightless, most: int = 0
    ) -> None:
        self._where = where
        self._weight = weight
        self._most = most
        self._ids = count(1)
        self._plans: dict[int, P] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[P]:
        return iter(self._plans.values())

    async def close(self) -> None:
        """Break off what is being made."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def number(self) -> int:
        """Return the next plan's id."""
        return next(self._ids)

    async def make(
        self, plan: P, making: Callable[[P], Awaitable[None]], *, patience_s: float
    ) -> P:
        """Begin a plan, wait a moment for it, and return it: made, or still in the making."""
        self._plans[plan.id] = plan
        self._forget()
        task = asyncio.create_task(self._drive(plan, making), name=f"{self._where} {plan.id}")
        self._tasks[plan.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(plan.id, None))
        await asyncio.wait([task], timeout=patience_s)
        return plan

    def get(self, number: int) -> P:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        plan = self._plans.get(number)
        if plan is None:
            raise WrongState(
                what=f"plan {number} is forgotten", where=self._where, remedy="Ask for it again."
            )
        return plan

    def _forget(self) -> None:
        """Drop the oldest plans: there may be only so many, and they may weigh only so much."""
        while len(self._plans) > 1 and (
            len(self._plans) > KEPT or sum(map(self._weight, self._plans.values())) > self._most
        ):
            oldest = next(iter(self._plans))
            del self._plans[oldest]
            if oldest in self._tasks:
                self._tasks[oldest].cancel()

    async def _drive(self, plan: P, making: Callable[[P], Awaitable[None]]) -> None:
        try:
            await making(plan)
        except VgwmError as error:
            plan.error = error
        except Exception as error:  # the plan's own border: told to who asked, and logged
            log.exception("plan %d of %s stumbled", plan.id, self._where)
            plan.error = Broken(
                what=f"the plan stumbled: {type(error).__name__}",
                where=self._where,
                remedy="This is a fault of vgwm: report it with engine.log.",
            )
