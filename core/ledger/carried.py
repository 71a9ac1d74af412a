"""What blue holds of green's writes, summed: a restored tree needs all of it once more."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.ledger.reader import Reader


class CarriedSums(NamedTuple):
    """Changes that were read back on blue, and the bytes of those that are objects."""

    changes: int
    size_bytes: int


def carried(conn: sqlite3.Connection, buckets: Sequence[int]) -> CarriedSums:
    """Sum what was carried of some buckets."""
    query = "SELECT count(*),coalesce(sum(size),0) FROM greenlog WHERE bid=? AND st=2"
    found = [conn.execute(query, (bucket,)).fetchone() for bucket in buckets]
    return CarriedSums(sum(row[0] for row in found), sum(row[1] for row in found))


class CarriedLooks:
    """Reads these sums; a scan of what green accepted."""

    def __init__(self, scanner: Reader) -> None:
        self._scanner = scanner

    async def sums(self, buckets: Sequence[int]) -> CarriedSums:
        """Return the sums of some buckets, by their ids."""
        return await self._scanner.read(partial(carried, buckets=buckets))
