"""What a round reads of the ledger: fingerprints in key order, rounds, deletes that are due."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from core.ledger import counters, rounds
from core.ledger.rows import BucketState, Disposition
from core.model import Cid, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from core.ledger.reader import Reader
    from core.ledger.rounds import RoundRow
    from core.ledger.rows import EntryRow

# One that is not recorded has a size that no entry has: a page with it never equals the walk's.
# What is gone and applied is as if it had never been.
_FINGERPRINTS: Final = (
    "SELECT key,ver,CASE st WHEN 1 THEN size ELSE -1 END,ino,mt,ct FROM objects"
    " WHERE bid=? AND key>? AND key<=? AND st<>6 ORDER BY key,ver LIMIT ?"
)
_STORED: Final = (
    "SELECT key,ver,st,size,ino,mt,ct,cid,mh,bun FROM objects"
    " WHERE bid=? AND key>? AND (? IS NULL OR key<=?) ORDER BY key,ver LIMIT ?"
)
_STORED_AT: Final = (
    "SELECT key,ver,st,size,ino,mt,ct,cid,mh,bun FROM objects WHERE bid=? AND key=? ORDER BY ver"
)
_DUE: Final = "objects INDEXED BY objects_gone WHERE st=3"
_DIRTY: Final = "objects INDEXED BY objects_dirty WHERE st=2"
_NAMED: Final = 10


class StoredObject(NamedTuple):
    """An object as the ledger has it."""

    key: bytes
    version: bytes
    state: ObjectState
    size_bytes: int | None
    ino: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    cid: Cid | None
    mh: int | None
    bundle: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Deletes that wait. hash: of all their names and the vanished buckets, 8 hex; "" for none.

    buckets: those that vanished. emptied: those still there of whose objects none is left.
    first: the first of them as (bucket, key, version).
    """

    objects: int = 0
    hash: str = ""
    buckets: tuple[bytes, ...] = ()
    emptied: tuple[bytes, ...] = ()
    first: tuple[tuple[bytes, bytes, bytes], ...] = ()


class SyncLooks:
    """Reads for rounds; short ones and scans by a thread each."""

    def __init__(self, reader: Reader, scanner: Reader) -> None:
        self._reader = reader
        self._scanner = scanner

    async def fingerprints(
        self, bucket_id: int, above: bytes, upto: bytes, limit: int
    ) -> list[EntryRow]:
        """Return the keys of a stretch as a walk would give them, were nothing changed."""
        return await self._scanner.read(partial(_fingerprints, at=(bucket_id, above, upto, limit)))

    async def stored(
        self, bucket_id: int, above: bytes, upto: bytes | None, limit: int
    ) -> list[StoredObject]:
        """Return what the ledger has of the keys of a stretch, in order. upto None: to the end."""
        return await self._scanner.read(partial(_stored, at=(bucket_id, above, upto, upto, limit)))

    async def stored_at(self, bucket_id: int, keys: Sequence[bytes]) -> list[StoredObject]:
        """Return what the ledger has of some keys, with all their versions."""
        return await self._scanner.read(partial(_stored_at, bucket_id=bucket_id, keys=keys))

    async def waived(self, bucket_id: int, key: bytes, version: bytes) -> bool:
        """Tell whether an operator skipped this object."""
        return await self._reader.read(partial(_waived, at=(bucket_id, key, version)))

    async def rounds(self, limit: int, job: int | None = None) -> list[RoundRow]:
        """Return rounds, the newest first."""
        return await self._reader.read(partial(rounds.newest, limit=limit, job=job))

    async def full_rounds(self, limit: int) -> list[RoundRow]:
        """Return rounds that look at every file, the newest first."""
        return await self._reader.read(partial(rounds.newest_full, limit=limit))

    async def last_full(self) -> RoundRow | None:
        """Return the newest full round that ended well."""
        return await self._reader.read(rounds.last_full)

    async def due(self) -> Due:
        """Return the deletes that wait for being applied."""
        return await self._scanner.read(_due)

    async def any_due(self) -> bool:
        """Tell whether a delete, or a vanished bucket, waits."""
        return await self._reader.read(_any_due)

    async def due_count(self, buckets: Collection[int] = ()) -> int:
        """Return how many deletes wait; of buckets alone, if there are any."""
        return await self._reader.read(partial(_count, what=_DUE, buckets=buckets))

    async def dirty(self, buckets: Collection[int] = ()) -> int:
        """Return how many objects changed and are not carried; of buckets alone, if any."""
        return await self._reader.read(partial(_count, what=_DIRTY, buckets=buckets))


def _fingerprints(conn: sqlite3.Connection, at: tuple[int, bytes, bytes, int]) -> list[EntryRow]:
    return conn.execute(_FINGERPRINTS, at).fetchall()


def _stored(
    conn: sqlite3.Connection, at: tuple[int, bytes, bytes | None, bytes | None, int]
) -> list[StoredObject]:
    return [
        StoredObject(key, version, ObjectState(state), *rest)
        for key, version, state, *rest in conn.execute(_STORED, at)
    ]


def _stored_at(
    conn: sqlite3.Connection, bucket_id: int, keys: Sequence[bytes]
) -> list[StoredObject]:
    return [
        StoredObject(key, version, ObjectState(state), *rest)
        for wanted in keys
        for key, version, state, *rest in conn.execute(_STORED_AT, (bucket_id, wanted))
    ]


def _waived(conn: sqlite3.Connection, at: tuple[int, bytes, bytes]) -> bool:
    row = conn.execute("SELECT disp FROM failures WHERE bid=? AND key=? AND ver=?", at).fetchone()
    return row is not None and row[0] == Disposition.WAIVED


def _any_due(conn: sqlite3.Connection) -> bool:
    row: tuple[int] = conn.execute(
        "SELECT EXISTS(SELECT 1 FROM objects INDEXED BY objects_gone WHERE st=3)"
        " OR EXISTS(SELECT 1 FROM buckets WHERE st=?)",
        (BucketState.GONE,),
    ).fetchone()
    return bool(row[0])


def _count(conn: sqlite3.Connection, what: str, buckets: Collection[int]) -> int:
    if not buckets:
        row: tuple[int] = conn.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608 - our own words
        return row[0]
    rows = conn.execute(f"SELECT bid,count(*) FROM {what} GROUP BY bid")  # noqa: S608 - as above
    return sum(n for bid, n in rows if bid in buckets)


def _due(conn: sqlite3.Connection) -> Due:
    names = dict(conn.execute("SELECT bid,name FROM buckets"))
    vanished = tuple(
        name
        for (name,) in conn.execute(
            "SELECT name FROM buckets WHERE st=? ORDER BY name", (BucketState.GONE,)
        )
    )
    digest, count, touched = sha256(), 0, set[int]()
    first: list[tuple[bytes, bytes, bytes]] = []
    for bid, key, version in conn.execute(
        "SELECT bid,key,ver FROM objects INDEXED BY objects_gone WHERE st=3 ORDER BY bid,key,ver"
    ):
        count += 1
        touched.add(bid)
        digest.update(b"%d\0%s\0%s\n" % (bid, key, version))
        if len(first) < _NAMED:
            first.append((names.get(bid, b""), key, version))
    digest.update(b"\n".join(vanished))
    return Due(
        objects=count,
        hash=digest.hexdigest()[:8] if count or vanished else "",
        buckets=vanished,
        emptied=tuple(
            sorted(
                names[bid]
                for bid in touched
                if bid in names and names[bid] not in vanished and not _has_any(conn, bid)
            )
        ),
        first=tuple(first),
    )


def _has_any(conn: sqlite3.Connection, bid: int) -> bool:
    """Tell whether the source still shows an object of a bucket; failed and skipped ones do not."""
    counted = counters.read(conn, bid)
    return counted.migrated + counted.remaining > 0
