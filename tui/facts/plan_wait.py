"""A plan that the engine makes while it is asked for again and again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar

from core.errors import NoAnswer, VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.control.wire.state import ErrorBody

_ASK_AGAIN_S: Final = 0.25


class InWork(Protocol):
    """What the wire tells of a plan: it is made, failed, or still in the making."""

    @property
    def id(self) -> int:
        """Return what it is asked for by."""
        ...

    @property
    def state(self) -> str:
        """Return making, made or failed."""
        ...

    @property
    def error(self) -> ErrorBody | None:
        """Return why there is none."""
        ...


PlanT = TypeVar("PlanT", bound=InWork)


class Late(NamedTuple, Generic[PlanT]):
    """What is said of a plan that takes longer than limit_s. where: how far it is."""

    limit_s: float
    where: Callable[[PlanT], str]
    remedy: str


async def made(
    plan: PlanT,
    again: Callable[[int], Awaitable[PlanT]],
    late: Late[PlanT],
    told: Callable[[PlanT], None] = lambda _: None,
) -> PlanT:
    """Return a plan once it is made.

    again: asks for it by its id; an engine that is busy with it and does not answer is asked anew.
    told: hears each answer. Raises NoAnswer where it is late, and the plan's own error.
    """
    until_s = time.monotonic() + late.limit_s
    while plan.state == "making":
        if time.monotonic() > until_s:
            raise NoAnswer(
                what=f"the plan is not made after {late.limit_s:.0f} s",
                where=late.where(plan),
                remedy=late.remedy,
            )
        told(plan)
        await asyncio.sleep(_ASK_AGAIN_S)
        with contextlib.suppress(NoAnswer):
            plan = await again(plan.id)
    if plan.error is not None:
        raise VgwmError(what=plan.error.what, where=plan.error.where, remedy=plan.error.remedy)
    return plan
