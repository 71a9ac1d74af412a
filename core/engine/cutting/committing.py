"""The end of a cutover: a report of it, and of what may be taken down; nothing is removed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.atomic import write_text
from core.cutover.cutover_plan import ALL, CutoverPlan
from core.cutover.machine import Step
from core.cutover.risk import risk
from core.cutover.states import State
from core.dag.canonical import dumps
from core.display import safe
from core.engine.cutting.timing import took_of
from core.engine.slices import ids_of
from core.errors import Refused

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.engine.cutting.book import Book
    from core.engine.premises import Premises
    from core.engine.reversing.reverses import Reverses


async def commit(premises: Premises, reverses: Reverses, book: Book, slice_: str) -> None:
    """Store that a slice stays at green, with its report. Repeatable until it is stored.

    Raises Refused while the reverse copy does not know what green took (I7).
    """
    at = await book.standing()
    if at.state is State.COMMITTED and Step.REPORT in at.done:
        return
    plan = CutoverPlan.parse(at.plan or b"")
    left = await risk(premises.ledger, buckets=await ids_of(premises.ledger, plan.buckets))
    if left.silent_since_ns and plan_copies(plan):
        raise Refused(
            what="nobody knows what green has taken: its feed is silent",
            where="cutover commit",
            remedy="See why: vgwm rollback status.",
        )
    if at.state is State.GREEN_LIVE:
        await book.done(State.GREEN_LIVE, Step.WATCH, {})
    await book.intent(State.COMMITTED, Step.REPORT, {})
    rows = await premises.ledger.cutovers.of_run(at.run)
    unneeded = may_be_taken_down(premises.workspace, plan)
    told = {
        "run": at.run,
        "slice": slice_,
        "plan": plan.digest,
        "flipped_ns": at.flipped_ns,
        "took_s": {state: round(took_s, 3) for state, took_s in took_of(rows).items()},
        "green_writes_carried": left.carried,
        "green_writes_left": left.writes + left.deletes,
        "uncarriable": left.uncarriable,
        "may_be_taken_down": unneeded,
        "removed": [],
    }
    path = premises.path / "reports" / f"cutover-{at.run}.json"
    await asyncio.to_thread(path.parent.mkdir, mode=0o700, exist_ok=True)
    await asyncio.to_thread(write_text, path, dumps(told) + "\n")
    await book.tell(f"may be taken down, nothing was removed: {'; '.join(unneeded)}")
    await reverses.keep(plan.buckets)
    await book.done(State.COMMITTED, Step.REPORT, {"report": path.name})


def may_be_taken_down(workspace: Workspace, plan: CutoverPlan) -> list[str]:
    """Return what nobody needs any more, a line each, safe to show.

    Of a named slice its buckets alone: blue's gateways may serve others. Load balancers stay.
    """
    source = safe(workspace.source.label)
    if plan.slice != ALL:
        return [f"bucket {safe(name)} of {source}" for name in plan.buckets]
    gateways = [one for one in workspace.gateways if one.side == "blue"]
    lines = [f"gateway {safe(one.name)} at {safe(one.address)}" for one in gateways]
    writer = workspace.cutover.private_writer
    lines += [] if writer is None else [f"private writer at {safe(str(writer.socket))}"]
    return [*lines, source]


def plan_copies(plan: CutoverPlan) -> bool:
    """Tell whether a plan has green's writes brought to blue."""
    return dict(plan.policies).get("reverse") != "off"
