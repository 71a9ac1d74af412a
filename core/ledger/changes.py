"""What a round found in a stretch of keys, in one commit: new, changed, gone, back (I4).

Every object that a page names stands in the ledger as the round saw it; a page of a round that has
moved on is refused whole.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import safe
from core.errors import WrongState
from core.ledger import counters, losses, rounds
from core.ledger.departures import Shift, Stored, class_of, depart, stored
from core.ledger.planning import Made, insert_bundle, skip
from core.ledger.rows import Disposition
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.ledger.losses import LossRow
    from core.ledger.rounds import Found
    from core.ledger.rows import EntryRow, NewBundle, Position, RecordRow
    from core.model import Skip

OPEN: Final = frozenset({ObjectState.PLANNED, ObjectState.DIRTY})
HELD: Final = frozenset({ObjectState.RECORDED, ObjectState.GONE})
"""States in which the target may have a row that names the object's bundle."""


class Touch(NamedTuple):
    """An object with the same content and another fingerprint. mh: its metadata's digest now."""

    key: bytes
    version: bytes
    ino: int
    mtime_ns: int
    ctime_ns: int
    etag: bytes
    mh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What one commit of a round stores of a bucket.

    bundles: new and changed objects, to be read. touched: same content; losses: what the target
    does not show of those now. gone: not at the source any more; back: gone, and there again as
    they were. cursor: all keys up to it were looked at.
    """

    cursor: Position
    found: Found
    bundles: Sequence[NewBundle] = ()
    skips: Sequence[Skip] = ()
    touched: Sequence[Touch] = ()
    gone: Sequence[Position] = ()
    back: Sequence[EntryRow] = ()
    losses: Sequence[LossRow] = ()


class Round(NamedTuple):
    """Which round of which job stores."""

    id: int
    job: int


def store(
    conn: sqlite3.Connection, at: Round, bucket_id: int, changes: Changes, now_ns: int
) -> None:
    """Store what a round found, with its cursor. Raises WrongState for an object that is open."""
    shift = Shift(bucket_id)
    for bundle in changes.bundles:
        _enter(conn, shift, bundle, at.job, now_ns)
    for one in changes.touched:
        _touch(conn, shift, one)
    for position in changes.gone:
        _go(conn, shift, position)
    for entry in changes.back:
        _come_back(conn, shift, entry)
    _skip(conn, shift, changes.skips, now_ns)
    shift.store(conn)
    losses.keep(conn, bucket_id, changes.losses)
    rounds.advance(conn, at.id, bucket_id, changes.cursor, changes.found)


def carry_again(
    conn: sqlite3.Connection, bucket_id: int, new: Sequence[NewBundle], job: int, now_ns: int
) -> None:
    """Put recorded objects into new bundles of a job; the target's rows name the old ones still.

    Raises WrongState if one of them is not recorded (any more); then nothing is stored.
    """
    shift = Shift(bucket_id)
    for bundle in new:
        for entry in bundle.entries:
            _held(conn, shift, entry[:2], ObjectState.RECORDED)
        _enter(conn, shift, bundle, job, now_ns)
    shift.store(conn)


def _enter(
    conn: sqlite3.Connection, shift: Shift, bundle: NewBundle, job: int, now_ns: int
) -> None:
    """Put new and changed objects into a bundle of the round: dirty until it is recorded."""
    old: list[int | None] = []
    fresh: list[int | None] = []
    for entry in bundle.entries:
        found = stored(conn, shift.bucket_id, entry[:2])
        if found is None:
            shift.delta["objects"] += 1
        else:
            _leave(conn, shift, found, bundle.id, now_ns)
        if found is None or found.bundle is None:  # not among the counted keys so far
            shift.delta["versions"] += bool(entry[1])
        else:
            old.append(found.row[3])
        fresh.append(entry[2])
        shift.delta[class_of(entry[1], entry[2])] += 1
        conn.execute(
            "INSERT INTO objects(bid,key,ver,st,bun,size,ino,mt,ct) VALUES(?,?,?,2,?,?,?,?,?)"
            " ON CONFLICT(bid,key,ver) DO UPDATE SET st=2,bun=excluded.bun,size=excluded.size,"
            "ino=excluded.ino,mt=excluded.mt,ct=excluded.ct,cid=NULL,etag=NULL,mh=NULL",
            (shift.bucket_id, *entry[:2], bundle.id, *entry[2:]),
        )
    del shift.delta[""]  # of no class
    counters.resize(shift.delta, old, fresh)
    shift.delta["bundles"] += 1
    size_bytes = sum(size or 0 for size in fresh)
    insert_bundle(conn, shift.bucket_id, bundle, Made(size_bytes=size_bytes, round=job))


def _leave(conn: sqlite3.Connection, shift: Shift, stored: Stored, new: int, now_ns: int) -> None:
    """Take an object out of the state and the bundle that it had."""
    bundle, row = stored
    state, size, position = ObjectState(row[0]), row[3], row[9:]
    _require_closed(state, shift.bucket_id, position[0])
    shift.ended(state, size, -1)
    if bundle is not None:
        shift.left(conn, bundle, size)
        shift.was(bundle, row)
        if state is not ObjectState.GONE_APPLIED:
            shift.shown(conn, row, -1)
        if state in HELD and row[1] is not None:
            depart(conn, row, bundle)
    where = (shift.bucket_id, *position)
    if state is ObjectState.FAILED:
        conn.execute(
            "UPDATE failures SET disp=?,last=?,bun=? WHERE bid=? AND key=? AND ver=?",
            (Disposition.REQUEUED, now_ns, new, *where),
        )
    elif state is ObjectState.SKIPPED:
        _unskip(conn, shift, position)


def _touch(conn: sqlite3.Connection, shift: Shift, one: Touch) -> None:
    bundle, row = _held(conn, shift, (one.key, one.version), ObjectState.RECORDED)
    changed: RecordRow = (
        *(row[0], row[1], one.etag, row[3], one.ino, one.mtime_ns, one.ctime_ns, one.mh),
        *row[8:],
    )
    conn.execute(
        "UPDATE objects SET etag=?,ino=?,mt=?,ct=?,mh=? WHERE bid=? AND key=? AND ver=?",
        (*(one.etag, one.ino, one.mtime_ns, one.ctime_ns, one.mh), *row[8:]),
    )
    shift.was(bundle, row)
    shift.now(bundle, changed)
    # also of equal metadata: what no target shows is not in it
    shift.delta.subtract(losses.drop(conn, shift.bucket_id, (one.key, one.version)))


def _go(conn: sqlite3.Connection, shift: Shift, position: Position) -> None:
    """Mark an object whose removal is due; of a key that was only ever skipped nothing is."""
    found = stored(conn, shift.bucket_id, position)
    if found is None:
        raise _moved_on(shift.bucket_id, position[0])
    bundle, row = found
    state = ObjectState(row[0])
    _require_closed(state, shift.bucket_id, position[0])
    # what was never in a bundle was never copied
    to = ObjectState.GONE_APPLIED if bundle is None else ObjectState.GONE
    _turn(conn, shift, bundle, row, to)
    if state in {ObjectState.FAILED, ObjectState.SKIPPED}:
        _unskip(conn, shift, position)


def _unskip(conn: sqlite3.Connection, shift: Shift, position: Position) -> None:
    """Forget why a key failed or was skipped; a walk's skip was counted by its class."""
    for code, disposition in conn.execute(
        "DELETE FROM failures WHERE bid=? AND key=? AND ver=? RETURNING code,disp",
        (shift.bucket_id, *position),
    ).fetchall():
        if disposition == Disposition.SKIP:
            shift.delta[f"{counters.CLASS_PREFIX}{code}"] -= 1


def _come_back(conn: sqlite3.Connection, shift: Shift, entry: EntryRow) -> None:
    """Take a tombstone back: nothing was removed yet, and the object is there as it was."""
    bundle, row = _held(conn, shift, entry[:2], ObjectState.GONE)
    _turn(conn, shift, bundle, row, ObjectState.RECORDED)


def _skip(conn: sqlite3.Connection, shift: Shift, skips: Sequence[Skip], now_ns: int) -> None:
    """Store skipped keys; one that was gone is skipped now."""
    for one in skips:
        found = stored(conn, shift.bucket_id, (one.key, one.version))
        if found is not None and found.row[0] == ObjectState.GONE_APPLIED:
            _skip_gone(conn, shift, *found)
    new = skip(conn, shift.bucket_id, skips, now_ns)
    shift.delta.update({"objects": new, "skipped": new})
    shift.delta.update(Counter(f"{counters.CLASS_PREFIX}{one.reason}" for one in skips))


def _skip_gone(conn: sqlite3.Connection, shift: Shift, bundle: int | None, row: RecordRow) -> None:
    """Let a key that was an object, and is gone, be one that is skipped: in no bundle, no size."""
    if bundle is not None:
        shift.left(conn, bundle, row[3])
        shift.was(bundle, row)
        shift.delta["versions"] -= bool(row[10])
        counters.resize(shift.delta, [row[3]], [])
    shift.ended(row[0], row[3], -1)
    shift.ended(ObjectState.SKIPPED, None)
    conn.execute(
        "UPDATE objects SET st=4,bun=NULL,size=NULL,ino=NULL,mt=NULL,ct=NULL,cid=NULL,etag=NULL,"
        "mh=NULL WHERE bid=? AND key=? AND ver=?",
        row[8:],
    )


def _turn(
    conn: sqlite3.Connection,
    shift: Shift,
    bundle: int | None,
    row: RecordRow,
    to: ObjectState,
) -> None:
    """Bring an object into another end state, where it is."""
    conn.execute("UPDATE objects SET st=? WHERE bid=? AND key=? AND ver=?", (int(to), *row[8:]))
    shift.ended(row[0], row[3], -1)
    shift.ended(to, row[3])
    shift.was(bundle, row)
    shift.now(bundle, (int(to), *row[1:]))


def _held(conn: sqlite3.Connection, shift: Shift, position: Position, state: ObjectState) -> Stored:
    """Return an object's bundle and row. Raises WrongState unless it is in this state."""
    found = stored(conn, shift.bucket_id, position)
    if found is None or found.row[0] != state:
        raise _moved_on(shift.bucket_id, position[0])
    return found


def _require_closed(state: ObjectState, bucket_id: int, key: bytes) -> None:
    if state in OPEN:
        raise _moved_on(bucket_id, key)


def _moved_on(bucket_id: int, key: bytes) -> WrongState:
    return WrongState(
        what="an object is not as the round saw it",
        where=f"bucket {bucket_id}, {safe(key)}",
        remedy="Nothing was stored. The next round looks again.",
    )
