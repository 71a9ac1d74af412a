"""The source's buckets as a round finds them: new ones, changed settings, removed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.ledger import bundles, recording
from core.ledger.rows import BucketState
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


class BucketsSeen(NamedTuple):
    """Names of buckets: new, with other settings, there again, and in the ledger alone."""

    added: tuple[bytes, ...]
    changed: tuple[bytes, ...]
    back: tuple[bytes, ...]
    vanished: tuple[bytes, ...]


def store(conn: sqlite3.Connection, seen: Sequence[tuple[bytes, str]]) -> BucketsSeen:
    """Store (name, attributes as JSON) of all buckets of the source; return what differs.

    A new one counts as walked: the round itself finds its keys.
    """
    known = {
        name: (BucketState(st), attrs)
        for name, st, attrs in conn.execute("SELECT name,st,attrs FROM buckets")
    }
    added, changed, back = [], [], []
    for name, attrs in seen:
        state, kept = known.pop(name, (None, ""))
        if state is None:
            conn.execute(
                "INSERT INTO buckets(name,st,attrs) VALUES(?,?,?)", (name, BucketState.DONE, attrs)
            )
            added.append(name)
            continue
        if not state.there:
            conn.execute("UPDATE buckets SET st=? WHERE name=?", (BucketState.DONE, name))
            back.append(name)
        if kept != attrs:
            conn.execute("UPDATE buckets SET attrs=? WHERE name=?", (attrs, name))
            changed.append(name)
    vanished = sorted(name for name, (state, _) in known.items() if state.there)
    return BucketsSeen(tuple(added), tuple(changed), tuple(back), tuple(vanished))


def removed(conn: sqlite3.Connection) -> None:
    """Note that the target has the vanished buckets no more."""
    conn.execute("UPDATE buckets SET st=? WHERE st=?", (BucketState.REMOVED, BucketState.GONE))


def gone(conn: sqlite3.Connection, bucket_id: int, now_ns: int) -> None:
    """Mark a bucket that the source has no more; what was to be brought from it is gone, too."""
    conn.execute("UPDATE buckets SET st=? WHERE bid=?", (BucketState.GONE, bucket_id))
    for (number,) in conn.execute(
        "SELECT id FROM bundles WHERE bid=? AND st<4 AND rnd<>0", (bucket_id,)
    ).fetchall():
        rows = [
            (int(ObjectState.GONE), None, None, *entry[2:], None, bucket_id, *entry[:2])
            for entry in bundles.members(conn, number)
        ]
        outcome = recording.Outcome(rows=rows, failures=[], requeued=[])
        recording.record(conn, number, outcome, now_ns)
