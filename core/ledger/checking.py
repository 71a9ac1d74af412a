"""What a check of the target asks the ledger, and what a repair asks again: rows, members, roots.

Only read. Every call sees one committed state, and costs what it returns.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.ledger.rows import position_of
from core.model import BlockCounts, BundleState, Cid, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.ledger.reader import Reader
    from core.ledger.rows import EntryRow

_ROW: Final = "SELECT key,st,bun,size,cid,mh FROM objects"
_NOW: Final = " AND ver=x''"
_MEMBERS: Final = (
    " FROM objects WHERE bid=? AND (key,ver)>=(?,?) AND (key,ver)<=(?,?) AND bun=? AND st=?"
)


class KeptRow(NamedTuple):
    """A current object as the ledger has it. bundle 0: it is in none. mh: of its metadata."""

    key: bytes
    state: ObjectState
    bundle: int
    size: int | None
    cid: Cid | None
    mh: int | None


class KeptBundle(NamedTuple):
    """Where a bundle is. counts None: the ledger holds none of it."""

    id: int
    bucket_id: int
    state: BundleState
    root: Cid | None
    allocations: tuple[str, ...]
    counts: BlockCounts | None


class KnownRoots:
    """Every root that a bundle of the ledger has, 8 bytes each. Wrong once in 2^64."""

    def __init__(self, digests: array[int]) -> None:
        self._digests = digests

    def __contains__(self, root: str) -> bool:
        """Tell whether a root, as text, is a bundle's."""
        wanted = _digest(cids.parse(root))
        at = bisect_left(self._digests, wanted)
        return at < len(self._digests) and self._digests[at] == wanted

    def __len__(self) -> int:
        return len(self._digests)


class CheckLooks:
    """Reads for checks and repairs; short ones and scans by a thread each."""

    def __init__(self, reader: Reader, scanner: Reader) -> None:
        self._reader = reader
        self._scanner = scanner

    async def page(self, bucket_id: int, after: bytes, limit: int) -> list[KeptRow]:
        """Return a bucket's current objects behind a key, in key order, whatever their state."""
        return await self._scanner.read(
            partial(_page, bucket_id=bucket_id, after=after, limit=limit)
        )

    async def rows(self, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, KeptRow]:
        """Return what the ledger has of these keys; one that it does not know is absent."""
        return await self._reader.read(partial(_rows, bucket_id=bucket_id, keys=keys))

    async def bundles(self, ids: Sequence[int]) -> dict[int, KeptBundle]:
        """Return these bundles; one that there is not is absent."""
        return await self._reader.read(partial(_bundles, ids=ids))

    async def members(self, bundle_id: int) -> list[EntryRow]:
        """Return a bundle's recorded members as they were read, by (key, version)."""
        return await self._scanner.read(partial(_members, bundle_id=bundle_id))

    async def contents(self, bundle_id: int) -> list[Cid]:
        """Return the contents of a bundle's recorded members, each once."""
        return await self._scanner.read(partial(_contents, bundle_id=bundle_id))

    async def roots(self) -> KnownRoots:
        """Return every root that the ledger knows."""
        return await self._scanner.read(_roots)


def _page(conn: sqlite3.Connection, bucket_id: int, after: bytes, limit: int) -> list[KeptRow]:
    rows = conn.execute(
        f"{_ROW} WHERE bid=? AND key>?{_NOW} ORDER BY key LIMIT ?", (bucket_id, after, limit)
    )
    return [_row(row) for row in rows]


def _rows(conn: sqlite3.Connection, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, KeptRow]:
    one = f"{_ROW} WHERE bid=? AND key=?{_NOW}"
    return {
        row[0]: _row(row) for key in keys for row in conn.execute(one, (bucket_id, key)).fetchall()
    }


def _row(
    row: tuple[bytes, int, int | None, int | None, bytes | None, int | None],
) -> KeptRow:
    key, st, bundle, size, cid, mh = row
    return KeptRow(key, ObjectState(st), bundle or 0, size, None if cid is None else Cid(cid), mh)


def _bundles(conn: sqlite3.Connection, ids: Sequence[int]) -> dict[int, KeptBundle]:
    found = {}
    for number in ids:
        row = conn.execute(
            "SELECT bid,st,root,allocs,blocks FROM bundles WHERE id=?", (number,)
        ).fetchone()
        if row is not None:
            bucket_id, st, root, allocs, blocks = row
            found[number] = KeptBundle(
                id=number,
                bucket_id=bucket_id,
                state=BundleState(st),
                root=None if root is None else Cid(root),
                allocations=tuple(json.loads(allocs)) if allocs else (),
                counts=BlockCounts(**dict(zip(_COUNTS, json.loads(blocks), strict=True)))
                if blocks
                else None,
            )
    return found


_COUNTS: Final = ("sections", "section_bytes", "unique_blocks", "unique_bytes")


def _members(conn: sqlite3.Connection, bundle_id: int) -> list[EntryRow]:
    where, bounds = _of_bundle(conn, bundle_id)
    return conn.execute(f"SELECT key,ver,size,ino,mt,ct{where} ORDER BY key,ver", bounds).fetchall()


def _contents(conn: sqlite3.Connection, bundle_id: int) -> list[Cid]:
    where, bounds = _of_bundle(conn, bundle_id)
    rows = conn.execute(f"SELECT DISTINCT cid{where} AND cid IS NOT NULL", bounds)
    return [Cid(cid) for (cid,) in rows]


def _of_bundle(conn: sqlite3.Connection, bundle_id: int) -> tuple[str, tuple[int | bytes, ...]]:
    """Return FROM, WHERE and parameters of a bundle's recorded members; of none, no rows."""
    row = conn.execute("SELECT bid,lo,hi FROM bundles WHERE id=?", (bundle_id,)).fetchone()
    bucket_id, low, high = (0, b"\0", b"\0") if row is None else row
    bounds = (bucket_id, *position_of(low), *position_of(high), bundle_id, ObjectState.RECORDED)
    return _MEMBERS, bounds


def _roots(conn: sqlite3.Connection) -> KnownRoots:
    rows = conn.execute("SELECT root FROM bundles WHERE root IS NOT NULL")
    return KnownRoots(array("Q", sorted({_digest(root) for (root,) in rows})))


def _digest(root: bytes) -> int:
    return int.from_bytes(blake2b(root, digest_size=8).digest(), "big")
