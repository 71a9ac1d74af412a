"""Objects that the source has no more: those whose removal from the target is due, and done.

A removed object stays a member of its bundle, whose blocks the target holds still: that is waste
(`core.ledger.waste`).
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import safe
from core.errors import WrongState
from core.ledger import waste
from core.ledger.departures import Shift, settle, stored
from core.model import ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.model import Cid

Place = tuple[int, bytes, bytes]
"""Bucket id, key, version: where a list of tombstones stands."""

BEGINNING: Final[Place] = (0, b"", b"")

_DUE: Final = (
    "SELECT bid,key,ver,bun,size,cid,mt FROM objects INDEXED BY objects_gone"
    " WHERE st=3 AND (bid,key,ver)>(?,?,?) ORDER BY bid,key,ver LIMIT ?"
)


class Tombstone(NamedTuple):
    """An object that is gone at the source, and not yet on the target.

    cid: None for one that was never copied, and for a delete marker. mtime_ns: as it was copied.
    """

    bucket_id: int
    key: bytes
    version: bytes
    bundle: int | None
    size_bytes: int | None
    cid: Cid | None
    mtime_ns: int

    @property
    def place(self) -> Place:
        """Where it stands."""
        return (self.bucket_id, self.key, self.version)


def due(conn: sqlite3.Connection, after: Place, limit: int) -> list[Tombstone]:
    """Return tombstones behind a place, in order."""
    return list(map(Tombstone._make, conn.execute(_DUE, (*after, limit))))


def apply(conn: sqlite3.Connection, stones: Sequence[Tombstone]) -> None:
    """Note that these are off the target. Raises WrongState if one is not due (any more)."""
    for bid, some in groupby(stones, key=attrgetter("bucket_id")):
        _apply(conn, bid, list(some))


def _apply(conn: sqlite3.Connection, bid: int, stones: Sequence[Tombstone]) -> None:
    shift, freed = Shift(bid), []
    for stone in stones:
        found = stored(conn, bid, (stone.key, stone.version))
        if found is None or found.row[0] != ObjectState.GONE:
            raise WrongState(
                what="a tombstone is due no more",
                where=f"bucket {bid}, {safe(stone.key)}",
                remedy="Nothing was stored. The next round looks again.",
            )
        bundle, row = found
        shift.shown(conn, row, -1)
        shift.was(bundle, row)
        shift.now(bundle, (int(ObjectState.GONE_APPLIED), *row[1:]))
        # one of a size and without a CID was never copied: what the bundle holds is not its
        if bundle is not None and (row[1] is not None or row[3] is None):
            freed.append(waste.Freed(bundle, 1, row[3] or 0))
    conn.executemany(
        "UPDATE objects SET st=6 WHERE bid=? AND key=? AND ver=?", [one.place for one in stones]
    )
    shift.store(conn)
    waste.add(conn, freed)
    settle(conn, bid, [(one.key, one.version) for one in stones])
