"""Answers the API from a live engine."""

from __future__ import annotations

import asyncio
import os
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec
import psutil

from core.control.bundle_book import BundleBook
from core.control.crossing.cluster_desk import ClusterDesk
from core.control.crossing.desk import GATE, TrafficDesk, is_abort
from core.control.keeper import kept_by
from core.control.lease import Lease
from core.control.ledger_desk import LedgerLooks
from core.control.orders import Orders
from core.control.proof.keeping_desk import KeepingDesk
from core.control.proof.repair_desk import RepairDesk
from core.control.wire import bundles as wire_bundles
from core.control.wire import checks as wire_checks
from core.control.wire import state as wire
from core.display import safe
from core.engine.pace.progress import Remaining
from core.engine.pace.progress_hours import by_the_clock
from core.errors import BadInput
from core.ledger.rows import EventDraft
from core.model import JobKind

if TYPE_CHECKING:
    from core.control.desk import Verb
    from core.control.keeper import Kept
    from core.control.wire import cluster as wire_cluster
    from core.control.wire import cutover as wire_cutover
    from core.control.wire import rollback as wire_rollback
    from core.engine.engine import Engine
    from core.engine.observing import WorkerView
    from core.ledger.rows import RequestMark
    from core.target.chooser import NodeStatus


class EngineDesk(LedgerLooks):
    """A desk over an engine of this process. ending: set when somebody asked it to stop."""

    def __init__(self, engine: Engine, kept: Kept | None = None) -> None:
        super().__init__(engine.path, engine.workspace, engine.ledger, engine.acts.plans)
        self._engine = engine
        self._keepings = KeepingDesk(engine.keepings.plans)
        self._repairs = RepairDesk(engine.repairs.plans)
        self._kept = kept
        self._process = psutil.Process()
        self._book = BundleBook()
        engine.bundle_done = self._book.note
        self._cluster = ClusterDesk(engine.workspace)
        self._traffic = TrafficDesk(engine)
        self._watch = self._traffic.watch
        self._lease = Lease()
        self._orders = Orders(engine.ledger, self._lease)
        self.ending = asyncio.Event()

    async def snapshot(self) -> wire.Snapshot:
        """Return the last commit, and what the engine sees beside it."""
        engine = self._engine
        ground = await self.ground(pins_waiting=engine.looks.pins_waiting())
        return msgspec.structs.replace(
            ground,
            at_ns=time.time_ns(),
            jobs=[self._with_wait(job) for job in ground.jobs],
            engine=wire.Engine(
                pid=os.getpid(),
                epoch=engine.epoch,
                started_ns=engine.started_ns,
                version=version("vgwm"),
                rss_bytes=self._process.memory_info().rss,
                state="stopping" if self.ending.is_set() else "ok",
                kept_by=kept_by(self._kept),
                restarts=0 if self._kept is None else self._kept.restarts,
            ),
            lease=self._lease.now(),
            rate=self._rate(),
            eta=self._eta(ground),
            limit=safe(engine.looks.limit()),
            workers=[_worker(view) for view in engine.looks.workers()],
            nodes=[_node(status) for status in engine.looks.nodes()],
            histograms=self._book.histograms(),
            read_bytes=self._book.read_bytes,
        )

    def _with_wait(self, job: wire.Job) -> wire.Job:
        """Return a job with why it waits by itself, where nothing else is said of it."""
        waits = self._engine.jobs.waits(job.id)
        if job.reason or not waits:
            return job
        return msgspec.structs.replace(job, reason=safe(waits))

    async def cutover(self, slice_: str) -> wire_cutover.Cutover:
        """Return where every slice stands, and one in full."""
        return await self._traffic.cutover(slice_)

    async def rollback(self, query: wire_rollback.RollbackQuery) -> wire_rollback.Rollback:
        """Return the way back as it is now."""
        return await self._traffic.rollback(query)

    async def names(self, query: wire_rollback.NamesQuery) -> wire_rollback.RiskNames:
        """Return what is on green and not known to be on blue, by name."""
        return await self._traffic.names(query)

    async def make_cutover(self, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
        """Begin a plan of an act on traffic."""
        return await self._traffic.make(request)

    async def cutover_plan(self, number: int) -> wire_cutover.CutoverPlan:
        """Return such a plan by its id."""
        return await self._traffic.get(number)

    async def cluster(self) -> wire_cluster.Cluster:
        """Return the target's peers as they were last heard."""
        return await self._cluster.cluster()

    async def aclose(self) -> None:
        """End what asks others while somebody looks."""
        await self._cluster.close()
        await self._traffic.close()

    async def bundles(self, since: int, limit: int) -> wire_bundles.Bundles:
        """Return the newest recorded bundles after number `since`."""
        return self._book.since(since, limit)

    def _rate(self) -> wire.Rate:
        """Return the speed of the copy; of the last one, once it has ended, only its mean."""
        progress = self._engine.observer.progress
        if progress is None:
            return wire.Rate()
        now = progress.rates() if self._copying() else None
        mean = progress.mean()
        return wire.Rate(
            objects_s=None if now is None else now[0],
            bytes_s=None if now is None else now[1],
            objects_s_mean=None if mean is None else mean[0],
            bytes_s_mean=None if mean is None else mean[1],
            history=progress.history(),
        )

    def _eta(self, ground: wire.Snapshot) -> wire.Eta:
        progress = self._engine.observer.progress
        if progress is None or not self._copying():
            return wire.Eta(unknown="no copy runs")
        totals = ground.totals
        ended = totals.objects - totals.remaining
        left = progress.left(
            Remaining(
                objects=totals.remaining,
                # what failed, was skipped or is gone will not be copied
                size_bytes=max(0, self._engine.observer.remaining_bytes),
                share=ended / totals.objects if totals.objects else 0.0,
                complete=ground.workspace.planned,
                bundles=totals.bundles - totals.bundles_recorded,
                pins_waiting=totals.pins_waiting,
                held=self._engine.looks.still(),
            )
        )
        reason = None if left.stalled_s is None else self._engine.looks.stalled_by()
        return wire.Eta(
            low_s=self._by_the_clock(left.low_s),
            high_s=self._by_the_clock(left.high_s),
            age_s=left.age_s,
            unknown=None if left.unknown is None else safe(left.unknown),
            ending=left.ending,
            stalled_s=left.stalled_s,
            stalled_reason=None if reason is None else safe(reason),
        )

    def _by_the_clock(self, work_s: float | None) -> float | None:
        if work_s is None:
            return None
        return by_the_clock(work_s, time.time_ns(), self._engine.knobs.windows)

    def _copying(self) -> bool:
        return self._engine.jobs.carrying() is not None

    async def start_job(self, request: wire.JobRequest) -> int:
        """Begin a job and return its id."""
        try:
            kind = JobKind(request.kind)
        except ValueError as error:
            raise BadInput(
                what=f"there is no job of kind {safe(request.kind)}",
                where="/v1/jobs",
                remedy=f"Kinds: {', '.join(JobKind)}.",
            ) from error

        async def begin() -> int:
            if is_abort(request):
                return await self._traffic.abort(request)
            return await self._engine.start_job(
                kind, request.args, request.actor, request.request_id
            )

        return await self._orders.job(request, begin)

    async def act(self, job: int, verb: Verb, act: wire.Act) -> None:
        """Pause, resume or cancel a job."""

        async def do(mark: RequestMark | None) -> None:
            match verb:
                case "pause":
                    await self._engine.pause(job, act.actor, mark)
                case "resume":
                    await self._engine.resume(job, act.actor, mark)
                case "cancel":
                    await self._engine.cancel(job, act.actor, mark)

        await self._orders.act(f"{verb} {job}", act, do)

    async def set_knobs(self, request: wire.KnobRequest) -> None:
        """Set knobs, all or none."""

        async def do(mark: RequestMark | None) -> None:
            await self._engine.set_knobs(request.values, request.actor, mark)

        await self._orders.act("set", request, do)

    async def checks(self) -> wire_checks.Checks:
        """Return the assessment, and what a run asks now."""
        running = self._engine.assessments.running
        return await self.assessed(frozenset() if running is None else frozenset(running.asked))

    async def acknowledge(self, check: str, request: wire_checks.AckRequest) -> None:
        """Take a check's warning on."""

        async def do(mark: RequestMark | None) -> None:
            if check.startswith(GATE):
                gates, name = self._engine.cutovers, check.removeprefix(GATE)
                await gates.acknowledge(name, request.reason, request.actor, mark)
                return
            await self._engine.assessments.acknowledge(check, request.reason, request.actor, mark)

        await self._orders.act(f"ack {check}", request, do)

    async def note(self, item: str, request: wire_checks.NoteRequest) -> None:
        """Answer a manual item."""

        async def do(mark: RequestMark | None) -> None:
            await self._engine.assessments.note(item, request.text, request.actor, mark)

        await self._orders.act(f"note {item}", request, do)

    def hear(self, actor: str) -> None:
        """Note a look of this actor."""
        self._lease.hear(actor)

    async def take_lease(self, order: wire.Command) -> wire.Lease:
        """Let this actor steer."""
        await self._orders.take(order)
        now = self._lease.now()
        assert now is not None  # noqa: S101 - just given
        return now

    async def stop(self, act: wire.Act) -> None:
        """Let the engine end after this answer."""

        async def do(mark: RequestMark | None) -> None:
            await self._engine.ledger.event(
                EventDraft(kind="engine", text="engine stops", actor=act.actor, request=mark)
            )
            self.ending.set()

        await self._orders.act("stop", act, do)


def _node(status: NodeStatus) -> wire.Node:
    return wire.Node(
        name=safe(status.name),
        url=safe(status.url),
        state=status.state,
        reason=safe(status.reason),
        age_s=status.age_s,
        free_bytes=status.free_bytes,
        in_flight=status.in_flight,
        sent_bytes=status.sent_bytes,
    )


def _worker(view: WorkerView) -> wire.Worker:
    return wire.Worker(
        slot=view.slot,
        pid=view.pid,
        state=view.state,
        objects_s=view.objects_s,
        bytes_s=view.bytes_s,
        bundle=view.bundle,
        step=safe(view.step),
        since_s=view.since_s,
        history=view.history,
    )
