"""What is done about failures: a retry, a skip, and the undoing of a skip.

Each is planned, shown, and done as it was shown; the plan is stored with its job.
May import every room below the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.acts.plans import ActPlans
from core.engine.acts.requeueing import Requeueing
from core.engine.acts.skipping import Skipping
from core.engine.acts.wish import Deed, Wish
from core.engine.holding import Hold
from core.engine.reins import JobCancelled
from core.errors import Broken, VgwmError
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger

    # Carries a retry's bundles to the target.
    Carry = Callable[[Reins, Requeueing], Awaitable[None]]

DEEDS = frozenset({JobKind.RETRY, JobKind.SKIP, JobKind.UNSKIP})


class Acts:
    """An engine's acts on failures. carry: brings a retry's bundles through."""

    def __init__(
        self, ledger: Ledger, workspace: Workspace, knobs: Callable[[], Knobs], carry: Carry
    ) -> None:
        self.plans = ActPlans(ledger, workspace)
        self._ledger = ledger
        self._knobs = knobs
        self._carry = carry

    async def close(self) -> None:
        """Break off plans that are being made."""
        await self.plans.close()

    def run_of(
        self,
        kind: JobKind,
        args: Mapping[str, str],  # noqa: ARG002 - an act's wish is in its plan
    ) -> Run | None:
        """Return what a job of this kind does; None if it is no act on failures."""
        if kind not in DEEDS:
            return None
        return self._retry if kind is JobKind.RETRY else self._skip

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how an act's plan is confirmed, to be stored with its job. args: plan, a hash.

        Raises Refused when it is called, if the plan is not as it was shown (I8).
        """
        if kind not in DEEDS:
            return None

        async def confirmed() -> bytes:
            return (await self.plans.confirmed(Deed(kind), args.get("plan", ""))).stored()

        return confirmed

    async def _retry(self, reins: Reins) -> None:
        wish, actor = await self._confirmed(reins)
        retry = Requeueing(self._ledger, wish, self._knobs(), job=reins.id, actor=actor)
        try:
            await self._carry(reins, retry)
        except (JobCancelled, VgwmError, ExceptionGroup):
            await retry.tell()
            raise
        await retry.tell()

    async def _skip(self, reins: Reins) -> None:
        wish, actor = await self._confirmed(reins)
        skipping = Skipping(self._ledger, wish, job=reins.id, actor=actor)
        await skipping.run(reins, Hold(self._ledger, reins))

    async def _confirmed(self, reins: Reins) -> tuple[Wish, str]:
        """Return what the job was confirmed to do, and by whom."""
        row, stored = await self._ledger.job(reins.id), await self._ledger.job_plan(reins.id)
        if row is None or stored is None:
            raise Broken(
                what=f"job {reins.id} has no plan",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        return Wish.parse(stored), row.actor
