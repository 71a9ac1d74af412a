"""What an operator wants mended of what was found, and the sheet of the engine's plan for it.

The engine plans it and carries the plan out by its hash (I8); the screen shows what was planned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from tui.ui import Sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.control.wire.metadata import RepairPlan, RepairStep
    from tui.acts.effects import Effect


def repair_sheet(
    plan: RepairPlan, act: Effect, workspace: str, was: RepairPlan | None = None
) -> Sheet:
    """Return what a repair would do, as the engine planned it; the workspace's name confirms it.

    was: the plan that was shown before and is no longer true.
    """
    before = (
        () if was is None else (f"it is another plan now: {was.hash} was it; nothing was done",)
    )
    return Sheet(
        title=f"repair: {differences(plan)} of {plan.report}",
        command=f"{plan.command} --confirm {plan.hash}",
        effects=(
            *before,
            *(_step(number, step) for number, step in enumerate(plan.steps, 1)),
            *left_alone(plan),
            f"plan {plan.hash}: exactly these; each is looked at again before it is written",
        ),
        act=act,
        word=workspace,
    )


def differences(plan: RepairPlan) -> str:
    """Return how many differences a plan ends: `1 difference`, `100 differences`."""
    n = sum(sum(step.kinds.values()) for step in plan.steps)
    return f"{display.count(n)} difference{'' if n == 1 else 's'}"


def left_alone(plan: RepairPlan) -> tuple[str, ...]:
    """Return what a repair leaves alone, in one line; none if that is nothing."""
    if not plan.left:
        return ()
    return (f"left alone: {_counted({one.kind: one.count for one in plan.left})}",)


def nothing_to_mend(plan: RepairPlan) -> str:
    """Say why a plan has no step."""
    if not plan.left:
        part = ", which ended early" if plan.partial else ""
        return f"nothing to mend in {plan.report}{part}"
    most = max(plan.left, key=lambda one: one.count)
    return f"no repair ends these: {display.count(most.count)} {most.kind}. {most.remedy}"


def _step(number: int, step: RepairStep) -> str:
    bundles = f" in {display.counted(step.bundles, 'bundle')}" if step.bundles else ""
    return f"{number} {step.text}: {_counted(step.kinds)}{bundles}"


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{display.count(n)} {kind}" for kind, n in kinds.items())
