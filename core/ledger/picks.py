"""Current objects to read through a gateway: picked by a seed, or those recorded last.

The same seed picks the same objects of the same ledger, evenly over all that are recorded. Costs
one pass over the bundles, and a bundle's rows for each pick: nothing grows with the objects.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.model import BundleState, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Container, Iterator, Sequence

    from core.ledger.reader import Reader


_RECORDED: Final = int(ObjectState.RECORDED)
_OF_BUNDLE: Final = (
    "SELECT key,size,etag FROM objects WHERE bid=?1 AND bun=?2 AND ver=x'' AND st=?3"
    " AND size IS NOT NULL AND key BETWEEN (SELECT lo FROM bundles WHERE id=?2)"
    " AND (SELECT hi FROM bundles WHERE id=?2) ORDER BY key LIMIT ?4 OFFSET ?5"
)


class Pick(NamedTuple):
    """A current object. etag: 16 bytes of a plain MD5, else its text without quotes, or nothing."""

    bucket: bytes
    key: bytes
    size: int
    etag: bytes


def picked(
    conn: sqlite3.Connection, seed: int, count: int, buckets: Sequence[bytes]
) -> list[Pick]:
    """Return up to count objects; fewer where a place holds none. buckets: empty for all."""
    names = _names(conn, buckets)
    total = sum(n for _, _, n in _bundles(conn, names))
    spots = sorted(random.Random(seed).sample(range(total), min(count, total)))  # noqa: S311 - has to be repeatable
    found: dict[tuple[int, bytes], Pick] = {}
    at, begins = 0, 0
    for bundle, bucket, n in _bundles(conn, names):
        while at < len(spots) and spots[at] < begins + n:
            row = _row(conn, bundle, bucket, spots[at] - begins)
            if row is not None:
                found[bucket, row[0]] = Pick(names[bucket], row[0], row[1], row[2] or b"")
            at += 1
        begins += n
        if at == len(spots):
            break
    return list(found.values())


def newest(conn: sqlite3.Connection, count: int, buckets: Sequence[bytes]) -> list[Pick]:
    """Return up to count objects of the bundles that were made last. buckets: empty for all."""
    names = _names(conn, buckets)
    found: list[Pick] = []
    for bundle, bucket, _ in _bundles(conn, names, "DESC"):
        rows = conn.execute(_OF_BUNDLE, (bucket, bundle, _RECORDED, count - len(found), 0))
        found += [Pick(names[bucket], key, size, etag or b"") for key, size, etag in rows]
        if len(found) >= count:
            break
    return found


def _names(conn: sqlite3.Connection, buckets: Sequence[bytes]) -> dict[int, bytes]:
    wanted = set(buckets)
    rows = conn.execute("SELECT bid,name FROM buckets")
    return {number: name for number, name in rows if not wanted or name in wanted}


def _bundles(
    conn: sqlite3.Connection, names: Container[int], order: str = "ASC"
) -> Iterator[tuple[int, int, int]]:
    """Yield (id, bucket, objects) of the recorded bundles of buckets, by id. order: ASC, DESC."""
    rows = conn.execute(
        f"SELECT id,bid,n FROM bundles WHERE st=? ORDER BY id {order}",
        (int(BundleState.RECORDED),),
    )
    return (row for row in rows if row[1] in names)


def _row(
    conn: sqlite3.Connection, bundle: int, bucket: int, offset: int
) -> tuple[bytes, int, bytes | None] | None:
    """Return key, size and ETag of a bundle's current object at an offset, None behind the last."""
    found: tuple[bytes, int, bytes | None] | None = conn.execute(
        _OF_BUNDLE, (bucket, bundle, _RECORDED, 1, offset)
    ).fetchone()
    return found


class PickLooks:
    """Picks beside everything else that is asked of the ledger."""

    def __init__(self, scanner: Reader) -> None:
        self._scanner = scanner

    async def objects(self, seed: int, count: int, buckets: Sequence[bytes] = ()) -> list[Pick]:
        """Return up to count current objects that a seed picks. buckets: empty for all."""
        return await self._scanner.read(partial(picked, seed=seed, count=count, buckets=buckets))

    async def newest(self, count: int, buckets: Sequence[bytes] = ()) -> list[Pick]:
        """Return up to count current objects of the bundles that were made last."""
        return await self._scanner.read(partial(newest, count=count, buckets=buckets))
