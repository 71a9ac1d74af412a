"""A plan of an act on failures: asked for, shown in lines, confirmed by its hash (I8)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core import display
from core.cli.output import note
from core.control.refusal import raised
from core.errors import Refused

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import failures as wire_failures

EVERY_S = 0.2
_SAID_S = 2.0
"""How often a plan that takes long says how far it is."""


async def made(
    client: Client, call: Call, request: wire_failures.PlanRequest
) -> wire_failures.ActPlan:
    """Return a plan once it is made. Raises what kept it from being made."""
    plan = await client.make_plan(request)
    waited_s = 0.0
    while plan.state == "making":
        await asyncio.sleep(EVERY_S)
        waited_s += EVERY_S
        plan = await client.act_plan(plan.id)
        if waited_s >= _SAID_S:
            waited_s = 0.0
            note(call, f"{display.count(plan.seen)} objects looked at")
    if plan.error is not None:
        raise raised(plan.error)
    return plan


def lines(plan: wire_failures.ActPlan) -> list[str]:
    """Return a plan as plain lines."""
    verb = {"retry": "try again", "skip": "skip", "unskip": "take back the skip of"}[plan.act]
    far = f"{display.count(plan.objects)} objects, {display.size(plan.size_bytes)}"
    told = [f"plan {plan.hash}: {verb} {far}"]
    told += [f"  {_share(one)}" for one in plan.by_class]
    if plan.reason:
        told.append(f"  reason: {plan.reason}")
    if plan.max_attempts:
        told.append(f"  each gets up to {plan.max_attempts} tries")
    told += [f"  left alone, its bytes contradict nothing: {_share(one)}" for one in plan.spared]
    return told


def require_same(plan: wire_failures.ActPlan, confirmed: str) -> None:
    """Raise Refused, with what the plan is now, unless it is the one that was confirmed."""
    if plan.hash == confirmed:
        return
    now = "; ".join(line.strip() for line in lines(plan))
    raise Refused(
        what=f"--confirm {display.safe(confirmed)} is not the plan as it is now: {now};"
        " nothing was done",
        where=f"vgwm {plan.act}",
        remedy="Look at the plan again, and confirm that one.",
    )


def _share(one: wire_failures.ActShare) -> str:
    return (
        f"{one.code:<20} {display.count(one.objects):>11}  {display.size(one.size_bytes)}"
        f"  failed in {one.phase}"
    )
