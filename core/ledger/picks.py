"""Current objects to read through a gateway: picked by a seed, or those recorded last.

The same seed picks the same objects of the same ledger, evenly over all that are recorded. Costs
one pass over the bundles, and a bundle's rows for each pick: nothing grows with the objects.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.ledger.rows import position_of
from core.model import BundleState, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Container, Iterator, Mapping, Sequence

    from core.ledger.reader import Reader


_RECORDED: Final = int(ObjectState.RECORDED)
_OLDEST: Final = "SELECT id,bid,n,lo,hi FROM bundles WHERE st=? ORDER BY id"
_NEWEST: Final = "SELECT id,bid,n,lo,hi FROM bundles WHERE st=? ORDER BY id DESC"
_MEMBERS: Final = (
    "SELECT key,size,etag,mt FROM objects WHERE bid=? AND key BETWEEN ? AND ? AND bun=?"
    " AND ver=x'' AND st=? AND size IS NOT NULL ORDER BY key LIMIT ? OFFSET ?"
)


class _Bundle(NamedTuple):
    """A recorded bundle. low, high: positions as they are stored."""

    number: int
    bucket: int
    members: int
    low: bytes
    high: bytes


class Pick(NamedTuple):
    """A current object. etag: 16 bytes of a plain MD5, else its text without quotes, or nothing.

    mtime_ns: as it was copied, 0 where nobody noted it.
    """

    bucket: bytes
    key: bytes
    size: int
    etag: bytes
    mtime_ns: int = 0


def picked(conn: sqlite3.Connection, seed: int, count: int, buckets: Sequence[bytes]) -> list[Pick]:
    """Return up to count objects; fewer where a place holds none. buckets: empty for all."""
    names = _names(conn, buckets)
    total = sum(bundle.members for bundle in _bundles(conn, names))
    spots = sorted(random.Random(seed).sample(range(total), min(count, total)))  # noqa: S311 - has to be repeatable
    found: list[Pick] = []
    at, begins = 0, 0
    for bundle in _bundles(conn, names):
        while at < len(spots) and spots[at] < begins + bundle.members:
            found += _members(conn, bundle, names, 1, spots[at] - begins)
            at += 1
        begins += bundle.members
        if at == len(spots):
            break
    return found


def newest(conn: sqlite3.Connection, count: int, buckets: Sequence[bytes]) -> list[Pick]:
    """Return up to count objects of the bundles that were made last. buckets: empty for all."""
    names = _names(conn, buckets)
    found: list[Pick] = []
    for bundle in _bundles(conn, names, _NEWEST):
        found += _members(conn, bundle, names, count - len(found), 0)
        if len(found) >= count:
            break
    return found


def _names(conn: sqlite3.Connection, buckets: Sequence[bytes]) -> dict[int, bytes]:
    wanted = set(buckets)
    rows = conn.execute("SELECT bid,name FROM buckets")
    return {number: name for number, name in rows if not wanted or name in wanted}


def _bundles(
    conn: sqlite3.Connection, names: Container[int], by: str = _OLDEST
) -> Iterator[_Bundle]:
    """Yield the recorded bundles of buckets, in an order of ids."""
    rows = conn.execute(by, (int(BundleState.RECORDED),))
    return (_Bundle(*row) for row in rows if row[1] in names)


def _members(
    conn: sqlite3.Connection, bundle: _Bundle, names: Mapping[int, bytes], limit: int, offset: int
) -> list[Pick]:
    """Return current objects of a bundle behind an offset, none behind its last."""
    low, high = position_of(bundle.low)[0], position_of(bundle.high)[0]
    rows = conn.execute(
        _MEMBERS, (bundle.bucket, low, high, bundle.number, _RECORDED, limit, offset)
    )
    name = names[bundle.bucket]
    return [Pick(name, key, size, etag or b"", mt or 0) for key, size, etag, mt in rows]


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
