"""Recorded bundles and their members, as a look at the target's bytes reads them.

Called with a read-only connection: of the engine's reader, or of a worker process of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from core.ledger.rows import position_of
from core.model import BundleKind, Cid

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

MemberRow: TypeAlias = tuple[bytes, bytes, bytes, int]
"""key, version, CID, size of a recorded object with bytes."""

_AGAIN: Final = "b.tries>0 OR b.rnd IN (SELECT id FROM jobs WHERE kind='retry')"
_BUNDLE: Final = (
    "SELECT b.id,b.bid,k.name,b.kind,b.n,b.bytes,b.root,b.allocs,b.worker,b.tries,b.rnd,b.lo,b.hi"  # noqa: S608 - constants alone
    f",{_AGAIN} FROM bundles b JOIN buckets k USING(bid) WHERE b.st=4 AND b.root IS NOT NULL"
)
_HELD: Final = " FROM bundles b WHERE b.st=4 AND b.root IS NOT NULL"
_SHARES: Final = f"SELECT b.bid,coalesce(b.worker,''),{_AGAIN},sum(b.n)"
_IN_RANGE: Final = (
    " FROM objects WHERE bid=? AND key>=? AND key<=? AND bun=? AND st=1 AND cid IS NOT NULL"
)
_TOTAL: Final = "SELECT count(*),coalesce(sum(size),0),CAST(group_concat(cid,'') AS BLOB)"
_NAMED: Final = (
    "SELECT key,ver,cid,size FROM objects"
    " WHERE bid=? AND key=? AND ver=? AND bun=? AND st=1 AND cid IS NOT NULL"
)


class RecordedBundle(NamedTuple):
    """A bundle that was recorded. A plain tuple between processes.

    worker: who carried it, "" where nobody is known. round: the job that made it, 0 the plan; the
    range of a later one may enclose millions of keys that are not its own. again: it was tried more
    than once, or a retry made it; a sync's first try is none.
    """

    id: int
    bucket_id: int
    bucket: bytes
    kind: BundleKind
    objects: int
    size_bytes: int
    root: Cid
    allocations: tuple[str, ...]
    worker: str
    tries: int
    round: int
    low: bytes
    high: bytes
    again: bool = False


def page(
    conn: sqlite3.Connection, after_id: int, limit: int, buckets: Collection[int] = ()
) -> list[RecordedBundle]:
    """Return recorded bundles with ids above after_id, in order of id; buckets: empty for all."""
    rows = conn.execute(
        f"{_BUNDLE} AND b.id>?{_among(buckets)} ORDER BY b.id LIMIT ?",
        (after_id, *sorted(buckets), limit),
    )
    return [_bundle(row) for row in rows]


def count(conn: sqlite3.Connection, buckets: Collection[int] = ()) -> int:
    """Return how many bundles are recorded."""
    query = f"SELECT count(*){_HELD}{_among(buckets)}"
    row: tuple[int] = conn.execute(query, tuple(sorted(buckets))).fetchone()
    return row[0]


def shares(
    conn: sqlite3.Connection, buckets: Collection[int] = ()
) -> list[tuple[int, str, bool, int]]:
    """Return (bucket id, worker, whether it was tried again, members) of recorded bundles."""
    rows = conn.execute(f"{_SHARES}{_HELD}{_among(buckets)} GROUP BY 1,2,3", tuple(sorted(buckets)))
    return [(bid, worker, bool(again), n) for bid, worker, again, n in rows]


def total(conn: sqlite3.Connection, bundle: RecordedBundle) -> tuple[int, int, bytes]:
    """Return how many members a bundle has, their bytes, and their CIDs one behind the other.

    The CIDs come in the order of the primary key, which SQLite reads along but does not promise: to
    be compared with what is expected, and to be asked for one by one where that differs.
    """
    row: tuple[int, int, bytes] = conn.execute(f"{_TOTAL}{_IN_RANGE}", _bounds(bundle)).fetchone()
    return row


def members(conn: sqlite3.Connection, bundle: RecordedBundle) -> list[MemberRow]:
    """Return a bundle's recorded members in key order, by its whole range."""
    query = f"SELECT key,ver,cid,size{_IN_RANGE} ORDER BY key,ver"
    return conn.execute(query, _bounds(bundle)).fetchall()


def named_members(
    conn: sqlite3.Connection, bundle: RecordedBundle, names: Iterable[tuple[bytes, bytes]]
) -> list[MemberRow]:
    """Return those of these (key, version) that are still the bundle's, recorded, in their order.

    For bundles of a later round: their range may enclose millions.
    """
    found: list[MemberRow] = []
    for key, version in names:
        row = conn.execute(_NAMED, (bundle.bucket_id, key, version, bundle.id)).fetchone()
        if row is not None:
            found.append(row)
    return found


def _bounds(bundle: RecordedBundle) -> tuple[int | bytes, ...]:
    low, high = position_of(bundle.low), position_of(bundle.high)
    return (bundle.bucket_id, low[0], high[0], bundle.id)


def _among(buckets: Collection[int]) -> str:
    return f" AND b.bid IN ({','.join('?' * len(buckets))})" if buckets else ""


def _bundle(row: Sequence[object]) -> RecordedBundle:
    bundle = RecordedBundle(*row)  # type: ignore[arg-type] # the columns, in the fields' order
    allocs: str | None = row[7]  # type: ignore[assignment] # as it is stored
    return bundle._replace(
        kind=BundleKind(bundle.kind),
        allocations=tuple(json.loads(allocs)) if allocs else (),
        worker=bundle.worker or "",
        again=bool(bundle.again),
    )
