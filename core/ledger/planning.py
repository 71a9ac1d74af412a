"""What the plan writes: buckets, bundles with their members, skips, and where the walk stands."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.bulk import ManyRows
from core.config.redact import redact
from core.display import safe
from core.errors import BadInput, Broken
from core.ledger import counters, seals
from core.ledger.rows import (
    BucketRow,
    BucketState,
    Disposition,
    NewBundle,
    Position,
    position_bytes,
    position_of,
)
from core.model import ObjectState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.model import Skip

BEGINNING: Position = (b"", b"")
"""Where a walk stands before its first page."""

_OBJECTS = ManyRows(
    "INSERT INTO objects(bid,st,bun,key,ver,size,ino,mt,ct)", "(?1,0,?2,?,?,?,?,?,?)"
)
_INSERT_BUNDLE = (
    "INSERT INTO bundles(id,bid,lo,hi,kind,rnd,n,bytes,st,tries) VALUES(?,?,?,?,?,?,?,?,0,?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """What one commit of the plan stores of a bucket."""

    bundles: Sequence[NewBundle]
    skips: Sequence[Skip]
    cursor: Position
    increments: Mapping[str, int]
    after: Position | None = None


def add_buckets(conn: sqlite3.Connection, buckets: Iterable[tuple[bytes, str]]) -> list[int]:
    """Store (name, attributes as JSON); return ids in order. A known bucket keeps its id."""
    ids = []
    for name, attrs in buckets:
        row: tuple[int] = conn.execute(
            "INSERT INTO buckets(name,st,attrs) VALUES(?,?,?)"
            " ON CONFLICT(name) DO UPDATE SET attrs=excluded.attrs RETURNING bid",
            (name, BucketState.LISTED, attrs),
        ).fetchone()
        ids.append(row[0])
    return ids


def buckets(conn: sqlite3.Connection) -> list[BucketRow]:
    """Return all buckets in the order they were added."""
    return [
        BucketRow(
            id=bid,
            name=name,
            state=BucketState(st),
            cursor=None if cursor is None else position_of(cursor),
            attrs=attrs,
        )
        for bid, name, st, cursor, attrs in conn.execute(
            "SELECT bid,name,st,cursor,attrs FROM buckets ORDER BY bid"
        )
    ]


def plan_page(
    conn: sqlite3.Connection,
    bucket_id: int,
    page: PlanPage,
    now_ns: int,
) -> None:
    """Store closed bundles and skips up to the cursor, with counters."""
    if page.after is not None:
        _require_cursor(conn, bucket_id, page.after)
    delta: Counter[str] = Counter()
    for bundle in page.bundles:
        delta += Counter(_insert(conn, bucket_id, bundle))
    delta["skipped"] = skip(conn, bucket_id, page.skips, now_ns)
    delta["objects"] += delta["skipped"]
    delta.update({n: v for n, v in page.increments.items() if n.startswith(counters.CLASS_PREFIX)})
    counters.add(conn, bucket_id, delta)
    conn.execute(
        "UPDATE buckets SET st=?,cursor=? WHERE bid=?",
        (BucketState.WALKING, position_bytes(page.cursor), bucket_id),
    )


def _require_cursor(conn: sqlite3.Connection, bucket_id: int, after: Position) -> None:
    """Refuse a page whose predecessor was lost: with it, keys would be passed over (I4)."""
    row = conn.execute("SELECT cursor FROM buckets WHERE bid=?", (bucket_id,)).fetchone()
    kept = BEGINNING if row is None or row[0] is None else position_of(row[0])
    if kept != after:
        raise Broken(
            what="a page of the plan comes without the one before it",
            where=f"bucket {bucket_id}, behind {safe(after[0])}",
            remedy="Nothing of it was stored. Plan again: it goes on at the last stored key.",
        )


def finish_bucket(conn: sqlite3.Connection, bucket_id: int) -> None:
    """Mark a bucket's walk as ended."""
    conn.execute("UPDATE buckets SET st=? WHERE bid=?", (BucketState.DONE, bucket_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a bundle came to be: its bytes, its tries so far, and the job that made it (0: plan)."""

    size_bytes: int
    tries: int = 0
    round: int = 0


def insert_bundle(conn: sqlite3.Connection, bucket_id: int, bundle: NewBundle, made: Made) -> None:
    """Store a bundle's row; its members are the caller's. Broken if one lies out of its range."""
    if not bundle.first <= min(bundle.entries)[:2] <= max(bundle.entries)[:2] <= bundle.last:
        raise Broken(
            what=f"bundle {bundle.id} has a member out of its range",
            where=f"bucket {bucket_id}, {safe(bundle.first[0])} .. {safe(bundle.last[0])}",
            remedy="This is a fault of vgwm: keep ledger.db and report it.",
        )
    low, high = position_bytes(bundle.first), position_bytes(bundle.last)
    head = (bundle.id, bucket_id, low, high, int(bundle.kind))
    conn.execute(
        _INSERT_BUNDLE,
        (*head, made.round, len(bundle.entries), made.size_bytes, made.tries),
    )
    seals.seal_planned(conn, bundle.id, bundle.entries)


def _insert(conn: sqlite3.Connection, bucket_id: int, bundle: NewBundle) -> Counter[str]:
    entries = bundle.entries
    try:
        _OBJECTS.run(conn, entries, (bucket_id, bundle.id))
    except sqlite3.IntegrityError as error:
        raise Broken(
            what=f"a key of bundle {bundle.id} is in the ledger already",
            where=f"bucket {bucket_id}, {safe(bundle.first[0])} .. {safe(bundle.last[0])}",
            remedy="This is a fault of vgwm: keep ledger.db and report it.",
        ) from error
    except OverflowError as error:
        raise BadInput(
            what="a file's inode or time does not fit 64 bits",
            where=f"bucket {bucket_id}, {safe(bundle.first[0])} .. {safe(bundle.last[0])}",
            remedy="Correct the file's time (`touch`), then plan again.",
        ) from error
    delta = counters.shape([entry[2] for entry in entries])
    delta["objects"] = len(entries)
    delta["versions"] = len(entries) - [entry[1] for entry in entries].count(b"")
    delta["bundles"] = 1
    insert_bundle(conn, bucket_id, bundle, Made(size_bytes=delta["bytes"]))
    return delta


def skip(conn: sqlite3.Connection, bucket_id: int, skips: Sequence[Skip], now_ns: int) -> int:
    """Store skipped keys, each once; return how many are new."""
    new = 0
    for skip in skips:
        stored = conn.execute(
            "INSERT OR IGNORE INTO objects(bid,key,ver,st) VALUES(?,?,?,?)",
            (bucket_id, skip.key, skip.version, ObjectState.SKIPPED),
        )
        new += stored.rowcount
    conn.executemany(
        # not OR IGNORE: SQLite would apply that to the statements of the triggers as well
        "INSERT INTO failures(bid,key,ver,phase,code,msg,tries,first,last,disp)"
        " VALUES(?,?,?,'plan',?,?,0,?,?,?) ON CONFLICT(bid,key,ver) DO NOTHING",
        [
            (
                bucket_id,
                skip.key,
                skip.version,
                skip.reason,
                redact(skip.detail),
                now_ns,
                now_ns,
                Disposition.SKIP,
            )
            for skip in skips
        ],
    )
    return new
