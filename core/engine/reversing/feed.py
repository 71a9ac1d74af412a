"""Listening to green: what its object table says changed, stored in the greenlog before it counts.

By what the table tells of its changes; where it tells none, or after a gap, by comparing all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.engine.reversing.merging import Merge
from core.engine.reversing.new_buckets import learn, names_of
from core.ledger.rows import EventDraft
from core.target.changes import MERGE, NoFeed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.reversing.judging import RowJudge
    from core.ledger.greenlog import Green, Stand
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow
    from core.target.changes import Change, Changes
    from core.target.objects import ObjectTable

PAGE: Final = 1_000
LOST: Final = ""
"""No feed yet, or one with a gap that is being looked for."""


class Feed:
    """Reads green's changes. A paused job listens on: what is at risk stays known."""

    def __init__(
        self, ledger: Ledger, table: ObjectTable, judge: RowJudge, changes: Changes
    ) -> None:
        self._ledger = ledger
        self._table = table
        self._judge = judge
        self._changes = changes
        self._said = ""

    async def listen(self) -> None:
        """Store all that green did until now. Repeatable; goes on where it was broken off.

        Raises what the table and the ledger raise: the feed is silent then, and the risk says so.
        """
        stand = await self._ledger.greenlog.stand()
        if not stand.buckets:
            return
        buckets = {row.id: row for row in await self._ledger.buckets() if row.id in stand.buckets}
        if stand.feed == MERGE:
            await self._compare(stand, list(buckets.values()), MERGE, 0)
            return
        gap = "nobody looked yet" if stand.feed == LOST else ""
        gap = gap or await self._changes.gap(stand.position) or await self._list(stand.position)
        if gap:
            await self._rearm(stand, list(buckets.values()), gap)

    async def _rearm(self, stand: Stand, buckets: Sequence[BucketRow], gap: str) -> None:
        """Have changes told again, and find what was missed meanwhile by comparing all."""
        # an engine that is killed from here on finds that the look is still due
        await self._ledger.green.heard(LOST, (), stand.position, to_end=False)
        way, position = self._changes.way, 0
        try:
            position = await self._changes.arm(stand.keeps_s)
        except NoFeed as refusal:
            way, gap = MERGE, refusal.what
        if stand.feed != LOST or way == MERGE:
            await self._say(f"green's changes: {gap}; the whole table is compared")
        await self._compare(stand, buckets, way, position)

    async def _say(self, text: str) -> None:
        """Tell it once, as long as nothing else is to be told."""
        if text != self._said:
            self._said = text
            await self._ledger.event(EventDraft(kind="reverse", text=text, level="warn"))

    async def _compare(
        self, stand: Stand, buckets: Sequence[BucketRow], feed: str, position: int
    ) -> None:
        writes, began_ns = self._ledger.green, time.time_ns()
        new = await learn(self._ledger, stand, await names_of(self._table))
        for bucket in (*buckets, *new):
            merge = Merge(self._ledger, self._table, self._judge, bucket)
            async for found in merge.pages(time.time_ns()):
                if found:
                    await writes.heard(LOST, found, stand.position, to_end=False)
        # what came behind the look while it went on is for the next one
        await writes.heard(feed, (), position, to_end=True, since_ns=began_ns)

    async def _list(self, position: int) -> str:
        """Store what the table tells, page by page; return why some of it may be missing."""
        began_ns = time.time_ns()
        try:
            while True:
                page = await self._changes.page(position, PAGE)
                if page.gap:
                    return page.gap
                found = await self._found(page.changes)
                await self._ledger.green.heard(
                    self._changes.way, found, page.position, to_end=page.whole, since_ns=began_ns
                )
                if page.position != position:
                    await self._changes.trim(page.position)  # durable in the ledger: none is lost
                if page.whole:
                    return ""
                position = page.position
        finally:
            await self._changes.rest()

    async def _found(self, page: Sequence[Change]) -> list[Green]:
        # Asked behind each page: a bucket that is armed meanwhile is so before green takes its
        # first write, and what a page tells of it would be trimmed away unheard.
        stand = await self._ledger.greenlog.stand()
        new = await learn(self._ledger, stand, {one.bucket for one in page})
        ids = {*stand.buckets, *(row.id for row in new)}
        buckets = {row.name: row for row in await self._ledger.buckets() if row.id in ids}
        return await self._judged(page, buckets)

    async def _judged(self, page: Sequence[Change], buckets: dict[bytes, BucketRow]) -> list[Green]:
        """Look at the rows that a page of changes names; each key once, by its first change."""
        first: dict[tuple[str, str], int] = {}
        for one in page:
            if one.bucket.encode() in buckets:
                first.setdefault((one.bucket, one.key), one.at_ns)
        rows = {(str(row[0]), str(row[1])): row for row in await self._table.read(list(first))}
        found: list[Green] = []
        for name in dict.fromkeys(bucket for bucket, _ in first):
            at = buckets[name.encode()]
            keys = [key for bucket, key in first if bucket == name]
            known = await self._ledger.greenlog.known(at.id, [key.encode() for key in keys])
            logged = await self._ledger.greenlog.some(at.id, [key.encode() for key in keys])
            for key in keys:
                raw = key.encode()
                change = self._judge.change(
                    at.id,
                    raw,
                    rows.get((name, key)),
                    known.get(raw),
                    first[name, key],
                    logged=raw in logged,
                )
                if change is not None:
                    found.append(change)
        return found
