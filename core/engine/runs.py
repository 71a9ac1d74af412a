"""What the jobs do, from the first check of their target to their last row.

May import every room below the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from core.config.schema import DirTarget
from core.dag import cid as cids
from core.engine.beside import Beside
from core.engine.copying.copier import Copier
from core.engine.copying.means import Means
from core.engine.copying.target import open_cache, open_placement
from core.engine.copying.window import Window
from core.engine.crew.executor import LocalExecutor
from core.engine.holding import Hold
from core.engine.opening import Opening
from core.engine.pace.regulating import Regulator, knobs_of
from core.engine.pace.tuner import Tuner
from core.engine.plan_run import require_source
from core.engine.settings import worker_setup
from core.errors import (
    Broken,
    NoAnswer,
    NoPlan,
    PinFailed,
    VgwmError,
)
from core.ledger.rows import EventDraft
from core.model import BundleState
from core.source.chosen import wants_seen
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.target.ours import Ours
from core.target.pin_audit import RecordedPin
from core.target.rows import RowMaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.copying.bundle_times import BundleTimes
    from core.engine.copying.errand import Errand
    from core.engine.copying.placement import Placement
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.target.cache_drop import CacheDrop
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

log = logging.getLogger(__name__)

AUDIT = 10_000
RANGE_DEPTH = 2
NODE_DEPTH = 1
"""Tasks a worker holds: with nodes one, for a waiting task would hold their room for nothing."""


class CopyRun:
    """Carries every planned bundle to the target; or those of an errand, and no others.

    told: hears of each bundle how long its steps took.
    """

    def __init__(
        self, premises: Premises, told: Callable[[BundleTimes], None], errand: Errand | None = None
    ) -> None:
        self._premises = premises
        self._told = told
        self._errand = errand
        self._executor: LocalExecutor | None = None
        self._window: Window | None = None
        self._cache: CacheDrop | None = None
        self.placement: Placement | None = None
        self.copier: Copier | None = None
        self.regulator: Regulator | None = None

    async def run(self, reins: Reins) -> None:
        """Check the target, then carry. Raises JobCancelled, and what stops it."""
        premises = self._premises
        rows = await premises.ledger.buckets()
        if not rows and premises.planning:
            await premises.listed.wait()  # the plan has just begun, and lists the buckets first
            rows = await premises.ledger.buckets()
        if not rows:
            raise NoPlan(
                what="there is no plan", where=str(premises.path), remedy="Make one: vgwm plan."
            )
        premises.learn_buckets(rows)
        planned = all(row.state.walked for row in rows)
        if not planned and not premises.planning and self._errand is None:
            raise NoPlan(
                what="the plan is not whole: its walk was broken off",
                where=str(premises.path),
                remedy="Go on with it: vgwm plan.",
            )
        profile = await asyncio.to_thread(profiles.load, premises.workspace.target.profile)
        opening = Opening(Hold(premises.ledger, reins), reins)
        placement = await opening.of(
            lambda: open_placement(premises.workspace, premises.knobs, premises.epoch), opens=True
        )
        self.placement = placement
        await self.retune()  # knobs that were set before it began
        try:
            await opening.of(placement.start)
            table = await opening.of(
                lambda: open_target_table(premises.workspace, profile), opens=True
            )
            try:
                await opening.of(table.ensure)
                self._cache = await open_cache(premises.workspace)
                await self._put_buckets(opening, table, profile)
                await self._carry(reins, table, profile, placement, planned=planned)
                await opening.of(table.build_index)
            finally:
                if self._cache is not None:
                    await self._cache.close()
                await table.close()
        finally:
            self.placement = None
            await placement.close()

    async def _put_buckets(self, opening: Opening, table: ObjectTable, profile: Profile) -> None:
        """Write the buckets' rows, and drop what the gateway's cache knows of them."""
        if profile.buckets is None:
            return
        rows = self._premises.buckets.rows(profile)
        await opening.of(lambda: table.upsert_buckets(rows))
        if self._cache is not None:
            from core.target.cache_drop import bucket_keys  # noqa: PLC0415 - loaded with the cache

            await self._cache.drop(bucket_keys(str(row[0]) for row in rows))

    async def _carry(
        self,
        reins: Reins,
        table: ObjectTable,
        profile: Profile,
        placement: Placement,
        *,
        planned: bool,
    ) -> None:
        premises, knobs = self._premises, self._premises.knobs
        hold = Hold(premises.ledger, reins)
        if self._errand is not None:
            await self._errand.queue(reins, hold)
        depth = RANGE_DEPTH if isinstance(premises.workspace.target, DirTarget) else NODE_DEPTH
        setup = await asyncio.to_thread(worker_setup, premises.workspace, knobs, profile)
        executor = LocalExecutor(setup, premises.board, premises.forks, depth=depth)
        executor.on_death = premises.worker_died
        window = Window(
            workers=knobs.workers,
            inflight_bytes=knobs.inflight_bytes,
            pin_inflight=knobs.pin_inflight,
        )
        self._executor, self._window = executor, window
        means = self._means(table, RowMaker(profile, premises.workspace.id), placement, window)
        ours = Ours(profile, premises.workspace.id)
        means = replace(means, tells_seen=wants_seen(setup.source), ours=ours)
        self.copier = Copier(means, reins, hold, planned=planned or self._errand is not None)
        if not premises.walking:
            self.copier.plan_ended()  # it may have ended while the target was asked
        regulator = self.regulator = Regulator(
            board=premises.board,
            reins=reins,
            ledger=premises.ledger,
            knobs=lambda: knobs_of(reins.kind, premises.knobs),
        )
        tuner = Tuner(
            board=premises.board, reins=reins, ledger=premises.ledger, knobs=premises.live
        )
        await regulator.step(executor)
        executor.resize(knobs.workers)
        beside = Beside()
        beside.start("target watch", placement.watch())
        beside.start("notices", announce(placement, premises.ledger, reins))
        beside.start("regulator", regulator.run(executor))
        beside.start("tuner", tuner.run(executor, self.resize))
        try:
            await self.copier.run()
            await self._audit(placement, reins)
            await hold.patiently(premises.ledger.recount)
            if self._errand is None:
                await self._require_whole_plan()
        finally:
            self.copier = self.regulator = None
            await beside.end()
            await executor.close()
            regulator.end()
            self._executor = self._window = None
            await self._tidy(placement)

    def _means(
        self, table: ObjectTable, maker: RowMaker, placement: Placement, window: Window
    ) -> Means:
        """Return what the copier works with."""
        premises, executor = self._premises, self._executor
        assert executor is not None  # noqa: S101 - just made
        return Means(
            ledger=premises.ledger,
            table=table,
            maker=maker,
            placement=placement,
            executor=executor,
            window=window,
            knobs=lambda: premises.knobs,
            owner=premises.buckets.owner,
            require_source=lambda: require_source(premises),
            told=self._told,
            made_by=None if self._errand is None else self._errand.job,
            attempts=None if self._errand is None else self._errand.attempts,
            cache=self._cache,
        )

    async def _tidy(self, placement: Placement) -> None:
        """Leave nothing half-made: what no worker finished is planned again, its files are gone."""
        try:
            await self._premises.ledger.reset_copying()
            await placement.tidy()
        except VgwmError as error:
            log.warning("%s", error.what)  # the next copy clears it

    async def _require_whole_plan(self) -> None:
        """Raise if anything is left: a walk that was broken off, a bundle that nobody carries."""
        rows = await self._premises.ledger.buckets()
        left = sum(not row.state.walked for row in rows)
        if left:
            raise NoPlan(
                what=f"the plan was broken off: {left} of {len(rows)} buckets are not walked",
                where="copy",
                remedy="What was planned is copied. Go on with: vgwm plan, then vgwm copy.",
            )
        ledger, under_way = self._premises.ledger, (BundleState.COPYING, BundleState.COPIED)
        held = await ledger.in_states(*under_way, BundleState.PINNED, after_id=0, limit=1)
        if held:
            raise Broken(
                what=f"bundle {held[0].id} is under way, and nobody carries it",
                where="copy",
                remedy="It is put back: run vgwm copy again, and report this with engine.log.",
            )

    async def _audit(self, placement: Placement, reins: Reins) -> None:
        """Hold what is recorded against the target's own word before the job says done.

        An errand looks at its own bundles.
        """
        ledger = self._premises.ledger
        after = 0 if self._errand is None else self._errand.audits_after
        pins: list[RecordedPin] = []
        made_by = None if self._errand is None else self._errand.job
        while page := await ledger.in_states(
            BundleState.RECORDED, after_id=after, limit=AUDIT, made_by=made_by
        ):
            after = page[-1].id
            pins += [
                RecordedPin(
                    root=cids.text(bundle.root), allocations=bundle.allocations, bundle=bundle.id
                )
                for bundle in page
                if bundle.root is not None
            ]
        findings = await placement.audit(pins)
        for unheard in [one for one in findings if one.verdict == "unknown"]:
            text = f"not looked at: {unheard.subject}: {unheard.evidence}. Its pins are as recorded"
            await ledger.event(EventDraft(kind="audit", text=text, level="warn", job=reins.id))
        findings = [one for one in findings if one.verdict == "fail"]
        if findings:
            raise PinFailed(
                what=f"{len(findings)} of {len(pins)} recorded bundles are not held as recorded: "
                f"{findings[0].subject}: {findings[0].evidence}",
                where="last look at the target",
                remedy=findings[0].remedy,
            )

    def resize(self) -> None:
        """Have as many workers, and as much in flight, as the knobs say."""
        knobs = self._premises.knobs
        if self._executor is not None:
            self._executor.resize(knobs.workers)
        if self._window is not None:
            self._window.resize(workers=knobs.workers, inflight_bytes=knobs.inflight_bytes)

    async def retune(self) -> None:
        """Put the live knobs in force."""
        knobs = self._premises.knobs
        self.resize()
        if self._window is not None:
            await self._window.pins.set_most(knobs.pin_inflight)
        if self.regulator is not None and self._executor is not None:
            await self.regulator.step(self._executor)
        if self.placement is not None:
            self.placement.limit(node_bundles=knobs.node_bundles, pin_queue_max=knobs.pin_queue_max)

    @property
    def executor(self) -> LocalExecutor | None:
        """The workers while there are any."""
        return self._executor

    @property
    def window(self) -> Window | None:
        """What is in flight while the copy runs."""
        return self._window


async def announce(placement: Placement, ledger: Ledger, reins: Reins) -> None:
    """Store what the target's side has to say as events; ends by cancellation."""
    while True:
        notice = await placement.notice()
        log.warning("%s", notice.text, extra={"kind": notice.kind})
        with contextlib.suppress(NoAnswer):  # a full ledger says so at the next change
            await ledger.event(
                EventDraft(kind=notice.kind, text=notice.text, level=notice.level, job=reins.id)
            )
