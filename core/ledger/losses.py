"""What migrated objects have that the target does not show: by name, or counted by class.

Kept in the commit that says a bundle is copied: what is done again names and counts the same, and
stands in the counters once, whatever a crash undid.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from core.bulk import ManyRows
from core.display import size
from core.ledger import counters
from core.model import ObjectState, Unrepresentable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from core.ledger.rows import Position

TABLES: Final = (
    (
        "CREATE TABLE losses(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
        " why TEXT NOT NULL, what TEXT NOT NULL, PRIMARY KEY(bid,key,ver,why,what)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE tallies(bun INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,"
        " PRIMARY KEY(bun,name)) WITHOUT ROWID"
    ),
)

LossRow = tuple[bytes, bytes, str, str]
"""key, version, reason (`core.model.Unrepresentable`), what of it; as the workers' `Loss`."""

_INSERT: Final = ManyRows("INSERT OR IGNORE INTO losses(bid,key,ver,why,what)", "(?1,?,?,?,?)")
_PAGE: Final = (
    "SELECT l.bid,b.name,l.key,l.ver,l.why,l.what FROM losses l JOIN buckets b USING(bid)"
    " WHERE (l.bid,l.key,l.ver,l.why,l.what)>(?,?,?,?,?)"
    " ORDER BY l.bid,l.key,l.ver,l.why,l.what LIMIT ?"
)
_SKIPPED: Final = (
    "SELECT f.bid,b.name,f.key,f.ver,f.code,f.msg FROM failures f JOIN buckets b USING(bid)"
    " WHERE f.disp='skip' AND (f.bid,f.key,f.ver)>(?,?,?)"
    " ORDER BY f.bid,f.key,f.ver LIMIT ?"
)
# The walk skipped what else has no size; what is gone is not counted any more.
_HISTORY: Final = (
    "SELECT o.bid,b.name,o.key,o.ver,o.size FROM objects o JOIN buckets b USING(bid)"
    " WHERE (o.ver<>x'' OR o.size IS NULL) AND o.st NOT IN (?,?,?)"
    " AND (o.bid,o.key,o.ver)>(?,?,?) ORDER BY o.bid,o.key,o.ver LIMIT ?"
)
_NO_HISTORY: Final = (ObjectState.SKIPPED, ObjectState.GONE, ObjectState.GONE_APPLIED)
_OF_HISTORY: Final = (Unrepresentable.NONCURRENT_VERSION, Unrepresentable.DELETE_MARKER)
PAGE: Final = 1_000
_BEFORE_ALL: Final = (0, b"", b"", "", "")


class Lost(NamedTuple):
    """Something that an object has and the target does not show."""

    bucket_id: int
    bucket: bytes
    key: bytes
    version: bytes
    why: str
    what: str


def keep(conn: sqlite3.Connection, bucket_id: int, rows: Sequence[LossRow]) -> None:
    """Store what is not stored yet, and count that by class."""
    if not rows:
        return
    delta: Counter[str] = Counter()
    for why in {row[2] for row in rows}:
        new = _INSERT.run(conn, [row for row in rows if row[2] == why], (bucket_id,))
        delta[f"{counters.CLASS_PREFIX}{why}"] = new
    counters.add(conn, bucket_id, delta)


def drop(conn: sqlite3.Connection, bucket_id: int, position: Position) -> Counter[str]:
    """Forget what an object lost: it is another one now, or gone; return what is counted less."""
    dropped = conn.execute(
        "DELETE FROM losses WHERE bid=? AND key=? AND ver=? RETURNING why", (bucket_id, *position)
    ).fetchall()
    return Counter(f"{counters.CLASS_PREFIX}{why}" for (why,) in dropped)


def tally(
    conn: sqlite3.Connection, bucket_id: int, bundle_id: int, found: Mapping[str, int]
) -> None:
    """Put what was counted in a bundle in place of what was counted in it before."""
    before = conn.execute("SELECT name,n FROM tallies WHERE bun=?", (bundle_id,)).fetchall()
    if not before and not found:
        return
    conn.execute("DELETE FROM tallies WHERE bun=?", (bundle_id,))
    rows = [(bundle_id, name, n) for name, n in found.items()]
    conn.executemany("INSERT INTO tallies(bun,name,n) VALUES(?,?,?)", rows)
    delta = Counter({f"{counters.CLASS_PREFIX}{name}": n for name, n in found.items()})
    delta.subtract({f"{counters.CLASS_PREFIX}{name}": n for name, n in before})
    counters.add(conn, bucket_id, delta)


def read(conn: sqlite3.Connection) -> Iterator[Lost]:
    """Yield what is kept, in key order; each page is a statement of its own: no writer waits."""
    after: tuple[object, ...] = _BEFORE_ALL
    while rows := conn.execute(_PAGE, (*after, PAGE)).fetchall():
        yield from map(Lost._make, rows)
        after = (rows[-1][0], *rows[-1][2:])


def left_out(conn: sqlite3.Connection) -> Iterator[Lost]:
    """Yield the objects that the walk left out whole, in key order, page by page."""
    after: tuple[object, ...] = _BEFORE_ALL[:3]
    while rows := conn.execute(_SKIPPED, (*after, PAGE)).fetchall():
        yield from map(Lost._make, rows)
        after = (rows[-1][0], *rows[-1][2:4])


def history(conn: sqlite3.Connection) -> Iterator[Lost]:
    """Yield old versions and delete markers, in key order, page by page.

    No table names them: each is an object of its own in the ledger, and counted by class.
    """
    counted = dict(counters.read(conn, counters.ALL).classes)
    if not any(counted.get(one) for one in _OF_HISTORY):
        return  # they would be looked for among all objects
    after: tuple[object, ...] = _BEFORE_ALL[:3]
    while rows := conn.execute(_HISTORY, (*_NO_HISTORY, *after, PAGE)).fetchall():
        for bucket_id, bucket, key, version, size_bytes in rows:
            why = Unrepresentable.NONCURRENT_VERSION, size(size_bytes or 0)
            if size_bytes is None:
                why = Unrepresentable.DELETE_MARKER, ""
            yield Lost(bucket_id, bucket, key, version, *why)
        after = (rows[-1][0], *rows[-1][2:4])
