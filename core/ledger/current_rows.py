"""The current objects that are recorded, in key order: what the object table should name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from core.model import Cid, ObjectState

if TYPE_CHECKING:
    import sqlite3

    from core.ledger.reader import Reader


class CurrentRow(NamedTuple):
    """A current object that was migrated. digest: of its metadata, as `objects.mh`."""

    key: bytes
    bundle: int
    cid: Cid
    size: int
    digest: int


def page(conn: sqlite3.Connection, bucket_id: int, after: bytes, limit: int) -> list[CurrentRow]:
    """Return a bucket's next recorded objects behind a key, b"" for the first; no versions."""
    rows = conn.execute(
        "SELECT key,bun,cid,size,mh FROM objects WHERE bid=? AND key>? AND ver=x'' AND st=?"
        " AND size IS NOT NULL ORDER BY key LIMIT ?",
        (bucket_id, after, int(ObjectState.RECORDED), limit),
    )
    return [CurrentRow(*row) for row in rows]


def count(conn: sqlite3.Connection, state: ObjectState) -> int:
    """Return how many current objects are in a state; reads all objects."""
    row: tuple[int] = conn.execute(
        "SELECT count(*) FROM objects WHERE ver=x'' AND st=? AND size IS NOT NULL", (int(state),)
    ).fetchone()
    return row[0]


class CurrentLooks:
    """Reads the current objects, beside everything else that is asked of the ledger."""

    def __init__(self, scanner: Reader) -> None:
        self._scanner = scanner

    async def page(self, bucket_id: int, after: bytes, limit: int) -> list[CurrentRow]:
        """Return a bucket's next recorded objects behind a key, b"" for the first."""
        return await self._scanner.read(
            partial(page, bucket_id=bucket_id, after=after, limit=limit)
        )

    async def count(self, state: ObjectState) -> int:
        """Return how many current objects are in a state."""
        return await self._scanner.read(partial(count, state=state))
