"""A plan as it is shown and written out: with the last assessment's gates and estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.control.wire import checks as wire_checks
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.display import duration

if TYPE_CHECKING:
    from core.control.client import Client


class Gates(wire.Wire, frozen=True, kw_only=True):
    """What the last assessment lets through. assessed: there was one.

    blocking: checks that refuse a copy. warnings: checks that warn, and nobody took that on.
    unknown: checks without an answer (I7). by_hand: items that wait for somebody's word.
    """

    assessed: bool
    blocking: list[str]
    warnings: list[str]
    unknown: list[str]
    by_hand: list[str]

    def line(self) -> str:
        """Return it in a few words."""
        if not self.assessed:
            return "never assessed, so nothing blocks: vgwm assess"
        if self.blocking:
            return f"blocked by {', '.join(self.blocking)}: vgwm assess --last"
        parts = [f"{len(self.warnings)} open warnings"] if self.warnings else []
        parts += [f"{len(self.unknown)} unknown"] if self.unknown else []
        parts += [f"{len(self.by_hand)} for somebody to answer"] if self.by_hand else []
        return f"open{': ' if parts else ''}{', '.join(parts)}"


class PlanShown(wire_plan.Plan, frozen=True, kw_only=True):
    """`vgwm plan show --json`, and what `plan --output` writes. Neither addition is hashed."""

    gates: Gates
    estimate: wire_checks.Estimate | None = None

    def more(self) -> list[str]:
        """Return the lines of the two."""
        return [f"estimate   {_range(self.estimate)}", f"gates      {self.gates.line()}"]


async def shown(client: Client) -> PlanShown:
    """Return the stored plan with what is known around it. Raises NoPlan."""
    plan, checks = await client.plan(), await client.checks()
    gates = Gates(
        assessed=checks.run is not None,
        blocking=checks.blocking,
        warnings=[one.id for one in checks.checks if one.state == "warn" and one.ack is None],
        unknown=[one.id for one in checks.checks if one.state == "unknown" and not one.manual],
        by_hand=[one.id for one in checks.checks if one.state == "unknown" and one.manual],
    )
    fields = {name: getattr(plan, name) for name in plan.__struct_fields__}
    return PlanShown(**fields, gates=gates, estimate=checks.estimate)


def _range(estimate: wire_checks.Estimate | None) -> str:
    if estimate is None or estimate.low_s is None or estimate.high_s is None:
        why = estimate.unknown if estimate is not None and estimate.unknown else "no trial was made"
        return f"unknown: {why} (vgwm assess --measure 60s)"
    slowest = max(estimate.terms, key=lambda term: term.high_s or 0.0, default=None)
    by = f", bound by {slowest.name}" if slowest is not None else ""
    return f"{duration(estimate.low_s)} .. {duration(estimate.high_s)}{by}"


def text(plan: PlanShown) -> str:
    """Return a plan as the file that is written."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n"
