"""What green accepted and blue is not known to hold: counted, and by name.

The rows of the greenlog that are not carried, in the order of their index: those that wait, by
bucket and key, then those that blue cannot hold. Both are read from that index alone, however many
rows have been carried. A bucket counts only where it is asked for: what an earlier flip left of
another is nobody's risk.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.ledger.greenlog import GreenOp, GreenState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator

    from core.ledger.reader import Reader

# both numbers stand in the text: a partial index is not used for a bound value
# "+bid": by the primary key all that was carried would be read, too
_OPEN: Final = "greenlog WHERE st<>2 AND +bid IN (SELECT value FROM json_each(?))"
_COLUMNS: Final = "st,bid,key,op,seen,size,coalesce(why,''),tries"


class RiskPlace(NamedTuple):
    """Where a row stands: state, bucket id, key."""

    state: int
    bucket_id: int
    key: bytes


FIRST: Final = RiskPlace(0, 0, b"")
"""Before every row."""
UNCARRIABLE: Final = RiskPlace(int(GreenState.UNCARRIABLE), 0, b"")
"""Before those that blue cannot hold; behind all others."""


class GreenTally(NamedTuple):
    """Counted over rows that are not carried. oldest_ns: 0 without any."""

    puts: int
    deletes: int
    size_bytes: int
    oldest_ns: int
    uncarriable: int


class RiskRow(NamedTuple):
    """A change that blue is not known to hold. size_bytes: None for deletes. why: safe to show."""

    place: RiskPlace
    op: GreenOp
    seen_ns: int
    size_bytes: int | None
    why: str
    tries: int


class RiskPage(NamedTuple):
    """Rows of a list, and how many it has in all."""

    rows: tuple[RiskRow, ...]
    total: int


class _Part(NamedTuple):
    """Rows of one state and bucket: they stand together."""

    state: int
    bucket_id: int
    rows: int


def tallies(conn: sqlite3.Connection) -> dict[int, GreenTally]:
    """Count what blue does not hold, by the ids of buckets: one scan, however many are asked of."""
    found: dict[int, list[GreenTally]] = {}
    for bid, *counted in conn.execute(
        "SELECT bid, count(*) FILTER (WHERE op='put'), count(*) FILTER (WHERE op='del'),"
        " coalesce(sum(size),0), min(seen), count(*) FILTER (WHERE st=1)"
        " FROM greenlog WHERE st<>2 GROUP BY st,bid"
    ):
        found.setdefault(bid, []).append(GreenTally(*counted))
    return {bid: summed(parts) for bid, parts in found.items()}


def summed(parts: Iterable[GreenTally]) -> GreenTally:
    """Return the tally of several."""
    puts = deletes = size_bytes = oldest_ns = uncarriable = 0
    for part in parts:
        puts += part.puts
        deletes += part.deletes
        size_bytes += part.size_bytes
        oldest_ns = min(oldest_ns or part.oldest_ns, part.oldest_ns or oldest_ns)
        uncarriable += part.uncarriable
    return GreenTally(puts, deletes, size_bytes, oldest_ns, uncarriable)


def behind(
    conn: sqlite3.Connection, buckets: Collection[int], after: RiskPlace, limit: int
) -> list[RiskRow]:
    """Return the next rows of some buckets behind a place."""
    return list(_rows(conn, buckets, ">", after, limit))


def page(
    conn: sqlite3.Connection, buckets: Collection[int], first: RiskPlace, at: int, limit: int
) -> RiskPage:
    """Return rows of the list that begins behind `first`, from its at-th on."""
    parts = [part for part in _parts(conn, buckets) if part.state >= first.state]
    total = sum(part.rows for part in parts)
    for part in parts:
        if at < part.rows:
            place = _place(conn, part, at)
            return RiskPage(tuple(_rows(conn, buckets, ">=", place, limit)), total)
        at -= part.rows
    return RiskPage((), total)


def _ids(buckets: Collection[int]) -> str:
    return json.dumps(sorted(buckets))


def _parts(conn: sqlite3.Connection, buckets: Collection[int]) -> Iterator[_Part]:
    wanted = set(buckets)
    counted = conn.execute(
        "SELECT st,bid,count(*) FROM greenlog WHERE st<>2 GROUP BY st,bid ORDER BY st,bid"
    )
    return (_Part(*row) for row in counted if row[1] in wanted)


def _place(conn: sqlite3.Connection, part: _Part, at: int) -> RiskPlace:
    """Return where a part's at-th row stands, counted from the nearer end."""
    from_end = at > part.rows // 2
    order, skip = ("DESC", part.rows - 1 - at) if from_end else ("ASC", at)
    (key,) = conn.execute(
        f"SELECT key FROM greenlog WHERE st={int(part.state)} AND bid=?"  # noqa: S608 - a number and our own words
        f" ORDER BY key {order} LIMIT 1 OFFSET ?",
        (part.bucket_id, skip),
    ).fetchone()
    return RiskPlace(part.state, part.bucket_id, key)


def _rows(
    conn: sqlite3.Connection, buckets: Collection[int], sign: str, place: RiskPlace, limit: int
) -> Iterator[RiskRow]:
    found = conn.execute(
        f"SELECT {_COLUMNS} FROM {_OPEN} AND (st,bid,key){sign}(?,?,?)"  # noqa: S608 - our own words
        " ORDER BY st,bid,key LIMIT ?",
        (_ids(buckets), *place, limit),
    )
    for st, bid, key, op, seen, size, why, tries in found:
        yield RiskRow(RiskPlace(st, bid, key), GreenOp(op), seen, size, why, tries)


class RiskLooks:
    """Reads what blue is not known to hold. buckets: ids of those that are meant."""

    def __init__(self, scanner: Reader) -> None:
        self._scanner = scanner

    async def tallies(self) -> dict[int, GreenTally]:
        """Count it, by the ids of buckets: see `core.cutover.risk`."""
        return await self._scanner.read(tallies)

    async def behind(self, buckets: Collection[int], after: RiskPlace, limit: int) -> list[RiskRow]:
        """Return the next rows behind a place."""
        return await self._scanner.read(partial(behind, buckets=buckets, after=after, limit=limit))

    async def page(
        self, buckets: Collection[int], first: RiskPlace, at: int, limit: int
    ) -> RiskPage:
        """Return rows of the list that begins behind `first`, from its at-th on."""
        return await self._scanner.read(
            partial(page, buckets=buckets, first=first, at=at, limit=limit)
        )
