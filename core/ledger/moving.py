"""Objects that go round again, in bundles of their own, and failed ones that are given up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.display import safe
from core.errors import WrongState
from core.ledger import counters
from core.ledger.planning import insert_bundle
from core.ledger.rows import Disposition
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from core.ledger.bundles import Range
    from core.ledger.rows import EntryRow, NewBundle, Position

OPEN: Final = (ObjectState.PLANNED, ObjectState.DIRTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an object stands before it moves."""

    size: int | None
    bundle_id: int
    state: ObjectState


def again(conn: sqlite3.Connection, bundle: Range, new: Sequence[NewBundle]) -> None:
    """Move open members that changed while they were read into new bundles, one try older."""
    if not new:
        return
    places = [
        _place(conn, bundle.bucket_id, entry[:2], OPEN, bundle.id)
        for each in new
        for entry in each.entries
    ]
    delta = _move(conn, bundle.bucket_id, new, places, tries=bundle.tries + 1)
    delta["requeued"] += len(places)
    counters.add(conn, bundle.bucket_id, delta)


def retry(conn: sqlite3.Connection, bucket_id: int, new: Sequence[NewBundle], now_ns: int) -> int:
    """Move failed objects into new bundles, as if never tried; return how many."""
    places = [
        _place(conn, bucket_id, entry[:2], (ObjectState.FAILED,), None)
        for each in new
        for entry in each.entries
    ]
    delta = _move(conn, bucket_id, new, places, tries=0)
    delta["failed"] -= len(places)
    delta["failed_bytes"] -= sum(place.size or 0 for place in places)
    counters.add(conn, bucket_id, delta)
    conn.executemany(
        "UPDATE failures SET disp=?,last=? WHERE bid=? AND key=? AND ver=?",
        [
            (Disposition.REQUEUED, now_ns, bucket_id, entry[0], entry[1])
            for each in new
            for entry in each.entries
        ],
    )
    return len(places)


def skip(
    conn: sqlite3.Connection,
    bucket_id: int,
    positions: Iterable[Position],
    reason: str,
    now_ns: int,
) -> int:
    """Give failed objects up, with the operator's reason; return how many."""
    delta: Counter[str] = Counter()
    for position in positions:
        place = _place(conn, bucket_id, position, (ObjectState.FAILED,), None)
        size_bytes = place.size or 0
        delta.update({"failed": -1, "failed_bytes": -size_bytes})
        delta.update({"skipped": 1, "skipped_bytes": size_bytes})
        conn.execute(
            "UPDATE objects SET st=? WHERE bid=? AND key=? AND ver=?",
            (ObjectState.SKIPPED, bucket_id, *position),
        )
        conn.execute(
            "UPDATE failures SET disp=?,msg=msg||?,last=? WHERE bid=? AND key=? AND ver=?",
            (Disposition.SKIP, redact(f" (skipped: {reason})"), now_ns, bucket_id, *position),
        )
    counters.add(conn, bucket_id, delta)
    return delta["skipped"]


def failed_entries(
    conn: sqlite3.Connection, bucket_id: int, after: Position, limit: int
) -> list[EntryRow]:
    """Return a bucket's failed objects behind a position, in key order."""
    return conn.execute(
        "SELECT o.key,o.ver,o.size,o.ino,o.mt,o.ct FROM failures f JOIN objects o"
        " USING(bid,key,ver) WHERE f.bid=? AND (f.key,f.ver)>(?,?) AND f.disp=? AND o.st=5"
        " ORDER BY f.key,f.ver LIMIT ?",
        (bucket_id, *after, Disposition.FAILED, limit),
    ).fetchall()


def _move(
    conn: sqlite3.Connection,
    bucket_id: int,
    new: Sequence[NewBundle],
    places: Sequence[_Place],
    *,
    tries: int,
) -> Counter[str]:
    """Give objects to new bundles and take them from their old ones; return the counters' delta."""
    delta: Counter[str] = Counter(bundles=len(new))
    sizes: list[int | None] = []
    for each in new:
        conn.executemany(
            "UPDATE objects SET st=0,bun=?,size=?,ino=?,mt=?,ct=? WHERE bid=? AND key=? AND ver=?",
            [(each.id, *entry[2:], bucket_id, *entry[:2]) for entry in each.entries],
        )
        moved = [entry[2] for entry in each.entries]
        insert_bundle(
            conn, bucket_id, each, size_bytes=sum(size or 0 for size in moved), tries=tries
        )
        sizes += moved
    conn.executemany(
        "UPDATE bundles SET n=n-1,bytes=bytes-? WHERE id=?",
        [(place.size or 0, place.bundle_id) for place in places],
    )
    counters.resize(delta, [place.size for place in places], sizes)
    return delta


def _place(
    conn: sqlite3.Connection,
    bucket_id: int,
    position: Position,
    states: tuple[ObjectState, ...],
    bundle_id: int | None,
) -> _Place:
    """Return where an object stands; WrongState unless it is in one of these states and bundle."""
    row: tuple[int | None, int | None, int] | None = conn.execute(
        "SELECT size,bun,st FROM objects WHERE bid=? AND key=? AND ver=?", (bucket_id, *position)
    ).fetchone()
    if row is not None and row[1] is not None:
        place = _Place(size=row[0], bundle_id=row[1], state=ObjectState(row[2]))
        if place.state in states and bundle_id in (None, place.bundle_id):
            return place
    wanted = " or ".join(state.name.lower() for state in states)
    raise WrongState(
        what=f"an object is not {wanted}" + ("" if bundle_id is None else f" in {bundle_id}"),
        where=f"bucket {bucket_id}, {safe(position[0])}",
        remedy="Look at the list again: it has moved on.",
    )
