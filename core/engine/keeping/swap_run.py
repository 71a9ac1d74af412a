"""New tables made beside those in use, held against their origin, and put in their place.

look -> fill -> swap -> index -> done; each step is stored before it begins. What a crash leaves
half filled is dropped and filled anew; the swap itself is one step of the database, and is known by
the tables that are there. Until then the tables in use are not touched, after it they are kept.
May import every room below the engine.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.display import count as counted
from core.display import safe
from core.engine.copying.target import open_cache
from core.engine.holding import Hold
from core.engine.keeping.bucket_rows import BucketBook
from core.engine.keeping.cache_step import drop_changed
from core.engine.keeping.feeds import FileFeed
from core.engine.keeping.held_against import Comparison
from core.engine.keeping.ledger_feed import LedgerFeed
from core.engine.keeping.manifests import open_manifests
from core.engine.keeping.progress import KeepProgress, Step
from core.engine.keeping.roots_feed import RootsFeed, of_ledger, spooled
from core.engine.keeping.spool import Spool
from core.engine.keeping.wish import Act, Confirmed, Origin
from core.engine.opening import Opening
from core.engine.reins import JobCancelled
from core.errors import Broken, Refused, VgwmError
from core.ledger.rows import EventDraft
from core.model import NS_PER_S
from core.source.chosen import open_source, source_config
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.target.rows import RowMaker
from core.target.table_sets import NEW, old_tag
from core.verify.source_side import SourceKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.keeping.feeds import Feed
    from core.engine.keeping.means import KeepMeans
    from core.engine.reins import Reins
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row

SAID_EVERY: Final = 10
"""Pages between two notes of how far it is."""

_INSERT: Final = 1_000
_DROP_S: Final = 10.0


class SwapRun:
    """One restore or rebuild."""

    def __init__(self, means: KeepMeans, confirmed: Confirmed, progress: KeepProgress) -> None:
        self._means = means
        self._wish = confirmed.wish
        self._facts = confirmed.facts
        self._progress = progress

    async def run(self, reins: Reins) -> None:
        """Do what is left of it. Raises JobCancelled and what stops it: the old tables stand."""
        target = self._means.workspace.target
        profile = await asyncio.to_thread(profiles.load, target.profile)
        opening = Opening(Hold(self._means.ledger, reins), reins)
        table = await opening.of(
            lambda: open_target_table(self._means.workspace, profile), opens=True
        )
        try:
            if self._progress.step in {Step.LOOK, Step.FILL}:
                await self._make(reins, table, profile)
            await self._swap(reins, table, opening)
            await self._drop_keys(reins, table, profile)
            await self._note(reins, replace(self._progress, step=Step.DONE))
        finally:
            await table.close()

    async def _make(self, reins: Reins, table: ObjectTable, profile: Profile) -> None:
        """Fill the new tables, and hold them against the old ones."""
        standing = [one.tag for one in await table.sets()]
        if NEW in standing and self._progress.step is Step.LOOK:
            raise Refused(
                what=f"tables ending in _{NEW} are there, and this job did not make them",
                where=self._facts.table,
                remedy="Look at them; `vgwm metadata restore --drop-old` removes them.",
            )
        begun = KeepProgress(step=Step.FILL, total=self._facts.rows)
        await self._note(reins, begun)
        await table.drop(NEW)
        new = await table.beside(NEW)
        try:
            await new.ensure()
            async with self._feed(reins, table, profile) as feed:
                await self._fill(reins, feed, new)
                await self._compare(reins, feed, table, new, profile)
        except (JobCancelled, VgwmError, asyncio.CancelledError) as ended:
            if not isinstance(ended, asyncio.CancelledError) or reins.cancelled:
                await _drop_new(table)  # else the next engine goes on with it
            raise

    async def _fill(self, reins: Reins, feed: Feed, new: ObjectTable) -> None:
        pages = given = 0
        async with aclosing(feed.pages()) as fed:
            async for page in fed:
                await reins.checkpoint()
                for at in range(0, len(page), _INSERT):
                    await self._put(new, page[at : at + _INSERT])
                pages, given = pages + 1, given + len(page)
                if pages % SAID_EVERY == 0:
                    await self._note(reins, replace(self._progress, done=given))
        self._require_same_file(feed)
        buckets = await feed.buckets()
        if buckets:
            await new.upsert_buckets(buckets)
        if await new.scan_buckets() != buckets:
            raise _unequal("its bucket rows are others than those written")
        self._progress = replace(
            self._progress, done=given, total=given, stale=feed.stale, buckets=len(buckets)
        )

    async def _put(self, new: ObjectTable, rows: list[Row]) -> None:
        """Write rows, and read every one back."""
        await new.upsert(rows)
        there = {row[:2]: row for row in await new.read([(str(r[0]), str(r[1])) for r in rows])}
        for row in rows:
            if there.get(row[:2]) != row:
                raise _unequal(f"{safe(str(row[0]))}/{safe(str(row[1]))} was read back otherwise")

    def _require_same_file(self, feed: Feed) -> None:
        if isinstance(feed, FileFeed) and feed.digest != self._facts.digest:
            raise Refused(
                what="the file is another than the one that was confirmed; nothing was done",
                where=self._wish.text,
                remedy="Look at the plan again, and confirm that one.",
            )

    async def _compare(
        self, reins: Reins, feed: Feed, table: ObjectTable, new: ObjectTable, profile: Profile
    ) -> None:
        given = self._progress.done
        carry, checkpoint = feed.carries, reins.checkpoint
        comparison = Comparison(profile, self._means.workspace.id, checkpoint, carry=carry)
        told = await comparison.of(await self._present(table), new)
        # of bundles, a later one may name a key again: then there are fewer
        exact = isinstance(feed, FileFeed | LedgerFeed)
        if told.filled != given and (exact or told.filled > given):
            raise _unequal(f"{counted(given)} rows were written, {counted(told.filled)} are there")
        self._progress = replace(
            self._progress,
            done=told.held,
            total=told.held,
            same=told.same,
            changed=told.changed,
            added=told.added,
            removed=told.removed,
            carried=told.carried,
        )

    async def _swap(self, reins: Reins, table: ObjectTable, opening: Opening) -> None:
        if self._progress.step is Step.FILL:
            await reins.checkpoint()
            old = _free_tag({one.tag for one in await table.sets()})
            await self._note(reins, replace(self._progress, step=Step.SWAP, old=old))
        if self._progress.step is Step.SWAP:
            now = self._progress
            await opening.of(lambda: table.swap(now.old))
            text = (
                f"{self._wish.act}: {counted(now.done)} rows are in use now,"
                f" from {self._wish.text}: {counted(now.same)} as before,"
                f" {counted(now.changed)} changed, {counted(now.added)} added,"
                f" {counted(now.removed)} removed; the old tables end in _{now.old}"
            )
            await self._note(reins, replace(now, step=Step.INDEX), text)
        await opening.of(table.build_index)

    async def _drop_keys(self, reins: Reins, table: ObjectTable, profile: Profile) -> None:
        """Drop the cache's keys of what the swap changed; what a silent cache keeps is said."""
        cache = await open_cache(self._means.workspace)
        if cache is None:
            return
        try:
            tags = {one.tag for one in await table.sets()}
            old = await table.beside(self._progress.old) if self._progress.old in tags else None
            told = await drop_changed(cache, profile, (old, table), _go_on)
        finally:
            await cache.close()
        text = "" if not told.left else f"{counted(told.left)} cache keys are left: {told.fault}"
        now = replace(self._progress, keys=told.dropped, keys_left=told.left)
        await self._note(reins, now, text)

    @asynccontextmanager
    async def _feed(
        self, reins: Reins, table: ObjectTable, profile: Profile
    ) -> AsyncIterator[Feed]:
        """Yield what fills the new tables."""
        means, wish = self._means, self._wish
        if wish.act is Act.RESTORE:
            yield FileFeed(Path(wish.file), profile, means.workspace.id)
            return
        ledger, workspace = means.ledger, means.workspace
        folder = None if wish.origin in set(Origin) else Path(wish.origin)
        present = await self._present(table)
        book = BucketBook(await ledger.buckets(), profile)
        maker = RowMaker(profile, workspace.id)
        async with AsyncExitStack() as held:
            manifests = await open_manifests(workspace, folder)
            held.push_async_callback(manifests.close)
            if wish.origin == Origin.LEDGER:
                source = await asyncio.to_thread(self._source, book)
                if source is not None:
                    held.callback(source.close)
                yield LedgerFeed(ledger, manifests, maker, book, profile, present, source)
                return
            if wish.origin == Origin.MANIFESTS:
                roots = of_ledger(ledger)
            else:
                spool = await Spool.open(means.folder / f"rebuild-{reins.id}.spool")
                held.push_async_callback(spool.close)
                roots = spooled(manifests, spool, workspace.id)
            yield RootsFeed(roots, manifests, maker, book, workspace.id, present)

    def _source(self, book: BucketBook) -> SourceKeys | None:
        """Return the source, None where it cannot be reached: the table is made without it."""
        try:
            config = source_config(self._means.workspace)
        except VgwmError:
            return None
        return SourceKeys(open_source(config), book.owners)

    async def _present(self, table: ObjectTable) -> ObjectTable | None:
        """Return the tables in use; None where they are not there as the profile has them."""
        findings = await table.check()
        return None if any(one.verdict == "fail" for one in findings) else table

    async def _note(self, reins: Reins, progress: KeepProgress, text: str = "") -> None:
        """Store how far it is (I5), with an event if there is something to tell."""
        event = EventDraft(kind="metadata", text=text, job=reins.id) if text else None
        await self._means.ledger.assessing.progress(reins.id, progress.text(), event)
        self._progress = progress


def _free_tag(taken: set[str]) -> str:
    """Return a dated tag that no tables have: two swaps may come in one second."""
    at_ns = time.time_ns()
    while (tag := old_tag(at_ns)) in taken:
        at_ns += NS_PER_S
    return tag


async def _go_on() -> None:
    """Hold for nobody: behind the swap a job is finished, not broken off."""


async def _drop_new(table: ObjectTable) -> None:
    """Remove the tables that were being made; what ended them says more than a fault here."""
    with suppress(VgwmError, TimeoutError):
        async with asyncio.timeout(_DROP_S):
            await table.drop(NEW)


def _unequal(what: str) -> Broken:
    return Broken(
        what=f"the new table is not what was written: {what}",
        where="object table",
        remedy="The tables in use are as they were. Look at the database's disk, then try again.",
    )
