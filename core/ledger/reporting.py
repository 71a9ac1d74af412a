"""What a report asks of the ledger beyond its counters: sums, the last change, what stays behind.

Everything is read in the caller's transaction, so that all of a report is of one commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag.canonical import dumps
from core.ledger.rows import Disposition
from core.model import BundleState, JobKind, JobState, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

PAGE: Final = 1_000

_TELLING: Final = ["recorded", "tombstones", "let_go", "rebundled", "bucket", "repair"]
"""Kinds of events that tell of a change of the target."""
_SWAPPING: Final = [JobKind.REPAIR, JobKind.REBUILD, JobKind.RESTORE]
_CHANGING: Final = [JobKind.COPY, JobKind.RETRY, *_SWAPPING]
"""A sync is told by its rounds: one that watches changes nothing most of the time."""
_AT_WORK: Final = [JobState.RUNNING, JobState.PAUSING, JobState.CANCELLING, JobState.INTERRUPTED]
_SYNCED: Final = (
    "SELECT max(coalesce(ended,walked,began)),max(job) FILTER (WHERE ended IS NULL) FROM rounds"
    " WHERE added+changed+attrs+deleted>0"
)
_BEHIND: Final = (Disposition.SKIP, Disposition.WAIVED, Disposition.FAILED)

# Keys outside of any bucket have no bucket's row.
_LEFT: Final = (
    "SELECT f.bid,coalesce(b.name,x''),f.key,f.ver,f.disp,f.code,f.msg,f.why"
    " FROM failures f LEFT JOIN buckets b USING(bid)"
    " WHERE f.disp IN (?,?,?) AND (f.bid,f.key,f.ver)>(?,?,?)"
    " ORDER BY f.bid,f.key,f.ver LIMIT ?"
)


class Sums(NamedTuple):
    """What stands in no counter. changing: the job that changes the target now, None for none.

    changed_ns: when the target was last changed, UTC; None: never. events: in the chain; head: the
    digest of the newest one.
    """

    pins_waiting: int
    dirty: int
    due: int
    jobs: int
    rounds: int
    events: int
    head: bytes
    changed_ns: int | None
    changing: int | None


class LeftRow(NamedTuple):
    """An object that stays behind whole. code: its class; what: what happened, or who says why."""

    bucket: bytes
    key: bytes
    version: bytes
    disposition: Disposition
    code: str
    what: str


def sums(conn: sqlite3.Connection) -> Sums:
    """Return them as of the caller's transaction."""
    last: tuple[int, bytes] | None = conn.execute(
        "SELECT seq,h FROM events ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    events, head = last or (0, b"")
    return Sums(
        pins_waiting=_n(conn, "SELECT count(*) FROM bundles WHERE st=?", BundleState.COPIED),
        dirty=_n(conn, "SELECT count(*) FROM objects WHERE st=2"),
        due=_n(conn, "SELECT count(*) FROM objects WHERE st=?", ObjectState.GONE),
        jobs=_n(conn, "SELECT count(*) FROM jobs"),
        rounds=_n(conn, "SELECT count(*) FROM rounds"),
        events=events,
        head=head,
        changed_ns=_changed_ns(conn),
        changing=_changing(conn),
    )


def left(conn: sqlite3.Connection) -> Iterator[LeftRow]:
    """Yield what was skipped, given up or failed, in key order, page by page."""
    after: tuple[int, bytes, bytes] = (-1, b"", b"")
    while rows := conn.execute(_LEFT, (*_BEHIND, *after, PAGE)).fetchall():
        for _, bucket, key, version, disposition, code, message, why in rows:
            yield LeftRow(bucket, key, version, Disposition(disposition), code, why or message)
        after = rows[-1][0], rows[-1][2], rows[-1][3]


def _changed_ns(conn: sqlite3.Connection) -> int | None:
    """Return when the newest of all changes was told of, or its job or round ended.

    Whatever stands in the chain before a change is older, though the clock was set back since: a
    proof of a time to come would else stay fresh for as long as the clock was ahead.
    """
    (told,) = conn.execute(
        "SELECT max(ts) FROM events WHERE seq<=(SELECT max(seq) FROM events"
        " WHERE kind IN (SELECT value FROM json_each(?))"
        " OR job IN (SELECT id FROM jobs WHERE kind IN (SELECT value FROM json_each(?))))",
        (dumps(_TELLING), dumps(_SWAPPING)),
    ).fetchone()
    (swapped,) = conn.execute(
        "SELECT max(coalesce(ended,began)) FROM jobs"
        " WHERE kind IN (SELECT value FROM json_each(?))",
        (dumps(_SWAPPING),),
    ).fetchone()
    synced, _ = conn.execute(_SYNCED).fetchone()
    return max((at for at in (told, swapped, synced) if at is not None), default=None)


def _changing(conn: sqlite3.Connection) -> int | None:
    (job,) = conn.execute(
        "SELECT max(id) FROM jobs WHERE kind IN (SELECT value FROM json_each(?))"
        " AND st IN (SELECT value FROM json_each(?))",
        (dumps(_CHANGING), dumps(_AT_WORK)),
    ).fetchone()
    _, synced = conn.execute(_SYNCED).fetchone()
    found: int | None = synced if job is None else job
    return found


def _n(conn: sqlite3.Connection, query: str, *values: int) -> int:
    row: tuple[int] = conn.execute(query, values).fetchone()
    return row[0]
