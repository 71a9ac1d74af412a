"""What the Verify screen asks of the engine: rows of a list by their place, and repairs by plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.wire.metadata import RepairPlan, RepairRequest
from tui.facts.plan_wait import Late, made
from tui.facts.window import Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.control.client import Client
    from core.control.wire.verify import ViewRow
    from tui.acts.effects import Repair
    from tui.facts.proven import ProofList, ProofWindow
    from tui.facts.window import Reach

REPAIR = "repair"
_MOST_ROWS = 500
_PLAN_S = 600.0


class ProofBook:
    """The lists of a workspace's proofs, however long. Every call raises a VgwmError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def leaf(
        self, listing: ProofList, reach: Reach, near: ProofWindow | None = None
    ) -> Leaf[ViewRow]:
        """Return those rows of a list that there are within a reach, wherever in it that is."""
        del near
        view = await self._client.view(
            listing.name,
            at=reach.begins,
            limit=min(_MOST_ROWS, reach.ends - reach.begins),
            kind=listing.kind,
            bucket=listing.bucket,
            job=listing.job,
        )
        return Leaf(tuple(view.rows), view.total, listing.ended_ns)

    async def plan(
        self, repair: Repair, actor: str, told: Callable[[int], None] = lambda _: None
    ) -> RepairPlan:
        """Return what a repair would do, once the whole report is read.

        told: hears how many differences were read, while that takes long.
        """
        request = RepairRequest(actor=actor, report=repair.report, unpin=repair.unpin)
        plan = await self._client.make_repair(request)
        late = Late[RepairPlan](
            _PLAN_S,
            lambda plan: f"{plan.seen} differences of {repair.report} read",
            f"In a shell: vgwm metadata repair --from {repair.report}",
        )
        return await made(plan, self._client.repair, late, lambda plan: told(plan.seen))

    async def carry_out(self, plan: RepairPlan, actor: str) -> int:
        """Begin the job that does exactly what was planned, and return its id.

        Raises Refused if the report says something else by now (I8).
        """
        return await self._client.start_job(REPAIR, {"plan": plan.hash}, actor=actor)
