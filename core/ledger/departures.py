"""Objects that leave a recorded bundle: which one the target's row still names, until it does not.

A changed object belongs to the bundle that will carry its new content; the old content is needed
until that is recorded. Then it is waste of the bundle that holds it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from core.ledger import counters, losses, seals, waste
from core.model import ObjectState, Unrepresentable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from core.ledger.rows import Position, RecordRow

_STORED: Final = (
    "SELECT bun,st,cid,etag,size,ino,mt,ct,mh,bid,key,ver FROM objects"
    " WHERE bid=? AND key=? AND ver=?"
)
COUNTED: Final = {
    ObjectState.RECORDED: "migrated",
    ObjectState.FAILED: "failed",
    ObjectState.SKIPPED: "skipped",
    ObjectState.GONE: "gone",
    ObjectState.GONE_APPLIED: "gone",
}
"""The counter of a state, and with `_bytes` that of its bytes; open states have none."""


class Stored(NamedTuple):
    """An object: the bundle that it belongs to, and its row."""

    bundle: int | None
    row: RecordRow


def stored(conn: sqlite3.Connection, bucket_id: int, position: Position) -> Stored | None:
    """Return an object as it is stored; None if it is not known."""
    found = conn.execute(_STORED, (bucket_id, *position)).fetchone()
    return None if found is None else Stored(found[0], found[1:])


@dataclass(slots=True)
class Shift:
    """What one commit moves in a bucket: counters, bundles' members and digests; `store` ends it.

    A bundle's digest follows all changes of its members at once.
    """

    bucket_id: int
    delta: Counter[str] = field(default_factory=Counter)
    _was: dict[int, list[RecordRow]] = field(default_factory=lambda: defaultdict(list))
    _now: dict[int, list[RecordRow]] = field(default_factory=lambda: defaultdict(list))

    def ended(self, state: int, size: int | None, n: int = 1) -> None:
        """Count objects into an end state, or with n -1 out of it."""
        name = COUNTED.get(ObjectState(state))
        if name is not None:
            self.delta[name] += n
            self.delta[f"{name}_bytes"] += n * (size or 0)

    def was(self, bundle: int | None, row: RecordRow) -> None:
        """Note a member as it was."""
        if bundle is not None:
            self._was[bundle].append(row)

    def now(self, bundle: int | None, row: RecordRow) -> None:
        """Note a member as it is."""
        if bundle is not None:
            self._now[bundle].append(row)

    def shown(self, conn: sqlite3.Connection, row: RecordRow, n: int) -> None:
        """Count what the target does not show of an object, with n -1 no more: by class."""
        name = class_of(row[10], row[3])
        if name:
            self.delta[name] += n
        if n < 0:
            self.delta.subtract(losses.drop(conn, self.bucket_id, row[9:]))

    def left(self, conn: sqlite3.Connection, bundle: int, size: int | None) -> None:
        """Take one object from a bundle's row."""
        conn.execute("UPDATE bundles SET n=n-1,bytes=bytes-? WHERE id=?", (size or 0, bundle))

    def store(self, conn: sqlite3.Connection) -> None:
        """Write counters and digests."""
        counters.add(conn, self.bucket_id, self.delta)
        for bundle in {**self._was, **self._now}:
            seals.amend(conn, bundle, self._was.get(bundle, ()), self._now.get(bundle, ()))


def class_of(version: bytes, size: int | None) -> str:
    """Return the counter of what no target shows as an object: a marker, an old version; or ""."""
    if size is None:
        return f"{counters.CLASS_PREFIX}{Unrepresentable.DELETE_MARKER}"
    return f"{counters.CLASS_PREFIX}{Unrepresentable.NONCURRENT_VERSION}" if version else ""


def depart(conn: sqlite3.Connection, row: RecordRow, bundle: int) -> None:
    """Remember which bundle the target's row of an object names; the first one counts."""
    conn.execute(
        "INSERT INTO moved(bid,key,ver,bun,bytes) VALUES(?,?,?,?,?)"
        " ON CONFLICT(bid,key,ver) DO NOTHING",
        (*row[8:], bundle, row[3] or 0),
    )


def settle(conn: sqlite3.Connection, bucket_id: int, positions: Iterable[Position]) -> None:
    """Forget where the old content of these is: nothing names it any more, it is waste."""
    objects: Counter[int] = Counter()
    size_bytes: Counter[int] = Counter()
    for position in positions:
        for bundle, size in conn.execute(
            "DELETE FROM moved WHERE bid=? AND key=? AND ver=? RETURNING bun,bytes",
            (bucket_id, *position),
        ).fetchall():
            objects[bundle] += 1
            size_bytes[bundle] += size
    waste.add(conn, [waste.Freed(b, objects[b], size_bytes[b]) for b in objects])
