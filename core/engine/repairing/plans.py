"""Plans of repairs: made of a report's lists, shown, and held against them once more (I8).

The last few are remembered by their hash, which is what a job must carry. The world may move after
a report: so every step looks again before it writes. May import the ledger and the verify room.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.engine.shelf import Shelf
from core.errors import BadInput, Refused, WrongState
from core.ledger import proofs
from core.verify.repair_plan import ConfirmedRepair, RepairPlan
from core.verify.report_reading import differences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.errors import VgwmError
    from core.ledger.proofs import ProofRow
    from core.ledger.reading import LedgerReader

CHECK: Final = "check"
"""What a check's proof is called in the ledger."""

_NAME: Final = re.compile(r"(?:verify|check)-([1-9][0-9]{0,17})")


@dataclass(slots=True, kw_only=True)
class PlannedRepair:
    """What a repair would do. made: its hash stands; error: why it could not be made.

    partial: its report ended early.
    """

    id: int
    report: Path
    partial: bool
    plan: RepairPlan
    made: bool = False
    error: VgwmError | None = None


class RepairPlans:
    """Makes plans over the reports of one workspace."""

    def __init__(self, ledger: LedgerReader, workspace_id: str, path: Path) -> None:
        self._ledger = ledger
        self._workspace_id = workspace_id
        self._path = path
        self._shelf = Shelf[PlannedRepair]("repairs")

    async def close(self) -> None:
        """Break off what is being made."""
        await self._shelf.close()

    async def make(self, report: str, unpin: Sequence[str], *, patience_s: float) -> PlannedRepair:
        """Begin a plan, wait a moment for it, and return it: made, or still in the making.

        report: a folder of this workspace's, or its name; "" for the newest check. Raises BadInput
        for another folder, WrongState where nothing was checked yet or the newest ended early.
        """
        proof = await self._proof(report)
        planned = PlannedRepair(
            id=self._shelf.number(),
            report=self._path / proof.folder,
            partial=proof.state != proofs.DONE,
            plan=RepairPlan(self._workspace_id, unpin),
        )
        return await self._shelf.make(planned, self._make, patience_s=patience_s)

    def get(self, number: int) -> PlannedRepair:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return self._shelf.get(number)

    async def confirmed(self, confirmed: str) -> ConfirmedRepair:
        """Return what the plan with this hash is to do, if its report still says the same (I8)."""
        made = [one for one in self._shelf if one.made and one.plan.hash == confirmed]
        if not confirmed or not made:
            raise Refused(
                what=f"there is no plan {safe(confirmed)} of a repair; nothing was done",
                where="confirmation",
                remedy="Look at the plan again, and confirm that one.",
            )
        planned = made[-1]
        if not planned.plan.steps:
            raise BadInput(
                what="the plan has no step", where="repair", remedy="There is nothing to mend."
            )
        wish = ConfirmedRepair(
            report=planned.report.name,
            digest=planned.plan.digest,
            unpin=tuple(sorted(planned.plan.unpin)),
        )
        await self.of(wish)
        return wish

    async def of(self, wish: ConfirmedRepair) -> RepairPlan:
        """Return the plan that was confirmed, made anew. Raises Refused if its report has moved."""
        plan = RepairPlan(self._workspace_id, wish.unpin)
        await asyncio.to_thread(_read, self._path / "reports" / wish.report, plan)
        if plan.digest != wish.digest:
            raise Refused(
                what=f"report {safe(wish.report)} says something else than it did; nothing was"
                " done",
                where="repair",
                remedy="Check again (vgwm metadata check), look at the plan, and confirm that one.",
            )
        return plan

    async def _make(self, planned: PlannedRepair) -> None:
        await asyncio.to_thread(_read, planned.report, planned.plan)
        planned.made = True

    async def _proof(self, report: str) -> ProofRow:
        """Return the report that is meant: one that this workspace's ledger knows."""
        if not report:
            newest = await self._ledger.proofs(1, CHECK, ended=True)
            if not newest:
                raise WrongState(
                    what="nothing was checked yet",
                    where=safe(os.fsencode(self._path)),
                    remedy="Check first: vgwm metadata check; or name a report with --from.",
                )
            if newest[0].state != proofs.DONE:
                # its lists may be empty because nobody looked (I7)
                raise WrongState(
                    what=f"the newest check, job {newest[0].job}, ended early: it says nothing of"
                    " what it did not look at",
                    where=safe(os.fsencode(self._path / newest[0].folder)),
                    remedy="Check again: vgwm metadata check. What it found can be mended with"
                    f" --from check-{newest[0].job}.",
                )
            return newest[0]
        number = _number(report)
        proof = await self._ledger.proof(number) if number else None
        if proof is None or not _same(self._path / proof.folder, self._path, report):
            raise BadInput(
                what=f"{safe(report)} is no report of this workspace",
                where="repair",
                remedy="Name a folder that a check or a verification made, such as"
                " reports/verify-12.",
            )
        return proof


def _number(report: str) -> int:
    """Return the job that made a report, by the name of its folder; 0 for another name."""
    match = _NAME.fullmatch(PurePath(report).name)
    return int(match[1]) if match else 0


def _same(folder: Path, path: Path, report: str) -> bool:
    """Tell whether a text names a folder: absolute, or below the workspace or its reports."""
    named = {os.path.normpath(base / report) for base in (path, path / "reports")}
    return os.path.normpath(folder) in named


def _read(folder: Path, plan: RepairPlan) -> None:
    for one in differences(folder):
        plan.take(one)
    plan.finish()
    if plan.strange:
        raise BadInput(
            what=f"{safe(min(plan.strange))} is no orphan pin of report {safe(folder.name)}",
            where="repair",
            remedy="Name pins as the plan lists them, or check again: vgwm metadata check.",
        )
