"""The plan: one walk of the source into the ledger.

A process walks and sends pages; here they are cut into bundles and committed, each commit with the
cursor behind it. After `kill -9` the walk goes on there: what was committed is not listed again.
May import the ledger, source and the engine's parts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from core.display import safe
from core.engine.crew.child import Child, ChildGone
from core.engine.crew.task import Oddity, WalkTask, WorkerSetup
from core.engine.crew.walk_pages import walk_pages
from core.engine.planning.bundling import Cut, Cutter
from core.engine.planning.page_writes import PageWrites
from core.engine.planning.pipeline import Pipeline
from core.engine.planning.planned_event import PlannedEvent
from core.errors import Broken
from core.ledger.planning import BEGINNING
from core.ledger.rows import EventDraft, NewBundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.crew.board import Board
    from core.engine.crew.fork_server import ForkServer
    from core.engine.holding import Hold
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow
    from core.model import Skip

COMMITS = 4
"""Commits under way while the walk goes on: the disk's flush costs as much as a thousand rows."""

MOST_SKIPS = 10_000
MOST_DEATHS = 3
"""A walker that dies so often without a step between is not begun again."""

NAMED = 1_000
"""Things beside a bucket's keys that are named one by one; all are counted."""

FIRST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """The knobs that a plan reads once: they hold for its life."""

    workers: int
    batch_size: int
    bundle_bytes: int
    large_threshold: int


def _unheard(_who: str, _how: str) -> None:
    pass


class Planner:
    """Walks every bucket that is not walked yet."""

    def __init__(  # noqa: PLR0913 - its parts, named
        self,
        *,
        ledger: Ledger,
        board: Board,
        forks: ForkServer,
        setup: WorkerSetup,
        settings: PlanSettings,
        slot: int,
        hold: Hold,
        died: Callable[[str, str], None] = _unheard,
    ) -> None:
        self._tell_death = died
        self._ledger = ledger
        self._hold = hold
        self._writes = PageWrites(hold)
        self._board = board
        self._forks = forks
        self._setup = replace(setup, walks=True)
        self._settings = settings
        self._slot = slot
        self._first_bundles = 4 * settings.workers
        self._behind = BEGINNING
        self._event = PlannedEvent()

    async def run(self, reins: Reins, closed: Callable[[], None]) -> None:
        """Walk what is left; `closed` is called after each commit that made bundles.

        Raises JobCancelled, and what the walk or the ledger raise.
        """
        deaths, stood = 0, None
        while True:
            try:
                await self._walk(reins, closed)
            except ChildGone as gone:
                closed()
                stands = [(row.state, row.cursor) for row in await self._ledger.buckets()]
                deaths, stood = (deaths if stands == stood else 0) + 1, stands
                if deaths == MOST_DEATHS:
                    raise _died(gone) from gone
                self._tell_death("the walking process", gone.how)
            else:
                return

    async def _walk(self, reins: Reins, closed: Callable[[], None]) -> None:
        """Walk on from the last committed keys. Raises ChildGone when the walker dies."""
        child = await Child.start(self._slot, self._forks, self._setup)
        try:
            for bucket in await self._ledger.buckets():
                if not bucket.state.walked:
                    await self._bucket(child, bucket, reins, closed)
        finally:
            await child.end()
            self._board.clear(self._slot)

    async def _bucket(
        self, child: Child, bucket: BucketRow, reins: Reins, closed: Callable[[], None]
    ) -> None:
        cutter = Cutter(
            batch_size=self._settings.batch_size,
            bundle_bytes=self._settings.bundle_bytes,
            large_threshold=self._settings.large_threshold,
            first_bytes=FIRST_BYTES,
            first_bundles=self._first_bundles,
        )
        child.send(WalkTask(bucket=bucket.name, after=bucket.cursor))
        self._behind = bucket.cursor or BEGINNING
        skips: list[Skip] = []
        beside: list[Oddity] = []
        async with Pipeline(COMMITS, closed) as pipeline:
            async for page in walk_pages(child, reins, "plan"):
                await reins.checkpoint()
                beside += page.beside
                skips += page.page.skips
                cuts = cutter.feed(page.page.entries)
                if cuts or (len(skips) >= MOST_SKIPS and cutter.empty):
                    skips = await self._commit(pipeline, bucket, cuts, skips, reins.id)
            cuts = cutter.rest()
            if cuts or skips:
                await self._commit(pipeline, bucket, cuts, skips, reins.id, everything=True)
        await self._note_beside(bucket, beside, reins.id)
        walked = EventDraft(
            kind="bucket_planned", text=f"bucket {safe(bucket.name)} walked", job=reins.id
        )
        await self._hold.patiently(lambda: self._ledger.finish_bucket(bucket.id, walked))
        self._first_bundles = cutter.first_bundles
        closed()

    async def _note_beside(self, bucket: BucketRow, beside: list[Oddity], job: int) -> None:
        """Count what lies beside the keys by class, and name it in the log."""
        if not beside:
            return
        for oddity in beside[:NAMED]:
            draft = EventDraft(
                kind="beside", text=f"not a key: {oddity.text}", level="warn", job=job
            )
            await self._hold.patiently(lambda: self._ledger.event(draft))  # noqa: B023 - called here
        await self._hold.patiently(
            lambda: self._ledger.plan_page(
                bucket.id,
                bundles=[],
                skips=[],
                cursor=self._behind,
                after=self._behind,
                increments=dict(Counter(f"class:{oddity.reason}" for oddity in beside)),
                event=EventDraft(
                    kind="beside",
                    text=f"{len(beside):,} things beside the keys of {safe(bucket.name)}",
                    job=job,
                ),
            )
        )

    async def _commit(  # noqa: PLR0913 - one call's parts, named
        self,
        pipeline: Pipeline,
        bucket: BucketRow,
        cuts: list[Cut],
        skips: list[Skip],
        job: int,
        *,
        everything: bool = False,
    ) -> list[Skip]:
        """Store bundles with the skips up to their last key; return the skips behind it."""
        bundles = [_bundle(await self._ledger.next_bundle_id(), cut) for cut in cuts]
        last_key = max((bundle.last[0] for bundle in bundles), default=b"")
        if everything or not bundles:
            last_key = max([last_key, *(skip.key for skip in skips)])
        behind, self._behind = self._behind, (last_key, b"")
        now = [skip for skip in skips if skip.key <= last_key]
        later = [skip for skip in skips if skip.key > last_key]
        event = self._event.note(sum(len(cut.entries) for cut in cuts), bucket.name, job)
        await pipeline.put(
            self._writes.write(
                lambda: self._ledger.plan_page(
                    bucket.id,
                    bundles=bundles,
                    skips=now,
                    # the walk goes on behind a key and all its versions
                    cursor=(last_key, b""),
                    after=behind,
                    increments=_classes(cuts, now),
                    event=event,
                )
            )
        )
        return later


def _died(gone: ChildGone) -> Broken:
    return Broken(
        what=f"the walking process died {MOST_DEATHS} times at one place ({gone.how})",
        where="plan",
        remedy="See engine.log and dmesg; a new plan goes on at the last committed key.",
    )


def _bundle(number: int, cut: Cut) -> NewBundle:
    """Return a cut as the ledger stores it: outermost positions in the order of the ledger's key.

    The walk lists a key's versions newest first; the ledger orders them as bytes.
    """
    first, last = cut.entries[0][0], cut.entries[-1][0]
    lowest = min(entry[1] for entry in takewhile(lambda e: e[0] == first, cut.entries))
    highest = max(entry[1] for entry in takewhile(lambda e: e[0] == last, reversed(cut.entries)))
    return NewBundle(
        id=number, first=(first, lowest), last=(last, highest), kind=cut.kind, entries=cut.entries
    )


def _classes(cuts: list[Cut], skips: list[Skip]) -> dict[str, int]:
    """Count what the target cannot show, by class; all other counters are the ledger's own."""
    counts: Counter[str] = Counter(f"class:{skip.reason.value}" for skip in skips)
    sizes = [(entry[2], entry[1]) for cut in cuts for entry in cut.entries]
    counts["class:delete_marker"] += sum(1 for size, _ in sizes if size is None)
    counts["class:noncurrent_version"] += sum(
        1 for size, version in sizes if version and size is not None
    )
    return {name: n for name, n in counts.items() if n}
