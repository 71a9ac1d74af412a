"""What the ledger knows of current objects, so that green's rows can be told from ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.model import Cid

_RECORDED: Final = (
    "SELECT key,cid,size,ino,mt,ct,mh FROM objects WHERE bid=? AND ver=x'' AND size IS NOT NULL"
    " AND st=1"  # recorded
)


class Known(NamedTuple):
    """A current object as it was migrated, with blue's fingerprint of then."""

    key: bytes
    cid: Cid
    size_bytes: int
    ino: int
    mtime_ns: int
    ctime_ns: int
    digest: int


def known_page(conn: sqlite3.Connection, bucket_id: int, after: bytes, limit: int) -> list[Known]:
    """Return a bucket's next migrated objects behind a key, b"" for the first."""
    rows = conn.execute(
        f"{_RECORDED} AND key>? ORDER BY key LIMIT ?",
        (bucket_id, after, limit),
    )
    return [Known(*row) for row in rows]


def known_some(
    conn: sqlite3.Connection, bucket_id: int, keys: Sequence[bytes]
) -> dict[bytes, Known]:
    """Return those of some keys that were migrated."""
    found = (conn.execute(f"{_RECORDED} AND key=?", (bucket_id, key)).fetchone() for key in keys)
    return {row[0]: Known(*row) for row in found if row is not None}
