"""The rounds of a sync: where each walk stands, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from core.ledger.rows import position_bytes, position_of

if TYPE_CHECKING:
    import sqlite3

    from core.ledger.rows import Position

_ROUND: Final = (
    "SELECT id,job,kind,st,began,walked,ended,bid,cursor,seen,added,changed,attrs,deleted,bytes,why"
    " FROM rounds"
)


class RoundKind(StrEnum):
    """FULL looks at every file; QUICK at those alone that hints name; LAST is fenced."""

    FULL = "full"
    QUICK = "quick"
    LAST = "last"


class RoundState(StrEnum):
    """How far a round is. STOPPED: somebody has to say yes first, or the job was ended."""

    WALKING = "walking"
    CARRYING = "carrying"
    APPLYING = "applying"
    DONE = "done"
    STOPPED = "stopped"


class Found(NamedTuple):
    """What a walk found: keys seen; objects added, changed, with other attributes alone, deleted.

    size_bytes: of the added and changed ones.
    """

    seen: int = 0
    added: int = 0
    changed: int = 0
    attrs: int = 0
    deleted: int = 0
    size_bytes: int = 0

    def plus(self, other: Found) -> Found:
        """Return the sum of two."""
        return Found(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def moved(self) -> int:
        """How many objects were not as the ledger has them."""
        return self.added + self.changed + self.attrs + self.deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRow:
    """A round. bucket_id, cursor: the walk goes on there, strictly behind; None at its beginning.

    walked_ns: the end of its walk.
    """

    id: int
    job: int
    kind: RoundKind
    state: RoundState
    began_ns: int
    walked_ns: int | None
    ended_ns: int | None
    bucket_id: int | None
    cursor: Position | None
    found: Found
    why: str


def begin(conn: sqlite3.Connection, job: int, kind: RoundKind, now_ns: int) -> int:
    """Store a round that begins; return its number."""
    row: tuple[int] = conn.execute(
        "INSERT INTO rounds(job,kind,st,began,seen,added,changed,attrs,deleted,bytes,why)"
        " VALUES(?,?,?,?,0,0,0,0,0,0,'') RETURNING id",
        (job, kind, RoundState.WALKING, now_ns),
    ).fetchone()
    return row[0]


def advance(
    conn: sqlite3.Connection, round_id: int, bucket_id: int, cursor: Position, found: Found
) -> None:
    """Note how far a round's walk is, and add what it found on the way."""
    conn.execute(
        "UPDATE rounds SET bid=?,cursor=?,seen=seen+?,added=added+?,changed=changed+?,"
        "attrs=attrs+?,deleted=deleted+?,bytes=bytes+? WHERE id=?",
        (bucket_id, position_bytes(cursor), *found, round_id),
    )


def turn(
    conn: sqlite3.Connection, round_id: int, state: RoundState, now_ns: int, why: str = ""
) -> None:
    """Bring a round into its next state; the first behind the walk says when that ended."""
    ended = state in {RoundState.DONE, RoundState.STOPPED}
    walked = state in {RoundState.CARRYING, RoundState.APPLYING, RoundState.DONE}
    conn.execute(
        "UPDATE rounds SET st=?,why=?,ended=?,walked=coalesce(walked,?) WHERE id=?",
        (state, why, now_ns if ended else None, now_ns if walked else None, round_id),
    )


def newest(conn: sqlite3.Connection, limit: int, job: int | None = None) -> list[RoundRow]:
    """Return rounds, the newest first; of one job, or of all."""
    rows = conn.execute(
        f"{_ROUND} WHERE (? IS NULL OR job=?) ORDER BY id DESC LIMIT ?", (job, job, limit)
    )
    return [_row(row) for row in rows]


def newest_full(conn: sqlite3.Connection, limit: int) -> list[RoundRow]:
    """Return rounds that look at every file, the newest first."""
    rows = conn.execute(
        f"{_ROUND} WHERE kind<>? ORDER BY id DESC LIMIT ?", (RoundKind.QUICK, limit)
    )
    return [_row(row) for row in rows]


def last_full(conn: sqlite3.Connection) -> RoundRow | None:
    """Return the newest round that looked at every file and ended well."""
    row = conn.execute(
        f"{_ROUND} WHERE st=? AND kind<>? ORDER BY id DESC LIMIT 1",
        (RoundState.DONE, RoundKind.QUICK),
    ).fetchone()
    return None if row is None else _row(row)


def _row(
    row: tuple[
        *tuple[int, int, str, str, int, int | None, int | None, int | None, bytes | None],
        *tuple[int, int, int, int, int, int, str],
    ],
) -> RoundRow:
    number, job, kind, state, began, walked, ended, bid, cursor, *found, why = row
    return RoundRow(
        id=number,
        job=job,
        kind=RoundKind(kind),
        state=RoundState(state),
        began_ns=began,
        walked_ns=walked,
        ended_ns=ended,
        bucket_id=bid,
        cursor=None if cursor is None else position_of(cursor),
        found=Found(*found),
        why=why,
    )
