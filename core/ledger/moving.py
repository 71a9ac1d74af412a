"""Objects that go round again, in bundles of their own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import WrongState
from core.ledger import counters
from core.ledger.planning import Made, insert_bundle
from core.ledger.rows import Disposition
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.ledger.bundles import Range
    from core.ledger.rows import EntryRow, NewBundle, Position

OPEN: Final = (ObjectState.PLANNED, ObjectState.DIRTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an object stands before it moves."""

    size: int | None
    bundle_id: int
    state: ObjectState


def again(conn: sqlite3.Connection, bundle: Range, new: Sequence[NewBundle]) -> None:
    """Move open members that changed while they were read into new bundles, one try older."""
    if not new:
        return
    places = [
        place_of(conn, bundle.bucket_id, entry[:2], OPEN, bundle.id)
        for each in new
        for entry in each.entries
    ]
    delta = _move(conn, bundle.bucket_id, new, places, tries=bundle.tries + 1, made_by=bundle.round)
    delta["requeued"] += len(places)
    counters.add(conn, bundle.bucket_id, delta)


def retry(
    conn: sqlite3.Connection, bucket_id: int, new: Sequence[NewBundle], now_ns: int, job: int
) -> int:
    """Move failed objects into new bundles of a job's round; return how many.

    Their rows in `failures` stay until they have come through: they say who belongs to a bundle
    whose range may enclose millions of others.
    """
    places = [
        place_of(conn, bucket_id, entry[:2], (ObjectState.FAILED,), None)
        for each in new
        for entry in each.entries
    ]
    delta = _move(conn, bucket_id, new, places, tries=0, made_by=job)
    delta["failed"] -= len(places)
    delta["failed_bytes"] -= sum(place.size or 0 for place in places)
    counters.add(conn, bucket_id, delta)
    conn.executemany(
        "UPDATE failures SET disp=?,last=?,bun=? WHERE bid=? AND key=? AND ver=?",
        [
            (Disposition.REQUEUED, now_ns, each.id, bucket_id, entry[0], entry[1])
            for each in new
            for entry in each.entries
        ],
    )
    return len(places)


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


def _move(  # noqa: PLR0913 - keyword-only, each a thing of its own
    conn: sqlite3.Connection,
    bucket_id: int,
    new: Sequence[NewBundle],
    places: Sequence[Place],
    *,
    tries: int,
    made_by: int,
) -> Counter[str]:
    """Give objects to new bundles and take them from their old ones; return the counters' delta."""
    delta: Counter[str] = Counter(bundles=len(new))
    sizes: list[int | None] = []
    for each in new:
        conn.executemany(
            # what a round found stays dirty: so it is found in a range that encloses millions
            "UPDATE objects SET st=CASE st WHEN 2 THEN 2 ELSE 0 END,bun=?,size=?,ino=?,mt=?,ct=?"
            " WHERE bid=? AND key=? AND ver=?",
            [(each.id, *entry[2:], bucket_id, *entry[:2]) for entry in each.entries],
        )
        moved = [entry[2] for entry in each.entries]
        insert_bundle(
            conn,
            bucket_id,
            each,
            Made(size_bytes=sum(size or 0 for size in moved), tries=tries, round=made_by),
        )
        sizes += moved
    conn.executemany(
        "UPDATE bundles SET n=n-1,bytes=bytes-? WHERE id=?",
        [(place.size or 0, place.bundle_id) for place in places],
    )
    counters.resize(delta, [place.size for place in places], sizes)
    return delta


def place_of(
    conn: sqlite3.Connection,
    bucket_id: int,
    position: Position,
    states: tuple[ObjectState, ...],
    bundle_id: int | None,
) -> Place:
    """Return where an object stands; WrongState unless it is in one of these states and bundle."""
    row: tuple[int | None, int | None, int] | None = conn.execute(
        "SELECT size,bun,st FROM objects WHERE bid=? AND key=? AND ver=?", (bucket_id, *position)
    ).fetchone()
    if row is not None and row[1] is not None:
        place = Place(size=row[0], bundle_id=row[1], state=ObjectState(row[2]))
        if place.state in states and bundle_id in (None, place.bundle_id):
            return place
    wanted = " or ".join(state.name.lower() for state in states)
    raise WrongState(
        what=f"an object is not {wanted}" + ("" if bundle_id is None else f" in {bundle_id}"),
        where=f"bucket {bucket_id}, {safe(position[0])}",
        remedy="Look at the list again: it has moved on.",
    )
