"""What green accepted since the flip, key by key, and how far it is on blue (cutover.md 8).

One row a key: its newest change. Rows stay when they are carried, so that a key is known to be
green's until its bucket is blue's again.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.ledger import settings
from core.ledger.known import known_page, known_some

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from core.ledger.known import Known
    from core.ledger.mending import Write
    from core.ledger.reader import Reader
    from core.ledger.rows import EventDraft

_STAND: Final = "reverse"
_COLUMNS: Final = "bid,key,op,seen,cid,size,st,why,h,tries,ino,mt,ct"
_PUT: Final = (
    "INSERT INTO greenlog(bid,key,ver,op,seen,cid,size,st,h,tries) VALUES(?,?,x'',?,?,?,?,0,?,0)"
    " ON CONFLICT(bid,key,ver) DO UPDATE SET op=excluded.op,"
    # the oldest change that blue does not hold counts, not the newest
    "seen=CASE WHEN st=2 THEN excluded.seen ELSE seen END,"
    "cid=excluded.cid,size=excluded.size,st=0,why=NULL,h=excluded.h,tries=0"
    " WHERE h<>excluded.h OR op<>excluded.op"
)

Place = tuple[int, bytes]
"""Bucket id and key: where a page of rows stands."""

BEGINNING: Final[Place] = (0, b"")


class GreenOp(StrEnum):
    """What green's newest change of a key did."""

    PUT = "put"
    DELETE = "del"


class GreenState(IntEnum):
    """How far a change is (`greenlog.st`)."""

    WAITING = 0
    UNCARRIABLE = 1  # blue cannot hold it; tried again with each further change, and by request
    CARRIED = 2  # read back on blue


class Green(NamedTuple):
    """A change as a feed tells it. digest: of green's row, so that one is known again."""

    bucket_id: int
    key: bytes
    op: GreenOp
    seen_ns: int
    cid: bytes | None
    size_bytes: int
    digest: bytes


class GreenRow(NamedTuple):
    """A row of the greenlog. why: safe to show. ino .. ctime_ns: of what was put on blue.

    cid, size_bytes: as green's row says; None for deletes.
    """

    bucket_id: int
    key: bytes
    op: GreenOp
    seen_ns: int
    cid: bytes | None
    size_bytes: int | None
    state: GreenState
    why: str
    digest: bytes
    tries: int
    ino: int | None
    mtime_ns: int | None
    ctime_ns: int | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return (self.bucket_id, self.key)


class Carried(NamedTuple):
    """A change that was read back on blue, with the fingerprint of what stands there.

    digest: of the change that was to be carried; a newer one of the same key stays waiting. now: of
    what was carried. why: in what it differs from green for good, safe to show.
    """

    bucket_id: int
    key: bytes
    digest: bytes
    now: bytes
    why: str = ""
    ino: int | None = None
    mtime_ns: int | None = None
    ctime_ns: int | None = None


class Stuck(NamedTuple):
    """A change that was tried in vain. uncarriable: blue cannot hold it, however often."""

    bucket_id: int
    key: bytes
    digest: bytes
    why: str
    uncarriable: bool


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """Where the reverse copy stands.

    since_ns: T_flip of the first flipped bucket, 0 before. buckets: ids of those that green writes.
    kept: of those that are green's for good. feed: `triggers`, `changefeed`, `merge`, "" before it
    is there. keeps_s: how long a changefeed keeps what is not read. position: in the feed, all
    before it is in the greenlog. heard_ns: when the feed was last read to its end. carried: changes
    carried so far, foreign: keys that somebody else wrote on blue; both are tallies.
    """

    since_ns: int = 0
    buckets: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    feed: str = ""
    keeps_s: float = 0.0
    position: int = 0
    heard_ns: int = 0
    carried: int = 0
    foreign: int = 0


def stand(conn: sqlite3.Connection) -> Stand:
    """Return where the reverse copy stands."""
    kept = settings.get_meta(conn, _STAND)
    return Stand() if kept is None else msgspec.json.decode(str(kept), type=Stand)


def _keep(conn: sqlite3.Connection, now: Stand) -> None:
    settings.set_meta(conn, _STAND, msgspec.json.encode(now).decode())


def page(
    conn: sqlite3.Connection, state: GreenState | None, after: Place, limit: int
) -> list[GreenRow]:
    """Return rows of a state (None: all) behind a place, by bucket and key."""
    if state is None:
        where, bound = "(bid,key)>(?,?)", (*after, limit)
    else:
        # the number stands in the text: a partial index is not used for a bound value
        where, bound = f"st={int(state)} AND (bid,key)>(?,?)", (*after, limit)
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM greenlog WHERE {where} ORDER BY bid,key LIMIT ?",  # noqa: S608 - our own words
        bound,
    )
    return [_row(row) for row in rows]


def some(conn: sqlite3.Connection, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, GreenRow]:
    """Return the rows of those keys that green has changed."""
    query = f"SELECT {_COLUMNS} FROM greenlog WHERE bid=? AND key=?"  # noqa: S608 - our own words
    found = (conn.execute(query, (bucket_id, key)).fetchone() for key in keys)
    return {row[1]: _row(row) for row in found if row is not None}


def any_of(conn: sqlite3.Connection, buckets: Sequence[int]) -> bool:
    """Tell whether green has changed anything in these buckets."""
    query = "SELECT 1 FROM greenlog WHERE bid=? LIMIT 1"
    return any(conn.execute(query, (bucket,)).fetchone() for bucket in buckets)


def _row(row: tuple[object, ...]) -> GreenRow:
    made = GreenRow._make(row)
    return made._replace(op=GreenOp(made.op), state=GreenState(made.state), why=made.why or "")


def begin(conn: sqlite3.Connection, buckets: Sequence[int], now_ns: int) -> Stand:
    """Let green's changes of buckets count from now on; what an earlier flip left is forgotten."""
    was = stand(conn)
    new = [bucket for bucket in buckets if bucket not in was.buckets]
    conn.executemany("DELETE FROM greenlog WHERE bid=?", [(bucket,) for bucket in new])
    now = msgspec.structs.replace(
        was if was.buckets else _before_all(was),
        since_ns=(was.since_ns if was.buckets else 0) or now_ns,
        buckets=tuple(sorted({*was.buckets, *new})),
        kept=tuple(one for one in was.kept if one not in set(buckets)),
    )
    _keep(conn, now)
    return now


def _before_all(was: Stand) -> Stand:
    """Return where the first flip begins: the feed is armed, and nothing was accepted."""
    return Stand(kept=was.kept, feed=was.feed, keeps_s=was.keeps_s, position=was.position)


def armed(conn: sqlite3.Connection, feed: str, position: int, keeps_s: float) -> None:
    """Store that nothing was written to green yet, so that a feed that begins here is whole."""
    was = stand(conn)
    _keep(conn, msgspec.structs.replace(was, feed=feed, position=position, keeps_s=keeps_s))


def end(conn: sqlite3.Connection, buckets: Sequence[int], *, keep: bool) -> Stand:
    """Let green's changes count no more; rows stay, as the list of what was carried and was not.

    keep: the buckets are green's for good; else blue's again.
    """
    was = stand(conn)
    now = msgspec.structs.replace(
        was,
        buckets=tuple(one for one in was.buckets if one not in set(buckets)),
        kept=tuple(sorted({*was.kept, *buckets})) if keep else was.kept,
    )
    _keep(conn, now)
    return now


def heard(
    conn: sqlite3.Connection, feed: str, changes: Sequence[Green], position: int, heard_ns: int
) -> None:
    """Store what a feed told up to a position, in one commit. heard_ns: 0 if more is to come."""
    conn.executemany(
        _PUT,
        [
            (one.bucket_id, one.key, one.op, one.seen_ns, one.cid, one.size_bytes, one.digest)
            for one in changes
        ],
    )
    was = stand(conn)
    _keep(
        conn,
        msgspec.structs.replace(
            was, feed=feed, position=position, heard_ns=heard_ns or was.heard_ns
        ),
    )


def settle(
    conn: sqlite3.Connection, carried: Sequence[Carried], stuck: Sequence[Stuck], foreign: int
) -> None:
    """Note what was read back on blue, and what was tried in vain; newer changes stay waiting."""
    done = conn.executemany(
        "UPDATE greenlog SET st=2,why=?,h=?,ino=?,mt=?,ct=? WHERE bid=? AND key=? AND h=?",
        [
            (c.why or None, c.now, c.ino, c.mtime_ns, c.ctime_ns, c.bucket_id, c.key, c.digest)
            for c in carried
        ],
    ).rowcount
    conn.executemany(
        "UPDATE greenlog SET st=?,why=?,tries=tries+1 WHERE bid=? AND key=? AND h=? AND st<>2",
        [(int(s.uncarriable), s.why, s.bucket_id, s.key, s.digest) for s in stuck],
    )
    if done > 0 or foreign:
        was = stand(conn)
        now = msgspec.structs.replace(
            was, carried=was.carried + max(done, 0), foreign=was.foreign + foreign
        )
        _keep(conn, now)


def again(conn: sqlite3.Connection, rows: Sequence[GreenRow]) -> None:
    """Let changes wait once more: blue was seen not to hold them. Newer ones wait already."""
    conn.executemany(
        "UPDATE greenlog SET st=0,tries=0 WHERE bid=? AND key=? AND h=? AND st=2",
        [(row.bucket_id, row.key, row.digest) for row in rows],
    )


class GreenLooks:
    """Reads what green accepted."""

    def __init__(self, reader: Reader, scanner: Reader) -> None:
        self._reader = reader
        self._scanner = scanner

    async def stand(self) -> Stand:
        """Return where the reverse copy stands."""
        return await self._reader.read(stand)

    async def page(
        self, state: GreenState | None, after: Place = BEGINNING, limit: int = 1_000
    ) -> list[GreenRow]:
        """Return rows of a state (None: all) behind a place, by bucket and key."""
        return await self._scanner.read(partial(page, state=state, after=after, limit=limit))

    async def known(self, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """Return those of some current keys that were migrated."""
        return await self._reader.read(partial(known_some, bucket_id=bucket_id, keys=keys))

    async def known_page(self, bucket_id: int, after: bytes, limit: int) -> list[Known]:
        """Return a bucket's next migrated keys behind one, b"" for the first."""
        return await self._scanner.read(
            partial(known_page, bucket_id=bucket_id, after=after, limit=limit)
        )

    async def any_of(self, buckets: Sequence[int]) -> bool:
        """Tell whether green has changed anything in these buckets."""
        return await self._reader.read(partial(any_of, buckets=buckets))

    async def some(self, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, GreenRow]:
        """Return the rows of those keys that green has changed."""
        return await self._reader.read(partial(some, bucket_id=bucket_id, keys=keys))


class GreenWrites:
    """Notes what green accepted and what became of it, each in one commit (I5)."""

    def __init__(self, write: Write, clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    async def begin(self, buckets: Sequence[int], event: EventDraft | None = None) -> Stand:
        """Let green's changes of buckets count, from before green is sent anywhere. Repeatable."""
        return await self._write(partial(begin, buckets=buckets, now_ns=self._clock()), event)

    async def armed(self, feed: str, position: int, keeps_s: float) -> None:
        """Store that a feed is whole from here on: nothing was written to green yet."""
        await self._write(partial(armed, feed=feed, position=position, keeps_s=keeps_s))

    async def end(
        self, buckets: Sequence[int], event: EventDraft | None = None, *, keep: bool = False
    ) -> Stand:
        """Let buckets be blue's again, after the last load balancer read back blue.

        keep: they are green's for good instead.
        """
        return await self._write(partial(end, buckets=buckets, keep=keep), event)

    async def heard(
        self,
        feed: str,
        changes: Sequence[Green],
        position: int,
        *,
        to_end: bool,
        since_ns: int | None = None,
    ) -> None:
        """Store what a feed told up to a position.

        to_end: nothing more was in it. since_ns: when that was, UTC; None for now.
        """
        heard_ns = (self._clock() if since_ns is None else since_ns) if to_end else 0
        await self._write(
            partial(heard, feed=feed, changes=changes, position=position, heard_ns=heard_ns)
        )

    async def again(self, rows: Sequence[GreenRow]) -> None:
        """Let carried changes wait once more: blue was seen not to hold them."""
        await self._write(partial(again, rows=rows))

    async def settle(
        self,
        carried: Sequence[Carried],
        stuck: Sequence[Stuck] = (),
        *,
        foreign: int = 0,
        event: EventDraft | None = None,
    ) -> None:
        """Note what was read back on blue, and what was tried in vain.

        foreign: how many keys somebody else had written there.
        """
        await self._write(partial(settle, carried=carried, stuck=stuck, foreign=foreign), event)
