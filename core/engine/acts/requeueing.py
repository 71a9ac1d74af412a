"""A retry's first half: failed objects go into new bundles, in key order, page by page.

Each commit holds whole bundles and how far the job is; a killed engine's successor goes on behind
them. May import the ledger and the engine's parts.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from core.engine.acts.choosing import chosen
from core.engine.acts.progress import ActProgress, RetryFigures
from core.engine.planning.bundling import Cutter
from core.errors import Broken
from core.ledger.rows import EventDraft, NewBundle
from core.model import BundleState

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.engine.acts.wish import Wish
    from core.engine.holding import Hold
    from core.engine.planning.bundling import Cut
    from core.engine.reins import Reins
    from core.ledger.failure_looks import Standing
    from core.ledger.ledger import Ledger
    from core.ledger.rows import EntryRow

_bucket = attrgetter("bucket_id")
OPEN = (BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED, BundleState.PINNED)


class Requeueing:
    """What one retry job takes, and what became of it."""

    def __init__(self, ledger: Ledger, wish: Wish, knobs: Knobs, *, job: int, actor: str) -> None:
        self._ledger = ledger
        self._knobs = knobs
        self._actor = actor
        self._progress = ActProgress()
        self.wish = wish
        self.job = job

    @property
    def attempts(self) -> int:
        """How often an object may change under its reader before it fails again."""
        return max(0, self.wish.max_attempts - 1)

    @property
    def audits_after(self) -> int:
        """All of its bundles are looked at."""
        return 0

    async def queue(self, reins: Reins, hold: Hold) -> None:
        """Put every object that the wish takes into new bundles. Raises JobCancelled."""
        row = await self._ledger.job(self.job)
        self._progress = ActProgress.parse("" if row is None else row.progress)
        if self._progress.whole:
            return
        if self._progress.last is None:
            counted = await self._ledger.counters()
            self._progress = ActProgress(migrated=counted.migrated, gone=counted.gone)
        bucket, cutter = -1, self._cutter()
        async for page in chosen(self._ledger, self.wish, after=self._progress.last):
            await reins.checkpoint()
            for number, group in groupby(page, key=_bucket):
                if number != bucket:
                    await self._store(hold, bucket, cutter.rest())
                    bucket, cutter = number, self._cutter()
                await self._store(hold, bucket, cutter.feed(map(_entry, group)))
        await self._store(hold, bucket, cutter.rest())
        self._progress = replace(self._progress, whole=True)
        await hold.patiently(lambda: self._ledger.mending.progress(self.job, self._progress.text()))

    async def figures(self) -> RetryFigures:
        """Return what the retry came to so far."""
        open_ = await self._ledger.in_states(*OPEN, limit=2**31, made_by=self.job)
        waiting = sum(bundle.objects for bundle in open_)
        return RetryFigures.of(self._progress, await self._ledger.counters(), waiting)

    async def tell(self) -> None:
        """Say in an event who tried what again, and what came of it."""
        found = await self.figures()
        if found.still_failed < 0:
            raise Broken(
                what=f"a retry of {found.queued} objects counts {found.recovered} recovered,"
                f" {found.gone} gone and {found.waiting} waiting",
                where=f"job {self.job}",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        text = (
            f"tried {found.queued:,} failed objects again: {found.recovered:,} recovered,"
            f" {found.still_failed:,} still failed, {found.gone:,} gone"
        )
        event = EventDraft(
            kind="retry",
            text=f"{text}, {found.waiting:,} wait" if found.waiting else text,
            level="warn" if found.still_failed else "info",
            actor=self._actor,
            job=self.job,
        )
        self._progress = replace(self._progress, figures=found)
        await self._ledger.mending.progress(self.job, self._progress.text(), event)

    def _cutter(self) -> Cutter:
        knobs = self._knobs
        return Cutter(
            batch_size=knobs.batch_size,
            bundle_bytes=knobs.bundle_bytes,
            large_threshold=knobs.large_threshold,
            first_bytes=knobs.bundle_bytes,
            first_bundles=0,
        )

    async def _store(self, hold: Hold, bucket: int, cuts: list[Cut]) -> None:
        """Put what was cut into the ledger, with how far the job is then."""
        if not cuts:
            return
        new = [
            NewBundle(
                id=await self._ledger.next_bundle_id(),
                first=cut.entries[0][:2],
                last=cut.entries[-1][:2],
                kind=cut.kind,
                entries=cut.entries,
            )
            for cut in cuts
        ]
        objects = sum(len(cut.entries) for cut in cuts)
        last = max(cut.entries[-1][:2] for cut in cuts)
        progress = self._progress.behind(
            (bucket, *last), objects, sum(cut.size_bytes for cut in cuts)
        )
        event = EventDraft(
            kind="retry",
            text=f"{objects:,} failed objects go round again, in {len(new):,} bundles",
            actor=self._actor,
            job=self.job,
        )
        await hold.patiently(
            lambda: self._ledger.mending.retry(
                self.job, bucket, new, progress=progress.text(), event=event
            )
        )
        self._progress = progress


def _entry(one: Standing) -> EntryRow:
    return (one.key, one.version, one.size_bytes, one.ino, one.mtime_ns, one.ctime_ns)
