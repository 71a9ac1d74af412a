"""A cutover and the way back without an engine: what the ledger says, and nobody else is asked.

Gates that ask the world are unknown then (I7); the way back asks whether green is alive, for a plan
of it may be wanted before an engine is started.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.control.crossing import cutover_told, rollback_told
from core.control.crossing.cluster_desk import ClusterDesk
from core.control.crossing.desk import Readings, kind_of, wish_of
from core.control.crossing.job import ROLLBACK
from core.control.crossing.risk_names import risk_names
from core.control.sync.desk import SyncDesk
from core.cutover.cutover_plan import ALL, Kind
from core.cutover.gate import unwatched
from core.cutover.machine import BACK, FENCED, standing
from core.cutover.readiness import reached
from core.cutover.risk import risk
from core.cutover.runbook import runbook
from core.cutover.states import State
from core.display import safe
from core.engine.cutting.gathering import Gathering
from core.engine.cutting.ledger_gates import LedgerGates
from core.engine.cutting.look import CutoverLook, OffLook, SliceLook
from core.engine.cutting.looking import RUNS, expected, run_of, why_of
from core.engine.cutting.plans import CutoverPlans, PlannedCutover
from core.engine.returning.looking import Lookout
from core.engine.slices import ids_of
from core.engine.syncing.lag import Forecast, forecast, proof_s
from core.engine.syncing.syncs import ROUNDS
from core.errors import EngineDown, NoPlan, WrongState
from core.model import JobKind

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.control.wire import cluster as wire_cluster
    from core.control.wire import cutover as wire_cutover
    from core.control.wire import rollback as wire_rollback
    from core.engine.cutting.world import World
    from core.ledger.reading import LedgerReader

_DOWN: Final = "no engine runs: vgwm engine start"


class TrafficAtRest:
    """Answers from a ledger; NoPlan in a workspace that has none yet."""

    def __init__(self, path: Path, workspace: Workspace, ledger: LedgerReader | None) -> None:
        self._folder = path
        self._named = workspace
        self._rows = ledger
        self._cluster = ClusterDesk(workspace)

    async def cutover(self, slice_: str) -> wire_cutover.Cutover:
        """Return a look at a slice. Raises BadInput for one that is none."""
        look = await self._look(slice_ or ALL)
        freeze = await SyncDesk(self._named, self._ledger()).freeze()
        return cutover_told.cutover(look, slice_ or ALL, _DOWN, freeze)

    async def rollback(self, query: wire_rollback.RollbackQuery) -> wire_rollback.Rollback:
        """Return the way back as it is now; an engine has to begin it."""
        lookout = await self._lookout()
        wish = wish_of(query)
        plan = await lookout.plan(wish)
        state = await lookout.state(wish.slice)
        return rollback_told.rollback(plan, state=state, gates=unwatched(state), job=None)

    async def names(self, query: wire_rollback.NamesQuery) -> wire_rollback.RiskNames:
        """Return what is at risk, by name."""
        return await risk_names(self._named, self._ledger(), query)

    async def make_cutover(self, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
        """Return a plan as far as the ledger knows it; `start` makes it again, by an engine."""
        if request.act == ROLLBACK:
            plan = await (await self._lookout()).plan(wish_of(request))
            return rollback_told.plan(plan, runbook(plan, self._named, self._folder))
        kind, slice_ = kind_of(request.act), request.slice or ALL
        plans, gathering = await self._parts()
        made = await plans.compose(kind, slice_)
        planned = PlannedCutover(id=0, kind=kind, slice=slice_, plan=made)
        if kind in {Kind.CUTOVER, Kind.REHEARSE}:
            planned.gates = tuple(await gathering.gates(made.buckets))
        planned.off = (_DOWN,)
        looks = self._ledger().cutovers
        took = await expected(looks, await looks.runs(RUNS), slice_)
        return cutover_told.plan(planned, took, time.time_ns())

    async def cutover_plan(self, number: int) -> wire_cutover.CutoverPlan:
        """Raise WrongState: without an engine each plan is answered at once."""
        raise WrongState(
            what=f"there is no plan {number}", where=safe(str(self._folder)), remedy="Make it anew."
        )

    async def cluster(self) -> wire_cluster.Cluster:
        """Return the target's peers as they were last heard."""
        return await self._cluster.cluster()

    async def end_asking(self) -> None:
        """End what asks the target while somebody looks."""
        await self._cluster.close()

    async def _look(self, slice_: str) -> CutoverLook:
        ledger = self._ledger()
        plans, gathering = await self._parts()
        slices = await plans.slices()
        plan = await plans.compose(Kind.CUTOVER, slice_)
        gates = await gathering.gates(plan.buckets)
        now_ns = time.time_ns()
        derived = reached(gates, now_ns)
        newest = {row.slice: row.state for row in await ledger.cutovers.newest()}
        flips = {
            row.slice: unwatched(State(newest[row.slice])) for row in await ledger.cutovers.flips()
        }
        runs = await ledger.cutovers.runs(RUNS)
        return CutoverLook(
            at_ns=now_ns,
            slices=tuple(
                [await self._slice(name, slices.shown(name), derived) for name in slices.names]
            ),
            gates=flips[slice_] if slice_ in flips else tuple(gates),
            plan=plan,
            off=OffLook(start=(_DOWN,), rehearse=(_DOWN,), abort=(_DOWN,), commit=(_DOWN,)),
            expected=await expected(ledger.cutovers, runs, slice_),
            runs=tuple([await run_of(ledger.cutovers, first, last) for first, last in runs]),
            risk=await risk(ledger, buckets=await ids_of(ledger, plan.buckets)) if flips else None,
        )

    async def _slice(self, name: str, buckets: tuple[str, ...], derived: State) -> SliceLook:
        ledger = self._ledger()
        row = next((one for one in await ledger.cutovers.newest() if one.slice == name), None)
        at = None if row is None else standing(await ledger.cutovers.of_run(row.run))
        if at is None:
            return SliceLook(name=name, buckets=buckets, state=derived)
        stands = at.state in FENCED | BACK | {State.GREEN_LIVE, State.COMMITTED}
        return SliceLook(
            name=name,
            buckets=buckets,
            state=at.state if stands else derived,
            run=at.run,
            entered_ns=at.entered_ns,
            flipped_ns=at.flipped_ns,
            why="" if row is None else why_of(row),
        )

    async def _parts(self) -> tuple[CutoverPlans, Gathering]:
        ledger, knobs = self._ledger(), await self._knobs()

        async def freeze() -> Forecast:
            verified = await ledger.newest_job(JobKind.VERIFY)
            rounds = await ledger.rounds.full_rounds(ROUNDS)
            return forecast(rounds, budget_s=knobs.freeze_budget, proof_s=proof_s(verified))

        gathering = Gathering(LedgerGates(self._named, ledger, freeze), _nobody, 0)
        plans = CutoverPlans(self._named, ledger, self._folder, lambda: knobs, gathering)
        return plans, gathering

    async def _lookout(self) -> Lookout:
        ledger = self._ledger()
        # the clients of gateways cost an import that few looks need
        outside = await asyncio.to_thread(import_module, "core.engine.returning.outside")
        green = outside.NamedGreen(self._named, await Readings(self._named).fleet())
        return Lookout(ledger, self._named, self._folder, green)

    async def _knobs(self) -> Knobs:
        kept = await self._ledger().knobs()
        return self._named.knobs.with_values({row.name: row.value for row in kept})

    def _ledger(self) -> LedgerReader:
        if self._rows is None:
            raise NoPlan(
                what="the workspace has no plan yet",
                where=safe(str(self._folder)),
                remedy="Make it with: vgwm plan",
            )
        return self._rows


def _nobody() -> World:
    raise EngineDown(
        what="no engine runs to ask the world",
        where="cutover",
        remedy="Start it with: vgwm engine start",
    )
