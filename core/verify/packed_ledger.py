"""Rows of the ledger, a column at a time in one piece: what SQLite can glue together itself.

A stretch that is equal to source and table needs no row of Python's. Pure but for the connection.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.dag.cid import V1_BYTES
from core.model import ObjectState
from core.verify.packed import SEPARATOR

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from core.verify.ledger_row import LedgerRow

GAP: Final = b"\0\0\0\1"
"""Stands between CIDs: with it each has 40 bytes, which are the 64 digits of the table's text: two
bits of zero behind the CID, its gap, and the `b` of the next, a digit of one.
"""

_STATEMENT: Final = (
    f"SELECT count(*),count(CASE WHEN st={int(ObjectState.RECORDED)} AND ver=x'' THEN 1 END),"  # noqa: S608 - constants
    "group_concat(key,char(0)),group_concat(size),group_concat(ino),group_concat(mt),"
    "group_concat(ct),group_concat(bun),group_concat(cid,char(0,0,0,1)),group_concat(mh)"
    " FROM objects WHERE bid=? AND key>=? AND key<?"
)
_FEW: Final = 8
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[int]).decode


class KeptPacked(NamedTuple):
    """Recorded current objects in order of key. keys: SEPARATOR between; cids: GAP between.

    sizes, inos, mtimes, ctimes, digests: numbers with commas. bundles: each with how many rows
    follow each other that are its own.
    """

    rows: int
    keys: bytes
    sizes: bytes
    inos: bytes
    mtimes: bytes
    ctimes: bytes
    bundles: Sequence[tuple[int, int]]
    cids: bytes
    digests: bytes


def glued(conn: sqlite3.Connection, bucket_id: int, span: tuple[bytes, bytes]) -> KeptPacked | None:
    """Read the rows of keys from the first on, and before the second.

    None where one of them is no recorded current object. A column without a value leaves a gap, so
    that it is equal to none. conn: whose texts are bytes.
    The order is the primary key's, which SQLite does not promise: another would not be the walk's.
    """
    rows, sound, *columns = conn.execute(_STATEMENT, (bucket_id, *span)).fetchone()
    if sound < rows:
        return None
    keys, sizes, inos, mtimes, ctimes, bundles, cids, digests = (one or b"" for one in columns)
    return KeptPacked(rows, keys, sizes, inos, mtimes, ctimes, _runs(bundles), cids, digests)


def packed_rows(kept: Sequence[LedgerRow]) -> KeptPacked | None:
    """Glue rows together; None where one of them is a version, or has no CIDv1. kept: not empty."""
    keys, versions, sizes, inos, mtimes, ctimes, _states, bundles, cids, digests = zip(
        *kept, strict=True
    )
    if (
        any(versions)
        or None in bundles
        or None in mtimes
        or {one and len(one) for one in cids} != {V1_BYTES}
    ):
        return None
    return KeptPacked(
        rows=len(kept),
        keys=SEPARATOR.join(keys),
        sizes=numbers(sizes),
        inos=numbers(inos),
        mtimes=numbers(mtimes),
        ctimes=numbers(ctimes),
        bundles=runs(bundles),
        cids=GAP.join(cids),
        digests=numbers(digests),
    )


def runs(bundles: Iterable[int]) -> list[tuple[int, int]]:
    """Return each bundle with how many rows follow each other that are its own."""
    return [(its, sum(1 for _ in rows)) for its, rows in groupby(bundles)]


def _runs(text: bytes) -> list[tuple[int, int]]:
    """Return the same of numbers with commas; few runs are seen without reading each number."""
    found: list[tuple[int, int]] = []
    rest = text + b"," if text else b""
    while rest and len(found) < _FEW:
        one = rest[: rest.index(b",") + 1]
        low, high = 1, len(rest) // len(one)
        while low < high:
            middle = (low + high + 1) // 2
            if rest.startswith(one * middle):
                low = middle
            else:
                high = middle - 1
        found.append((int(one[:-1]), low))
        rest = rest[low * len(one) :]
    return runs(_decode(b"[" + text + b"]")) if rest else found


def numbers(values: Sequence[int | None]) -> bytes:
    """Return numbers as SQLite glues them, whatever their size; but that a None is named."""
    return _encode(values)[1:-1]
