"""An operator's skips: failed objects given up with a reason, and taken back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from core.config.redact import redact
from core.errors import WrongState
from core.ledger import counters
from core.ledger.moving import place_of
from core.ledger.rows import Disposition
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from core.ledger.rows import Position

MADE = "skips_made"
UNDONE = "skips_undone"


def waive(
    conn: sqlite3.Connection,
    bucket_id: int,
    positions: Iterable[Position],
    who: str,
    why: str,
) -> int:
    """Give failed objects of a bucket up; return how many. WrongState if one is not failed."""
    reason, actor = redact(why), redact(who)
    delta: Counter[str] = Counter()
    for position in positions:
        size_bytes = place_of(conn, bucket_id, position, (ObjectState.FAILED,), None).size or 0
        delta.update({"failed": -1, "failed_bytes": -size_bytes})
        delta.update({"skipped": 1, "skipped_bytes": size_bytes, MADE: 1})
        _set_state(conn, ObjectState.SKIPPED, bucket_id, position)
        conn.execute(
            "UPDATE failures SET disp=?,who=?,why=? WHERE bid=? AND key=? AND ver=?",
            (Disposition.WAIVED, actor, reason, bucket_id, *position),
        )
    counters.add(conn, bucket_id, delta)
    return delta[MADE]


def unwaive(conn: sqlite3.Connection, bucket_id: int, positions: Iterable[Position]) -> int:
    """Take an operator's skips back: the objects are failed again, as they were; return how many.

    WrongState if one was not skipped by an operator.
    """
    delta: Counter[str] = Counter()
    for position in positions:
        size_bytes = place_of(conn, bucket_id, position, (ObjectState.SKIPPED,), None).size or 0
        delta.update({"failed": 1, "failed_bytes": size_bytes})
        delta.update({"skipped": -1, "skipped_bytes": -size_bytes, UNDONE: 1})
        _set_state(conn, ObjectState.FAILED, bucket_id, position)
        changed = conn.execute(
            "UPDATE failures SET disp=?,who=NULL,why=NULL"
            " WHERE bid=? AND key=? AND ver=? AND disp=?",
            (Disposition.FAILED, bucket_id, *position, Disposition.WAIVED),
        ).rowcount
        if changed != 1:
            raise WrongState(
                what="an object was not skipped by an operator",
                where=f"bucket {bucket_id}",
                remedy="Look at the list again: it has moved on.",
            )
    counters.add(conn, bucket_id, delta)
    return delta[UNDONE]


def _set_state(
    conn: sqlite3.Connection, state: ObjectState, bucket_id: int, position: Position
) -> None:
    conn.execute(
        "UPDATE objects SET st=? WHERE bid=? AND key=? AND ver=?", (state, bucket_id, *position)
    )
