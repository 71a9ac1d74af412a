"""What an engine can do beside plan and copy: each part offers the jobs of its kinds.

A part is made once an engine, and holds no task: jobs are begun and ended by `core.engine.jobs`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.jobs import Run
    from core.model import JobKind

PlanOf = Callable[[], Awaitable[bytes]]
"""Returns what a job is confirmed to do, to be stored with it, or raises why it may not (I8)."""


class Offer(Protocol):
    """A part of the engine that runs jobs of some kinds."""

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is none of mine. Raises BadInput."""
        ...

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how such a job's plan is confirmed; None where it needs none."""
        ...


def run_of(offers: Sequence[Offer], kind: JobKind, args: Mapping[str, str]) -> Run:
    """Return what a job does. Raises BadInput for a kind that no part offers."""
    for offer in offers:
        run = offer.run_of(kind, args)
        if run is not None:
            return run
    raise BadInput(
        what=f"no job of kind {kind} can be begun",
        where="jobs",
        remedy="vgwm --help lists what there is.",
    )


def plan_of(offers: Sequence[Offer], kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
    """Return how a job's plan is confirmed; None where it needs none."""
    return next((plan for offer in offers if (plan := offer.plan_of(kind, args))), None)
