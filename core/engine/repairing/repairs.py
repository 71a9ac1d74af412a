"""An engine's checks and repairs of the target, as jobs.

May import the ledger, the verify room and the errors; what does the work is loaded with a job.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from core.display import safe
from core.engine.plan_run import require_source
from core.engine.repairing.means import RepairMeans
from core.engine.repairing.plans import RepairPlans
from core.errors import BadInput, Broken
from core.model import JobKind
from core.verify.repair_plan import ConfirmedRepair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from core.engine.copying.errand import Errand
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.repairing.check_run import CheckRun
    from core.engine.repairing.repair_run import RepairRun
    from core.engine.syncing.ground import Ground


_WRITERS = frozenset(JobKind) - {JobKind.ASSESS, JobKind.CHECK, JobKind.VERIFY, JobKind.BACKUP}


class Repairs:
    """Offers checks and repairs. plans: of repairs, made beside everything else."""

    def __init__(self, means: RepairMeans) -> None:
        self._m = means
        self.plans = RepairPlans(means.ledger, means.workspace.id, means.path)

    async def close(self) -> None:
        """Break off plans that are being made."""
        await self.plans.close()

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a check or a repair does; None for another kind. Raises BadInput."""
        if kind is JobKind.CHECK:
            if args:
                raise BadInput(
                    what=f"a check takes no {safe(next(iter(args)))}",
                    where="check",
                    remedy="It compares all that there is.",
                )
            return self._check
        return self._repair if kind is JobKind.REPAIR else None

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how a repair's plan is confirmed. args: plan, a hash (I8)."""
        if kind is not JobKind.REPAIR:
            return None

        async def confirmed() -> bytes:
            return (await self.plans.confirmed(args.get("plan", ""))).stored()

        return confirmed

    async def _check(self, reins: Reins) -> None:
        module = await asyncio.to_thread(import_module, "core.engine.repairing.check_run")
        begin: type[CheckRun] = module.CheckRun
        await begin(self._m).run(reins)

    async def _repair(self, reins: Reins) -> None:
        stored = await self._m.ledger.job_plan(reins.id)
        if stored is None:
            raise Broken(
                what=f"job {reins.id} has no plan",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        module = await asyncio.to_thread(import_module, "core.engine.repairing.repair_run")
        begin: type[RepairRun] = module.RepairRun
        await begin(self._m, self.plans, ConfirmedRepair.parse(stored)).run(reins)


def repair_means(
    premises: Premises, carry: Callable[[Reins, Errand], Awaitable[None]]
) -> RepairMeans:
    """Return what an engine's checks and repairs work with. carry: brings bundles through."""

    def ground(reins: Reins) -> AbstractAsyncContextManager[Ground]:
        # clients and sinks that few engines need
        from core.engine.syncing.ground import opened  # noqa: PLC0415

        return opened(premises, reins)

    return RepairMeans(
        ledger=premises.ledger,
        workspace=premises.workspace,
        path=premises.path,
        knobs=lambda: premises.knobs,
        board=premises.board,
        forks=premises.forks,
        buckets=premises.buckets,
        died=premises.worker_died,
        carry=carry,
        ground=ground,
        require_source=lambda: require_source(premises),
        writes=lambda: any(reins.kind in _WRITERS for reins in premises.jobs.reins()),
    )
