"""Answers the looks from a ledger alone: beside a live engine, or where none runs."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from core.config.workspace import FILE_NAME, load
from core.control import snapshot
from core.control.assess.checks import Assessed, checks
from core.control.crossing.at_rest import TrafficAtRest
from core.control.crossing.desk import short
from core.control.crossing.strategies import told
from core.control.describe import knobs_of, with_plan, workspace_of
from core.control.failures.act_desk import ActDesk
from core.control.failures.listing import FailureList
from core.control.proof.desk import ProofDesk
from core.control.proof.keeping_desk import KeepingDesk
from core.control.proof.repair_desk import RepairDesk
from core.control.refused_acts import RefusedActs
from core.control.sync.desk import SyncDesk
from core.control.wire import bundles as wire_bundles
from core.control.wire import checks as wire_checks
from core.control.wire import failures as wire_failures
from core.control.wire import keeping as wire_keeping
from core.control.wire import metadata as wire_metadata
from core.control.wire import plan as wire_plan
from core.control.wire import state as wire
from core.control.wire import sync as wire_sync
from core.control.wire import verify as wire_verify
from core.display import safe
from core.engine.acts.plans import ActPlans
from core.engine.assessing.kept import kept_estimate, kept_survey
from core.engine.keeping.plans import KeepingPlans
from core.engine.repairing.plans import RepairPlans
from core.errors import Broken, ForeignPlan, NoPlan
from core.ledger.connection import LEDGER_NAME
from core.ledger.ledger import Ledger
from core.model import BundleState, JobKind, JobState
from core.preflight.rows import rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.config.schema import Workspace
    from core.control.crossing.balancer_watch import BalancerWatch
    from core.ledger.reading import LedgerReader

_LAST_EVENTS = 10
_LAST_JOBS = 20
_AT_WORK = frozenset({JobState.RUNNING, JobState.PAUSING, JobState.CANCELLING})


class LedgerLooks:
    """What a ledger can be asked, whoever writes it."""

    def __init__(
        self, path: Path, workspace: Workspace, ledger: LedgerReader, plans: ActPlans
    ) -> None:
        self._path = path
        self._workspace = workspace
        self._ledger = ledger
        self._failed = FailureList(ledger)
        self._acts = ActDesk(plans)
        self._proofs = ProofDesk(path, ledger)
        self._sync = SyncDesk(workspace, ledger)
        self._watch: BalancerWatch | None = None
        self._repairs = RepairDesk(RepairPlans(ledger, workspace.id, path))
        self._keepings = KeepingDesk(KeepingPlans(ledger, workspace))

    async def events(self, since: int, limit: int) -> wire.Events:
        """Return up to `limit` events after number `since`, oldest first."""
        rows = await self._ledger.events(since, limit)
        return wire.Events(
            events=[snapshot.event(row) for row in rows],
            last_seq=rows[-1].seq if rows else since,
        )

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        """Return a page of failures."""
        return await self._failed.page(query)

    async def failure_causes(self, disposition: str) -> wire_failures.FailureCauses:
        """Return failures by class and phase, of one disposition or of all."""
        return await self._failed.causes(disposition)

    async def failure_bundles(self, at: int, limit: int) -> wire_failures.FailureBundles:
        """Return bundles with failed objects, from the at-th on."""
        return await self._failed.bundles(at, limit)

    async def make_plan(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        """Begin a plan of an act on failures; nothing is done (I8)."""
        return await self._acts.make(request)

    async def act_plan(self, number: int) -> wire_failures.ActPlan:
        """Return a plan by its id."""
        return self._acts.get(number)

    async def plan(self) -> wire_plan.Plan:
        """Return the stored plan; raises NoPlan."""
        found = await self._stored_plan()
        if found is None:
            raise NoPlan(
                what="the workspace has no plan yet",
                where=safe(str(self._path)),
                remedy="Make it with: vgwm plan",
            )
        return told(found)

    async def make_repair(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        """Begin a plan of a repair; nothing is done (I8)."""
        return await self._repairs.make(request)

    async def repair(self, number: int) -> wire_metadata.RepairPlan:
        """Return such a plan by its id."""
        return self._repairs.get(number)

    async def make_keeping(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        """Begin a plan of an act on the whole object table; nothing is done (I8)."""
        return await self._keepings.make(request)

    async def keeping(self, number: int) -> wire_keeping.KeepingPlan:
        """Return such a plan by its id."""
        return self._keepings.get(number)

    async def end_plans(self) -> None:
        """Break off plans that are being made."""
        await self._keepings.close()
        await self._repairs.close()

    async def proof(self, job: int | None) -> wire_verify.Proof:
        """Return a proof by its job; the newest verification without."""
        return await self._proofs.proof(job)

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        """Return proofs of every kind, the newest first."""
        return await self._proofs.proofs(limit)

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        """Return rows of one of the five lists."""
        return await self._proofs.view(query)

    async def sync(self) -> wire_sync.Sync:
        """Return how the target keeps up with the source."""
        return await self._sync.sync()

    async def assessed(self, asked: frozenset[str] | None) -> wire_checks.Checks:
        """Return the assessment. asked: rows that a run asks now; None where no engine runs."""
        ledger = self._ledger
        known = Assessed(
            rows=rows(self._workspace),
            answers=await ledger.answers(),
            said=await ledger.said(),
            run=await ledger.newest_job(JobKind.ASSESS),
            asked=asked or frozenset(),
            survey=await kept_survey(ledger),
            foretold=await kept_estimate(ledger),
            live=asked is not None,
        )
        return checks(known, at_ns=time.time_ns())

    async def ground(self, *, pins_waiting: int | None = None) -> wire.Snapshot:
        """Return the state at the last commit, with an engine that is `down`.

        pins_waiting: where the engine knows it; else it is counted in the ledger.
        """
        # Before all that a job changes: one that has ended is shown with everything it came to.
        rows = await self._ledger.shown_jobs(_LAST_JOBS)
        plan = await self._stored_plan()
        # A finished plan knows it: thousands of bucket rows need not be read each second.
        buckets = plan.buckets if plan is not None else len(await self._ledger.buckets())
        counted = await self._ledger.counters()
        failed = await self._failed.sums()
        if pins_waiting is None:
            pins_waiting = len(await self._ledger.in_states(BundleState.COPIED))
        sums = snapshot.totals(counted, pins_waiting=pins_waiting, waived=failed.waived)
        events = await self._ledger.last_events(_LAST_EVENTS)
        knobs = await self._ledger.knobs()
        values = self._workspace.knobs.with_values({row.name: row.value for row in knobs})
        behind = await self._sync.behind()
        traffic = await short(self._workspace, self._ledger, self._watch)
        return wire.Snapshot(
            at_ns=time.time_ns(),
            workspace=with_plan(workspace_of(self._path, self._workspace), plan, buckets),
            engine=down(await self._ledger.last_epoch()),
            totals=sums,
            rate=wire.Rate(),
            eta=wire.Eta(unknown="no engine runs"),
            jobs=[snapshot.job(row, sums, planned=plan is not None) for row in rows],
            knobs=snapshot.knobs(knobs_of(values), knobs),
            events=[snapshot.event(row) for row in events],
            last_seq=events[-1].seq if events else 0,
            unrepresentable=dict(counted.classes),
            failed_by=failed.by_code,
            failed_phases=failed.by_phase,
            errors=failed.ever,
            sync_lag_s=behind.lag_s,
            sync_pending=behind.pending,
            slices=traffic.slices,
            risk=traffic.risk,
        )

    async def _stored_plan(self) -> wire_plan.Plan | None:
        raw = await self._ledger.plan()
        if raw is None:
            return None
        try:
            return msgspec.json.decode(raw, type=wire_plan.Plan)
        except msgspec.DecodeError as error:
            raise Broken(
                what=f"the stored plan does not read: {safe(str(error))}",
                where=safe(str(self._path / LEDGER_NAME)),
                remedy="Make the plan again with this release: vgwm plan",
            ) from error


class LedgerDesk(RefusedActs, TrafficAtRest):
    """A desk where no engine runs. ledger None: the workspace is new, and every count is 0."""

    def __init__(self, path: Path, workspace: Workspace, ledger: LedgerReader | None) -> None:
        RefusedActs.__init__(self, path)
        TrafficAtRest.__init__(self, path, workspace, ledger)
        self._workspace = workspace
        self._looks: LedgerLooks | None = None
        self._plans: ActPlans | None = None
        if ledger is not None:
            self._plans = ActPlans(ledger, workspace)
            self._looks = LedgerLooks(path, workspace, ledger, self._plans)

    async def snapshot(self) -> wire.Snapshot:
        """Return the state at the last commit."""
        if self._looks is not None:
            ground = await self._looks.ground()
            return msgspec.structs.replace(ground, jobs=[at_rest(job) for job in ground.jobs])
        return wire.Snapshot(
            at_ns=time.time_ns(),
            workspace=workspace_of(self._path, self._workspace),
            engine=down(0),
            totals=wire.Totals(),
            rate=wire.Rate(),
            eta=wire.Eta(unknown="no engine runs"),
            knobs=knobs_of(self._workspace.knobs),
        )

    async def events(self, since: int, limit: int) -> wire.Events:
        """Return events; none of a new workspace."""
        if self._looks is None:
            return wire.Events(events=[], last_seq=since)
        return await self._looks.events(since, limit)

    async def failures(self, query: wire_failures.FailureQuery) -> wire.Failures:
        """Return failures; none of a new workspace."""
        if self._looks is None:
            return wire.Failures(failures=[], at=0)
        return await self._looks.failures(query)

    async def failure_causes(self, disposition: str) -> wire_failures.FailureCauses:
        """Return failures by class; none of a new workspace."""
        if self._looks is None:
            return wire_failures.FailureCauses(causes=[])
        return await self._looks.failure_causes(disposition)

    async def failure_bundles(self, at: int, limit: int) -> wire_failures.FailureBundles:
        """Return bundles with failures; none of a new workspace."""
        if self._looks is None:
            return wire_failures.FailureBundles(bundles=[], total=0)
        return await self._looks.failure_bundles(at, limit)

    async def make_plan(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        """Begin a plan, which only an engine can carry out; NoPlan in a new workspace."""
        return await self._held().make_plan(request)

    async def act_plan(self, number: int) -> wire_failures.ActPlan:
        """Return a plan by its id."""
        return await self._held().act_plan(number)

    async def bundles(self, since: int, limit: int) -> wire_bundles.Bundles:
        """Return none: what an engine recorded one by one ends with it."""
        del limit
        return wire_bundles.Bundles(bundles=[], last_seq=since)

    async def plan(self) -> wire_plan.Plan:
        """Return the stored plan; raises NoPlan."""
        return await self._held().plan()

    async def checks(self) -> wire_checks.Checks:
        """Return the assessment as the ledger holds it; a new workspace was never asked."""
        if self._looks is None:
            return checks(Assessed(rows=rows(self._workspace)), at_ns=time.time_ns())
        return await self._looks.assessed(None)

    async def make_repair(self, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
        """Begin a plan of a repair; NoPlan in a new workspace."""
        return await self._held().make_repair(request)

    async def repair(self, number: int) -> wire_metadata.RepairPlan:
        """Return such a plan by its id."""
        return await self._held().repair(number)

    async def make_keeping(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        """Begin a plan of an act on the whole object table; NoPlan in a new workspace."""
        return await self._held().make_keeping(request)

    async def keeping(self, number: int) -> wire_keeping.KeepingPlan:
        """Return such a plan by its id."""
        return await self._held().keeping(number)

    async def proof(self, job: int | None) -> wire_verify.Proof:
        """Return a proof; NoPlan in a new workspace."""
        return await self._held().proof(job)

    async def proofs(self, limit: int) -> wire_verify.Proofs:
        """Return proofs; none of a new workspace."""
        return (
            wire_verify.Proofs(proofs=[])
            if self._looks is None
            else await self._looks.proofs(limit)
        )

    async def sync(self) -> wire_sync.Sync:
        """Return how the target keeps up; NoPlan in a new workspace."""
        return await self._held().sync()

    async def view(self, query: wire_verify.ViewQuery) -> wire_verify.View:
        """Return rows of a list; NoPlan in a new workspace."""
        return await self._held().view(query)

    async def close(self) -> None:
        """Break off plans that are being made."""
        await self.end_asking()
        if self._plans is not None:
            await self._plans.close()
        if self._looks is not None:
            await self._looks.end_plans()

    def _held(self) -> LedgerLooks:
        """Return what the ledger can be asked; NoPlan in a new workspace."""
        if self._looks is None:
            raise NoPlan(
                what="the workspace has no plan yet",
                where=safe(str(self._path)),
                remedy="Make it with: vgwm plan",
            )
        return self._looks


def at_rest(job: wire.Job) -> wire.Job:
    """Return a job as it is without an engine: what the ledger calls running does not run (I7)."""
    if job.state not in _AT_WORK:
        return job
    return msgspec.structs.replace(
        job, state=JobState.INTERRUPTED, reason="the next engine goes on with it"
    )


def down(epoch: int) -> wire.Engine:
    """Return the engine of a workspace where none runs."""
    return wire.Engine(pid=0, epoch=epoch, started_ns=0, version=version("vgwm"), state="down")


@asynccontextmanager
async def ledger_desk(path: Path) -> AsyncIterator[LedgerDesk]:
    """Open a workspace's ledger for looking, and close it. Never writes."""
    workspace = load(path / FILE_NAME)
    file = path / LEDGER_NAME
    ledger = await Ledger.read_only(file) if _exists(file) else None
    try:
        if ledger is not None:
            await _refuse_foreign(path, workspace, ledger)
        desk = LedgerDesk(path, workspace, ledger)
        try:
            yield desk
        finally:
            await desk.close()
    finally:
        if ledger is not None:
            await ledger.close()


async def _refuse_foreign(path: Path, workspace: Workspace, ledger: LedgerReader) -> None:
    kept = (await ledger.identity()).workspace
    if kept != workspace.id:
        raise ForeignPlan(
            what=f"the ledger is of workspace {kept}",
            where=safe(str(path)),
            remedy="Put its own vgwm.yaml back, or make a new workspace with vgwm init.",
        )


def _exists(file: Path) -> bool:
    return file.exists()
