"""An engine's jobs on the whole object table: backup, restore, rebuild, and old tables dropped.

May import the ledger and the errors; what the jobs work with is loaded when one begins.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from core.engine.keeping.means import KeepMeans
from core.engine.keeping.plans import KeepingPlans
from core.engine.keeping.progress import KeepProgress
from core.engine.keeping.wish import Act, Confirmed
from core.errors import BadInput, Broken
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config.schema import Workspace
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger


class Keepings:
    """Offers the jobs of its kinds."""

    def __init__(self, ledger: Ledger, workspace: Workspace, folder: Path) -> None:
        self._means = KeepMeans(ledger=ledger, workspace=workspace, folder=folder)
        self.plans = KeepingPlans(ledger, workspace)

    async def close(self) -> None:
        """Break off plans that are being made."""
        await self.plans.close()

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is none of these. Raises BadInput."""
        if kind is JobKind.BACKUP:
            return self._backup(args)
        return self._change if kind in {JobKind.RESTORE, JobKind.REBUILD} else None

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how a restore or rebuild is confirmed, to be stored with its job. args: plan."""
        if kind not in {JobKind.RESTORE, JobKind.REBUILD}:
            return None

        async def confirmed() -> bytes:
            return (await self.plans.confirmed(kind, args.get("plan", ""))).stored()

        return confirmed

    def _backup(self, args: Mapping[str, str]) -> Run:
        output = Path(args.get("output", ""))
        if not output.is_absolute() or not output.name:
            raise BadInput(
                what="a backup needs a file's whole path",
                where="metadata backup",
                remedy="Name a file.",
            )
        force = args.get("force", "") == "1"

        async def run(reins: Reins) -> None:
            module = await asyncio.to_thread(import_module, "core.engine.keeping.backup_run")
            await module.BackupRun(self._means, output, force=force).run(reins)

        return run

    async def _change(self, reins: Reins) -> None:
        ledger = self._means.ledger
        row, stored = await ledger.job(reins.id), await ledger.job_plan(reins.id)
        if row is None or stored is None:
            raise Broken(
                what=f"job {reins.id} has no plan",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        confirmed = Confirmed.parse(stored)
        progress = KeepProgress.parse(row.progress)
        dropping = confirmed.wish.act is Act.DROP
        name = f"core.engine.keeping.{'drop_run' if dropping else 'swap_run'}"
        module = await asyncio.to_thread(import_module, name)
        run = module.DropRun if dropping else module.SwapRun
        await run(self._means, confirmed, progress).run(reins)
