"""Plans of cutovers: composed of what is configured, shown, and held against the world again (I8).

A plan's hash says all that it does: who confirms it confirms that, also after a restart. What moves
is held by gates and limits. May import the cutover's room.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from core.cutover.cutover_plan import ALL, CutoverPlan, Kind, Strategy, means_of, word_of
from core.cutover.limits import limits
from core.cutover.readiness import against
from core.cutover.steps import steps_of
from core.dag.canonical import dumps
from core.display import safe
from core.engine.planning.planfile import strategy_of
from core.engine.shelf import Shelf
from core.engine.slices import Slices
from core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.cutover.gate import Gate
    from core.engine.cutting.gathering import Gathering
    from core.errors import VgwmError
    from core.ledger.reading import LedgerReader


@dataclass(slots=True, kw_only=True)
class PlannedCutover:
    """What would be done. plan: None until it is made. off: why it could not be begun now."""

    id: int
    kind: Kind
    slice: str
    plan: CutoverPlan | None = None
    gates: tuple[Gate, ...] = ()
    off: tuple[str, ...] = ()
    error: VgwmError | None = None


class CutoverPlans:
    """Makes plans of one workspace. path: its folder, whose name is the word for all of it."""

    def __init__(
        self,
        workspace: Workspace,
        ledger: LedgerReader,
        path: Path,
        knobs: Callable[[], Knobs],
        gathering: Gathering,
    ) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._path = path
        self._knobs = knobs
        self._gathering = gathering
        self._shelf = Shelf[PlannedCutover]("cutovers")
        self._confirming = asyncio.Lock()

    async def close(self) -> None:
        """Break off plans that are being made."""
        await self._shelf.close()

    async def make(self, kind: Kind, slice_: str, *, patience_s: float) -> PlannedCutover:
        """Begin a plan, wait a moment for it, and return it: made, or still in the making.

        The world is asked anew. Raises BadInput for a slice that is none.
        """
        (await self.slices()).buckets(slice_)
        planned = PlannedCutover(id=self._shelf.number(), kind=kind, slice=slice_)
        return await self._shelf.make(planned, self._make, patience_s=patience_s)

    def get(self, number: int) -> PlannedCutover:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return self._shelf.get(number)

    async def compose(self, kind: Kind, slice_: str) -> CutoverPlan:
        """Return the plan as it is now; nobody outside is asked.

        Raises BadInput for a slice that is none.
        """
        workspace, counted = self._workspace, await self._ledger.counters()
        classes = dumps([name for name, n in counted.classes if n])
        policy, strategy = workspace.cutover, await self._strategy()
        bare = kind is Kind.ABORT  # under a fence nothing that moves may hold it up
        return CutoverPlan(
            workspace=workspace.id,
            kind=kind,
            slice=slice_,
            buckets=(await self.slices()).buckets(slice_),
            strategy=strategy,
            steps=tuple(f"{step.state}: {step.text}" for step in steps_of(kind, strategy)),
            means=means_of(workspace),
            policies=(
                ("reverse", policy.reverse),
                ("auto_rollback", policy.auto_rollback),
                ("final", policy.final),
                ("max_bound", policy.max_bound),
            ),
            limits=limits(self._knobs().freeze_budget, copies=strategy is Strategy.BIG_BANG),
            acked=() if bare else tuple(sorted(await self._gathering.acked())),
            uncarriable="" if bare else sha256(classes.encode()).hexdigest(),
            word=word_of(self._path.name, slice_),
        )

    async def confirmed(self, kind: Kind, slice_: str, confirmed: str) -> CutoverPlan:
        """Return the plan with this hash, if it is what would be done now and its gates are open.

        Raises Refused, with the difference or with the gates that are shut: nothing was done.
        """
        async with self._confirming:
            now = await self.compose(kind, slice_)
            if not confirmed or now.hash != confirmed:
                raise Refused(
                    what=f"{self._difference(confirmed, now)}; nothing was done",
                    where="confirmation",
                    remedy=f"Look at it again, and confirm that one: {shown_by(kind, slice_)}.",
                )
            await self.require(now)
            return now

    async def require(self, plan: CutoverPlan) -> None:
        """Raise Refused with every gate that forbids this plan; those too old are asked anew."""
        if plan.kind not in {Kind.CUTOVER, Kind.REHEARSE}:
            return
        gates = await self._gathering.gates(plan.buckets, measure=True)
        reasons = against(gates, plan.kind, time.time_ns(), plan.strategy)
        if reasons:
            raise Refused(
                what=f"{'; '.join(reasons)}; nothing was done",
                where="gates",
                remedy="Look at them: vgwm cutover status.",
            )

    async def slices(self) -> Slices:
        """Return the slices of now, and which buckets each has."""
        return await Slices.of(self._workspace, self._ledger)

    async def _strategy(self) -> Strategy:
        """Return the strategy that the migration's plan names; slices roll."""
        if strategy_of(await self._ledger.plan()) == Strategy.BIG_BANG:
            return Strategy.BIG_BANG
        return Strategy.ROLLING if (await self.slices()).named else Strategy.BLUE_GREEN

    def _difference(self, confirmed: str, now: CutoverPlan) -> str:
        shown = next(
            (
                one.plan
                for one in self._shelf
                if one.plan is not None and one.plan.hash == confirmed
            ),
            None,
        )
        if shown is None:
            return f"there is no plan {safe(confirmed)} of a {now.kind} of {now.slice}"
        return f"the world has moved since plan {confirmed}: {shown.difference(now)}"

    async def _make(self, planned: PlannedCutover) -> None:
        plan = await self.compose(planned.kind, planned.slice)
        if planned.kind in {Kind.CUTOVER, Kind.REHEARSE}:
            planned.gates = tuple(await self._gathering.gates(plan.buckets, anew=True))
            why = (await self.slices()).hindered(planned.slice)
            shut = against(planned.gates, planned.kind, time.time_ns(), plan.strategy)
            planned.off = (*([why] if why else []), *shut)
        planned.plan = plan


def shown_by(kind: Kind, slice_: str) -> str:
    """Return the command that shows, and confirmed does, a plan of this kind."""
    act = "start" if kind is Kind.CUTOVER else kind.value
    words = ["vgwm", "cutover", act] + ([] if slice_ == ALL else ["--slice", slice_])
    return safe(shlex.join(words))
