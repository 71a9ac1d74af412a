"""Merges the ledger's current objects with the table's rows, both in (bucket, key) order.

Memory: a page of each. May import the ledger's looks, the table's Protocol and its own room.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, TypeVar

from core.target.objects import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from core.ledger.checking import CheckLooks, KeptRow
    from core.ledger.rows import BucketRow
    from core.target.objects import ObjectTable
    from core.target.shape import Row
    from core.verify.check_rows import RowCheck
    from core.verify.difference import Difference

PAGE: Final = 2_000

Place: TypeAlias = tuple[bytes, bytes]
"""Bucket and key."""

T = TypeVar("T")


class Joined(NamedTuple):
    """A stretch of the merge: what is wrong there, and the rows that nothing is wrong with."""

    found: list[Difference]
    sound: list[Row]


class Sides(NamedTuple):
    """What is merged: the ledger, by its buckets, and the table."""

    looks: CheckLooks
    buckets: Sequence[BucketRow]
    table: ObjectTable


async def join_rows(
    sides: Sides,
    check: RowCheck,
    *,
    again_s: Callable[[], float],
    page: int = PAGE,
) -> AsyncIterator[Joined]:
    """Yield stretch after stretch until both sides have ended. Raises what either side says.

    again_s: after how long what differs is looked at again, asked anew each time. page: keys of
    either side that are held.
    """
    kept, rows = _Kept(sides, page), _Rows(sides.table, page)
    while True:
        await kept.fill()
        await rows.fill()
        if not kept.here and not rows.here:
            return
        joined = await asyncio.to_thread(_stretch, kept, rows, check)
        if joined.found:
            await asyncio.sleep(again_s())
            joined = await _again(joined, sides, check)
        yield joined


async def _again(joined: Joined, sides: Sides, check: RowCheck) -> Joined:
    """Look once more at what differs: the pages of two sides are not one moment's.

    The table first: what the ledger calls recorded was in the table before.
    """
    places = sorted({(one.bucket, one.key) for one in joined.found})
    rows = await sides.table.read([(bucket.decode(), key.decode()) for bucket, key in places])
    present = {(str(row[0]).encode(), str(row[1]).encode()): row for row in rows}
    numbers = {bucket.name: bucket.id for bucket in sides.buckets}
    found: list[Difference] = []
    for name in dict.fromkeys(bucket for bucket, _ in places):
        keys = [key for bucket, key in places if bucket == name]
        kept = await sides.looks.rows(numbers[name], keys) if name in numbers else {}
        for key in keys:
            found += check.judge(name, key, kept.get(key), present.get((name, key)))
    return Joined(found, joined.sound)


class _Kept:
    """The ledger's side: (bucket, key) pairs with their rows, by bucket name."""

    def __init__(self, sides: Sides, page: int) -> None:
        self._looks = sides.looks
        self._page = page
        self._buckets = sorted(sides.buckets, key=lambda bucket: bucket.name)
        self._after = b""
        self.here: list[tuple[Place, KeptRow]] = []
        self.ended = False

    async def fill(self) -> None:
        """Have something at hand, unless the side has ended."""
        while not self.here and self._buckets:
            bucket = self._buckets[0]
            page = await self._looks.page(bucket.id, self._after, self._page)
            self.here = [((bucket.name, row.key), row) for row in page]
            if len(page) < self._page:
                self._buckets.pop(0)
                self._after = b""
            else:
                self._after = page[-1].key
        self.ended = not self._buckets


class _Rows:
    """The table's side."""

    def __init__(self, table: ObjectTable, page: int) -> None:
        self._table = table
        self._page = page
        self._after = START
        self.here: list[tuple[Place, Row]] = []
        self.ended = False

    async def fill(self) -> None:
        """Have something at hand, unless the side has ended."""
        if self.here or self.ended:
            return
        page = await self._table.scan(self._after, self._page)
        self.here = [((str(row[0]).encode(), str(row[1]).encode()), row) for row in page]
        self.ended = len(page) < self._page
        if page:
            self._after = (str(page[-1][0]), str(page[-1][1]))


def _stretch(ledger: _Kept, table: _Rows, check: RowCheck) -> Joined:
    """Merge as far as both sides are known: no key behind the last one of a side that goes on."""
    ends = [side.here[-1][0] for side in (ledger, table) if side.here and not side.ended]
    limit = min(ends, default=None)
    left, ledger.here = _upto(ledger.here, limit)
    right, table.here = _upto(table.here, limit)
    joined = Joined([], [])
    for place in sorted({*left, *right}):
        row = right.get(place)
        kept = left.get(place)
        ills = list(check.judge(*place, kept, row))
        joined.found.extend(ills)
        if row is not None and not ills and check.counts(kept):
            joined.sound.append(row)
    return joined


def _upto(
    here: list[tuple[Place, T]], limit: Place | None
) -> tuple[dict[Place, T], list[tuple[Place, T]]]:
    """Part a side: what stands up to a key, None for all of it, and what stands behind."""
    at = len(here) if limit is None else bisect_right(here, limit, key=itemgetter(0))
    return dict(here[:at]), here[at:]
