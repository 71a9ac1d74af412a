"""Repairs as the API gives them: plans as wire types."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from core.control.refusal import error_body
from core.control.wire import metadata as wire_metadata
from core.dag import cid as cids
from core.dag.errors import BadCid
from core.display import safe
from core.errors import BadInput
from core.verify.repair_plan import LEFT, TEXTS

if TYPE_CHECKING:
    from collections import Counter

    from core.engine.repairing.plans import PlannedRepair, RepairPlans
    from core.verify.difference import Ill
    from core.verify.repair_plan import RepairPlan

PATIENCE_S: Final = 1.0
"""A plan that is made so soon is answered at once."""

MOST_PINS: Final = 10_000
_LONGEST: Final = 4_096


class RepairDesk:
    """Makes plans of repairs, and shows them."""

    def __init__(self, plans: RepairPlans) -> None:
        self._plans = plans

    async def make(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        """Begin a plan. Raises BadInput, WrongState: nothing was done."""
        if len(request.report) > _LONGEST:
            raise _bad("a path of more than 4,096 characters", "Name a shorter one.")
        if len(request.unpin) > MOST_PINS:
            raise _bad(f"{len(request.unpin):,} pins", f"Name at most {MOST_PINS:,} at a time.")
        for root in request.unpin:
            _require_cid(root)
        made = await self._plans.make(request.report, request.unpin, patience_s=PATIENCE_S)
        return shown(made)

    def get(self, number: int) -> wire_metadata.RepairPlan:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return shown(self._plans.get(number))

    async def close(self) -> None:
        """Break off what is being made."""
        await self._plans.close()


def shown(planned: PlannedRepair) -> wire_metadata.RepairPlan:
    """Return a plan as it is shown; its steps once it is made."""
    plan = planned.plan
    state = "failed" if planned.error is not None else "made" if planned.made else "making"
    if not planned.made:
        return wire_metadata.RepairPlan(
            id=planned.id,
            state=state,
            seen=plan.seen,
            report=safe(planned.report.name),
            error=None if planned.error is None else error_body(planned.error),
        )
    return wire_metadata.RepairPlan(
        id=planned.id,
        state=state,
        seen=plan.seen,
        hash=plan.hash,
        report=safe(planned.report.name),
        steps=tuple(
            wire_metadata.RepairStep(
                deed=step.deed,
                text=TEXTS[step.deed],
                kinds=_kinds(step.kinds),
                objects=step.lines,
                bundles=len(step.bundles),
            )
            for step in plan.steps
        ),
        left=tuple(
            wire_metadata.RepairLeft(kind=ill, count=n, remedy=LEFT[ill])
            for ill, n in sorted(plan.left.items())
        ),
        orphans=tuple(map(safe, plan.orphans)),
        command=_command(planned, plan),
        partial=planned.partial,
    )


def _command(planned: PlannedRepair, plan: RepairPlan) -> str:
    words = ["vgwm", "metadata", "repair", "--from", planned.report.name]
    for root in sorted(plan.unpin):
        words += ["--unpin", root]
    return shlex.join(words)


def _kinds(counted: Counter[Ill]) -> dict[str, int]:
    return {str(ill): n for ill, n in sorted(counted.items())}


def _require_cid(root: str) -> None:
    try:
        cids.parse(root)
    except BadCid as error:
        raise _bad(f"{safe(root[:200])} is no root", "Name it as the plan lists it.") from error


def _bad(what: str, remedy: str) -> BadInput:
    return BadInput(what=what, where="/v1/repairs", remedy=remedy)
