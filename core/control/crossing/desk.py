"""What clients are told of a cutover and of the way back, and the plans of acts on them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from importlib import import_module
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.workspace import FILE_NAME
from core.control.crossing import cutover_told, rollback_told
from core.control.crossing.balancer_watch import BalancerWatch
from core.control.crossing.job import ROLLBACK
from core.control.crossing.plan_watch import PlanWatch
from core.control.crossing.risk_names import risk_names
from core.control.sync.desk import SyncDesk
from core.control.wire import cutover as wire_cutover
from core.control.wire import rollback as wire_rollback
from core.control.wire import state as wire
from core.cutover.cutover_plan import ALL, Kind
from core.cutover.gate import unwatched
from core.cutover.risk import risks
from core.cutover.rollback_plan import BackWish
from core.cutover.runbook import runbook
from core.cutover.states import NUMBERS, State
from core.cutover.way_back import FROM, not_back
from core.display import safe
from core.engine.cutting.looking import look
from core.engine.slices import Slices, ids_of
from core.errors import BadInput
from core.model import NS_PER_S, JobKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.fleet import Fleet
    from core.cutover.reading import Reading
    from core.engine.engine import Engine
    from core.ledger.reading import LedgerReader

PATIENCE_S: Final = 1.0
"""A plan that is made so soon is answered at once."""

GATE: Final = "gate:"
"""How the name of a gate begins where warnings are taken on, beside those of checks."""


class Short(NamedTuple):
    """What a snapshot tells: slices of which a cutover was begun; risk: None before a flip."""

    slices: list[wire.SliceShort]
    risk: wire.Risk | None


class Readings:
    """Asks a workspace's load balancers, made with the first question: that costs imports.

    file: vgwm.yaml, where an engine looks who was dropped since it began.
    """

    def __init__(self, workspace: Workspace, file: Path | None = None) -> None:
        self._workspace = workspace
        self._file = file
        self._fleet: Fleet | None = None

    async def read(self, buckets: Sequence[str]) -> Reading:
        """Return what each of them says now."""
        return await (await self.fleet()).read(buckets)

    async def fleet(self) -> Fleet:
        """Return all of them."""
        if self._fleet is None:
            module = await asyncio.to_thread(import_module, "core.cutover.balancers")
            make = partial(module.fleet, self._workspace, file=self._file)
            fleet: Fleet = await asyncio.to_thread(make)
            self._fleet = fleet
        return self._fleet


async def short(workspace: Workspace, ledger: LedgerReader, watch: BalancerWatch | None) -> Short:
    """Return where every slice stands that was begun. watch: None where nobody is asked."""
    rows = await ledger.cutovers.newest()
    flips = await ledger.cutovers.flips()
    known = await Slices.of(workspace, ledger) if rows else None
    shown = [() if known is None else known.shown(row.slice) for row in rows]
    apart = [await ids_of(ledger, one) for one in shown] if known and known.named else []
    now_ns = time.time_ns()
    whole, *mine = await risks(ledger, (None, *apart), now_ns) if flips else (None,)
    slices = []
    for row, buckets, at_risk in zip_longest(rows, shown, mine):
        asked = watch if buckets or row.slice == ALL else None
        told = asked.last(buckets) if asked is not None else ()
        slices.append(
            wire.SliceShort(
                name=safe(row.slice),
                state=row.state,
                number=NUMBERS[State(row.state)],
                since_ns=row.at_ns,
                writable=cutover_told.writable(told),
                across=cutover_told.across(told),
                risk=cutover_told.risk(at_risk if at_risk and at_risk.since_ns else None, now_ns),
            )
        )
    return Short(slices, cutover_told.risk(whole, now_ns))


class TrafficDesk:
    """Answers from a live engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sync = SyncDesk(engine.workspace, engine.ledger)
        self.watch = BalancerWatch(Readings(engine.workspace, engine.path / FILE_NAME).read)
        self.plans = PlanWatch(engine.rollbacks.plan)

    async def close(self) -> None:
        """End the asking."""
        await self.watch.close()
        await self.plans.close()

    async def cutover(self, slice_: str) -> wire_cutover.Cutover:
        """Return a look at a slice. Raises BadInput for one that is none."""
        name = slice_ or ALL
        slices = await self._engine.cutovers.plans.slices()
        told = await self.watch.heard(slices.buckets(name), most_s=await self._since_s())
        found = await look(self._engine, name, balancers=told)
        state = next((one.state for one in found.slices if one.name == name), State.PLANNED)
        off = "" if state in FROM else not_back(name, state)
        return cutover_told.cutover(found, name, off, await self._sync.freeze())

    async def rollback(self, query: wire_rollback.RollbackQuery) -> wire_rollback.Rollback:
        """Return the way back as it is now. Raises BadInput."""
        wish = wish_of(query)
        (await self._engine.cutovers.plans.slices()).buckets(wish.slice)  # a plan may take longer
        state = await self._state(wish.slice)
        plan = await self.plans.plan(wish)
        if plan is None:
            return rollback_told.unmade(wish, state)
        job = self._engine.jobs.running(JobKind.ROLLBACK)
        return rollback_told.rollback(
            plan,
            state=state,
            gates=self._engine.watch.gates(wish.slice) or unwatched(state),
            job=None if job is None else job.id,
        )

    async def names(self, query: wire_rollback.NamesQuery) -> wire_rollback.RiskNames:
        """Return what is at risk, by name. Raises BadInput."""
        return await risk_names(self._engine.workspace, self._engine.ledger, query)

    async def make(self, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
        """Begin a plan. Raises BadInput: nothing was done."""
        if request.act == ROLLBACK:
            engine = self._engine
            plan = await engine.rollbacks.plan(wish_of(request))
            return rollback_told.plan(plan, runbook(plan, engine.workspace, engine.path))
        kind = kind_of(request.act)
        plans = self._engine.cutovers.plans
        made = await plans.make(kind, request.slice or ALL, patience_s=PATIENCE_S)
        return await self._told(made.id)

    async def get(self, number: int) -> wire_cutover.CutoverPlan:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return await self._told(number)

    async def abort(self, request: wire.JobRequest) -> int:
        """Give writes back; return the job that does it, which may be the one at work."""
        slice_ = request.args.get("slice", "") or ALL
        plan = request.args.get("plan", "")
        return await self._engine.cutovers.abort(slice_, request.actor, plan=plan)

    async def _state(self, slice_: str) -> State:
        rows = await self._engine.ledger.cutovers.newest()
        row = next((one for one in rows if one.slice == slice_), None)
        return State.PLANNED if row is None else State(row.state)

    async def _since_s(self) -> float:
        """Return how long ago a run last did anything: what was heard before is of another time."""
        rows = await self._engine.ledger.cutovers.newest()
        newest_ns = max((row.at_ns for row in rows), default=0)
        return max(0.0, (time.time_ns() - newest_ns) / NS_PER_S)

    async def _told(self, number: int) -> wire_cutover.CutoverPlan:
        planned = self._engine.cutovers.plans.get(number)
        if planned.plan is None:
            return cutover_told.plan(planned, (), time.time_ns())
        found = await look(self._engine, planned.slice)
        return cutover_told.plan(planned, found.expected, time.time_ns(), found.off)


def wish_of(asked: wire_cutover.CutoverRequest | wire_rollback.RollbackQuery) -> BackWish:
    """Return which way back is meant. Raises BadInput."""
    args = {"slice": asked.slice, "way": asked.way, "origin": asked.origin, "to": asked.to}
    return BackWish.of(args)


def kind_of(act: str) -> Kind:
    """Return which plan is meant. Raises BadInput."""
    if act not in set(Kind):
        raise BadInput(
            what=f"there is no act {safe(act)}",
            where="/v1/cutovers",
            remedy=f"It is one of {', '.join([*Kind, ROLLBACK])}.",
        )
    return Kind(act)


def is_abort(request: wire.JobRequest) -> bool:
    """Tell whether a job's request is to give writes back."""
    return request.kind == JobKind.CUTOVER and request.args.get("act") == Kind.ABORT
