"""Listening to green: what its object table says changed, stored in the greenlog before it counts.

By a list of changes where the table keeps one; else, or after a gap in the list, by comparing all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.engine.reversing.merging import Merge
from core.engine.reversing.new_buckets import learn, names_of
from core.ledger.rows import EventDraft
from core.target.change_list import ChangeList
from core.target.open_table import table_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Workspace
    from core.engine.reversing.judging import RowJudge
    from core.ledger.greenlog import Green, Stand
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow
    from core.target.change_list import Change
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

PAGE: Final = 1_000
TRIGGERS: Final = "triggers"
MERGE: Final = "merge"
LOST: Final = ""
"""No feed yet, or one with a gap that is being looked for."""


def change_list(workspace: Workspace, profile: Profile) -> ChangeList | None:
    """Return the list of changes of the workspace's table, None where it can keep none (YDB)."""
    kind, _, path = table_spec(workspace).partition(":")
    return ChangeList(path, profile.objects) if kind == "sqlite" else None


class Feed:
    """Reads green's changes. A paused job listens on: what is at risk stays known."""

    def __init__(
        self,
        ledger: Ledger,
        table: ObjectTable,
        judge: RowJudge,
        changes: ChangeList | None,
    ) -> None:
        self._ledger = ledger
        self._table = table
        self._judge = judge
        self._changes = changes

    async def listen(self) -> None:
        """Store all that green did until now. Repeatable; goes on where it was broken off.

        Raises what the table and the ledger raise: the feed is silent then, and the risk says so.
        """
        stand = await self._ledger.greenlog.stand()
        if not stand.buckets:
            return
        buckets = {row.id: row for row in await self._ledger.buckets() if row.id in stand.buckets}
        if self._changes is None:
            await self._compare(stand, list(buckets.values()), MERGE, 0)
            return
        if stand.feed != TRIGGERS or not await self._changes.armed():
            await self._rearm(stand, list(buckets.values()))
            return
        await self._list(self._changes, stand.position)

    async def _rearm(self, stand: Stand, buckets: Sequence[BucketRow]) -> None:
        """Have changes listed again, and find what was missed meanwhile by comparing all."""
        assert self._changes is not None  # noqa: S101 - the caller looked
        # an engine that is killed from here on finds that the look is still due
        await self._ledger.green.heard(LOST, (), stand.position, to_end=False)
        position = await self._changes.arm()
        if stand.feed == TRIGGERS:
            text = "green's list of changes had a gap: the whole table is compared"
            await self._ledger.event(EventDraft(kind="reverse", text=text, level="warn"))
        await self._compare(stand, buckets, TRIGGERS, position)

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

    async def _list(self, changes: ChangeList, position: int) -> None:
        while True:
            began_ns = time.time_ns()
            page = await changes.read(position, PAGE)
            # Asked behind each page: a bucket that is armed meanwhile is so before green takes its
            # first write, and what a page tells of it would be trimmed away unheard.
            stand = await self._ledger.greenlog.stand()
            new = await learn(self._ledger, stand, {one.bucket for one in page})
            ids = {*stand.buckets, *(row.id for row in new)}
            buckets = {row.name: row for row in await self._ledger.buckets() if row.id in ids}
            found = await self._judged(page, buckets)
            position = page[-1].position if page else position
            whole = len(page) < PAGE
            await self._ledger.green.heard(
                TRIGGERS, found, position, to_end=whole, since_ns=began_ns
            )
            if page:
                await changes.trim(position)  # durable in the ledger, so nothing is lost
            if whole:
                return

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
