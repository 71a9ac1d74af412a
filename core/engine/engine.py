"""The engine of one workspace: its ledger, its jobs, and what can be asked of them.

One process a workspace, held by a lock. The API (`core.control`) and tests drive it; it knows
neither. May import every room below it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, Self

import psutil

from core.config.workspace import FILE_NAME, load
from core.display import safe
from core.engine.acts.running import Acts
from core.engine.assessing.assessments import Assessments
from core.engine.copying.bundle_times import untold
from core.engine.copying.target import load_for
from core.engine.cutting.cutovers import Cutovers
from core.engine.cutting.neighbours import Neighbours
from core.engine.flip_guard import FlipGuard
from core.engine.keeping.keepings import Keepings
from core.engine.looks import Looks
from core.engine.observing import Observer, Post
from core.engine.offers import plan_of, run_of
from core.engine.plan_run import WALKER_SLOT, PlanRun
from core.engine.premises import Premises
from core.engine.repairing.repairs import Repairs, repair_means
from core.engine.returning.balancers import Balancers
from core.engine.returning.rollbacks import Rollbacks
from core.engine.reversing.reverses import Reverses
from core.engine.runs import CopyRun
from core.engine.settings import source_config
from core.engine.syncing.rebundles import Rebundles
from core.engine.syncing.syncs import Syncs
from core.engine.verifying.verifications import Verifications, verify_means
from core.engine.watching.green_watch import GreenWatch, watch_world
from core.errors import ForeignPlan, NoPlan
from core.ledger import opening
from core.ledger.connection import LEDGER_NAME
from core.ledger.ledger import Ledger
from core.ledger.lock import WorkspaceLock
from core.ledger.rows import EventDraft, LedgerIdentity
from core.model import JobKind, JobState
from core.source.chosen import open_source
from core.target import profile as profiles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.copying.bundle_times import BundleTimes
    from core.engine.copying.errand import Errand
    from core.engine.jobs import Run
    from core.engine.offers import Offer
    from core.engine.reins import Reins
    from core.engine.watching.world import WatchWorld
    from core.ledger.rows import RequestMark

log = logging.getLogger(__name__)

SAMPLE_S = 1.0

WAITING = (JobState.PAUSED, JobState.QUEUED)
"""Jobs that are not at work and not ended: one may have been stored and not begun."""

_CAME_FROM = {
    opening.Left.NEW: "",
    opening.Left.CLEAN: "",
    opening.Left.UNCLEAN: ", after an unclean end: the whole ledger was checked",
    opening.Left.RESTORED: ", on a restored backup of the ledger: what came after it is done again",
}


class Engine:
    """Everything that one workspace's process holds. Made by `open`, ended by `close`.

    started_ns: UTC. source_identity: what told the source from others when the ledger was made.
    """

    def __init__(
        self, path: Path, workspace: Workspace, ledger: Ledger, lock: WorkspaceLock
    ) -> None:
        self.started_ns = time.time_ns()
        self.premises = premises = Premises(path, workspace, ledger)
        self.path = path
        self.workspace = workspace
        self.ledger = ledger
        self.jobs = premises.jobs
        self._lock = lock
        self.observer = Observer(premises.board)
        self.acts = Acts(ledger, workspace, lambda: self.knobs, self._carry)
        self.assessments = Assessments(ledger, workspace, path, lambda: self.knobs)
        self.keepings = Keepings(ledger, workspace, path)
        self.repairs = Repairs(repair_means(premises, self._carry))
        self.syncs = Syncs(premises, self._carry)
        self.balancers = balancers = Balancers(premises)
        self.reverses = Reverses(premises, self.start_job, balancers)
        self.rollbacks = Rollbacks(premises, self.start_job, self.reverses, balancers)
        self.cutovers = Cutovers(
            premises, Neighbours(self.start_job, self._carry, self.syncs.forecast, self.reverses)
        )
        self.flips = FlipGuard(premises, balancers)
        self.watch = GreenWatch(workspace, ledger, self._watch_world)
        self.offers: tuple[Offer, ...] = (
            self.acts,
            self.assessments,
            self.cutovers,
            self.keepings,
            self.repairs,
            Rebundles(premises),  # before the syncs: it is one that walks nothing
            self.syncs,
            self.reverses,
            self.rollbacks,
            Verifications(verify_means(premises)),
        )
        self.looks = Looks(premises, self.observer, lambda: self.copy)
        self.bundle_done: Callable[[BundleTimes], None] = untold
        self.copy: CopyRun | None = None
        self._sampler: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Take the workspace's lock, open its ledger, and go on with what was interrupted.

        Raises BadInput (vgwm.yaml), WrongState (another engine), and what the ledger says.
        """
        workspace = await asyncio.to_thread(load, path / FILE_NAME)
        lock = WorkspaceLock(path)
        await asyncio.to_thread(lock.acquire)
        try:
            identity = await asyncio.to_thread(_identity, path, workspace)
            ledger = await Ledger.open(path / LEDGER_NAME, identity)
        except BaseException:
            lock.release()
            raise
        engine = cls(path, workspace, ledger, lock)
        try:
            await engine._begin()
        except BaseException:
            await engine.close()
            raise
        return engine

    async def warm(self) -> None:
        """Load what workers and target will need, ahead of the first job."""
        await asyncio.to_thread(self.premises.forks.warm)
        await asyncio.to_thread(load_for, self.workspace)

    async def close(self) -> None:
        """End jobs (they go on at the next start), workers and ledger; give the lock back."""
        await self.watch.close()
        await self.acts.close()
        await self.cutovers.close()
        await self.keepings.close()
        await self.repairs.close()
        await self.jobs.close()
        if self._sampler is not None:
            self._sampler.cancel()
            await asyncio.wait([self._sampler])
        await asyncio.to_thread(self.premises.forks.close)
        self.premises.board.close()
        try:
            await self.ledger.close()
        finally:
            self._lock.release()

    @property
    def epoch(self) -> int:
        """How often an engine has opened this ledger."""
        return self.ledger.epoch

    @property
    def knobs(self) -> Knobs:
        """The settings in force."""
        return self.premises.knobs

    @property
    def planning(self) -> bool:
        """Whether the plan is being made now."""
        return self.premises.planning

    # Jobs

    async def start_job(
        self, kind: JobKind, args: Mapping[str, str], actor: str, request_id: str
    ) -> int:
        """Begin a job and return its id; a repeated request_id begins nothing new.

        Raises WrongState if one of its kind runs already, NoPlan for a copy without a plan, Refused
        for a check that failed, and an act on failures whose plan is not as it was shown (I8).
        """
        await self.assessments.require_passable(kind)
        await self.cutovers.require_blue(kind)
        await self.flips.require(kind, args)
        if kind == "copy" and not await self.ledger.buckets() and not self.planning:
            raise NoPlan(
                what="the workspace has no plan",
                where=safe(os.fsencode(self.path)),
                remedy="Make one: vgwm plan.",
            )
        run, plan = self._run_of(kind, args), plan_of(self.offers, kind, args)
        return await self.jobs.start(kind, args, actor, request_id, run, plan)

    async def pause(self, job: int, actor: str, request: RequestMark | None = None) -> None:
        """Let a job take no new work; what is in flight ends."""
        await self.jobs.pause(job, actor, request)

    async def resume(self, job: int, actor: str, request: RequestMark | None = None) -> None:
        """Let a paused job go on."""
        await self.jobs.resume(job, actor, request)

    async def cancel(self, job: int, actor: str, request: RequestMark | None = None) -> None:
        """End a job after what is in flight; whole bundles stay."""
        await self.jobs.cancel(job, actor, request)

    async def wait(self, job: int) -> None:
        """Return when the job has ended, or is paused by nobody's hand."""
        await self.jobs.wait(job)

    async def set_knobs(
        self, values: Mapping[str, str], actor: str, request: RequestMark | None = None
    ) -> None:
        """Set knobs, all or none; live ones are in force within 2 s. Raises BadInput."""
        await self.premises.live.set(values, actor, request=request)
        if self.copy is not None:
            await self.copy.retune()

    # Its own business

    def _watch_world(self) -> WatchWorld:
        return watch_world(self.premises, self.start_job, self.reverses, self.rollbacks)

    def _run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run:
        """Return what a job does; one that is taken up is held against the flips once more."""
        does = self._does(kind, args)

        async def run(reins: Reins) -> None:
            if reins.taken_up:
                await self.flips.require(kind, args, taken_up=True)
            await does(reins)

        return run

    def _does(self, kind: JobKind, args: Mapping[str, str]) -> Run:
        if kind is JobKind.PLAN:
            return self._planning(args)
        return self._carry if kind is JobKind.COPY else run_of(self.offers, kind, args)

    def _planning(self, args: Mapping[str, str]) -> Run:
        async def run(reins: Reins) -> None:
            self.premises.walking = True
            try:
                await PlanRun(self.premises, args, self._planned_more).run(reins)
            finally:
                self._plan_ended()

        return run

    async def _carry(self, reins: Reins, errand: Errand | None = None) -> None:
        """Copy what is planned; or the bundles of an errand, and no others."""
        counted = await self.ledger.counters()
        self.observer.begin(counted)
        self.copy = CopyRun(self.premises, self._told, errand)
        try:
            await self.copy.run(reins)
        finally:
            self.copy = None
            self.observer.end()

    def _told(self, times: BundleTimes) -> None:
        self.bundle_done(times)  # who hears it is set after jobs began

    def _planned_more(self) -> None:
        """Tell a copy that bundles were planned."""
        if self.copy is not None and self.copy.copier is not None:
            self.copy.copier.more()

    def _plan_ended(self) -> None:
        self.premises.walking = False
        self.premises.listed.set()
        if self.copy is not None and self.copy.copier is not None:
            self.copy.copier.plan_ended()

    async def _begin(self) -> None:
        kept = await self.ledger.identity()
        self.premises.source_identity = (kept.source_dev, kept.source_ino)
        digest = (await asyncio.to_thread(profiles.load, self.workspace.target.profile)).digest
        if (kept.workspace, kept.profile) != (self.workspace.id, digest):
            raise ForeignPlan(
                what=f"the ledger is of workspace {kept.workspace}, or of another target profile",
                where=safe(os.fsencode(self.path)),
                remedy="Put its own vgwm.yaml back, or make a new workspace with vgwm init.",
            )
        await self.premises.live.load()
        self.premises.learn_buckets(await self.ledger.buckets())
        text = f"engine started, epoch {self.epoch}{_CAME_FROM[self.ledger.left]}"
        await self.ledger.event(EventDraft(kind="engine", text=text))
        await self.flips.begin()
        self._sampler = asyncio.create_task(self._sample(), name="sampler")
        for row in sorted(await self.ledger.jobs(), key=lambda row: row.id):
            if row.id in self.ledger.interrupted or row.state in WAITING:
                await self.jobs.take_up(row, self._run_of(row.kind, row.args))
        await self.cutovers.rescue()
        await self.rollbacks.rescue()
        self.watch.begin()

    async def _sample(self) -> None:
        """Look at board and counters once a second."""
        while True:
            counted = await self.ledger.counters()
            executor = self.copy.executor if self.copy is not None else None
            seats = executor.seats() if executor is not None else []
            posts = [
                Post(seat.slot, self.looks.nodes_of(next(iter(seat.held), 0))) for seat in seats
            ]
            if self.premises.walking:
                posts.append(Post(WALKER_SLOT))
            still = self.looks.still()
            self.observer.sample(
                posts,
                counted,
                held=bool(still),
                full="" if still else self.looks.held(),
                cpu=psutil.cpu_percent() / 100,
            )
            await asyncio.sleep(SAMPLE_S)


def _identity(path: Path, workspace: Workspace) -> LedgerIdentity | None:
    """Return whose ledger is to be made; None if there is one already."""
    if opening.is_made(path / LEDGER_NAME):
        return None
    device, inode = open_source(source_config(workspace)).identity()
    return LedgerIdentity(
        workspace=workspace.id,
        source_dev=device,
        source_ino=inode,
        profile=profiles.load(workspace.target.profile).digest,
    )
