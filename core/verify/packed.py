"""Rows of the object table, a column at a time in one piece: what SQLite can glue together itself.

Rows that are equal need not become Python's: a stretch of them is six texts. Pure but for the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.target.shape import Source

if TYPE_CHECKING:
    import sqlite3

    from core.target.shape import TableShape

SEPARATOR: Final = b"\0"
"""Stands between keys: in none of them."""

CID_GAP: Final = "aaaaa"
"""Stands between CIDs: five digits of zero make 64 of a CIDv1's text, 40 bytes."""

TOP: Final = "\U0010ffff" * 300
"""Behind every key of S3, which has 1,024 bytes at the most."""


class Packed(NamedTuple):
    """Some rows in order of key. keys: SEPARATOR between; cids: CID_GAP between.

    sizes, created, modified: numbers with commas, a NULL left out; nothing stands in place of a
    created that is modified as well. texts: metadata, a line each. last: the last key where only
    some rows were asked for, which SEPARATOR does not tell of a row of somebody else's.
    """

    rows: int
    keys: bytes
    cids: bytes
    sizes: bytes
    created: bytes
    modified: bytes
    texts: bytes
    last: bytes = b""


class Packer:
    """The statements that pack rows of a profile; usable where it has all six columns."""

    def __init__(self, shape: TableShape) -> None:
        names = [
            None if (at := shape.position(source)) is None else shape.columns[at].name
            for source in (
                Source.KEY,
                Source.CID,
                Source.SIZE,
                Source.CREATED,
                Source.MODIFIED,
                Source.METADATA,
            )
        ]
        self.usable = None not in names
        key, cid, size, created, modified, text = (name or "NULL" for name in names)
        bucket = shape.key[0]
        where = f" FROM {shape.name} WHERE {bucket}=? AND {key}>=? AND {key}<?"
        glue = (
            "SELECT count(*),group_concat({0},char(0)),group_concat(coalesce({1},''),'{6}'),"
            "group_concat({2}),"
            "group_concat(CASE WHEN {3} IS {4} THEN '' ELSE coalesce({3},'none') END),"
            "group_concat({4}),group_concat(coalesce({5},''),char(10))"
        )
        self._all = glue.format(key, cid, size, created, modified, text, CID_GAP) + where
        some = f"SELECT {key} k,{cid} c,{size} s,{created} a,{modified} m,{text} t{where}"
        self._some = (
            glue.format("k", "c", "s", "a", "m", "t", CID_GAP)
            + f",max(k) FROM ({some} ORDER BY {key} LIMIT ?)"
        )

    def take(
        self, conn: sqlite3.Connection, bucket: str, span: tuple[str, str], most: int | None
    ) -> Packed:
        """Return up to `most` rows of keys from the first on, and before the second; None: all.

        conn: whose texts are bytes. All are read in the order of the primary key, which SQLite
        does not promise: another one would not be equal to the ledger's. A fourth of the time less.
        """
        if most is None:
            row = conn.execute(self._all, (bucket, *span)).fetchone()
        else:
            row = conn.execute(self._some, (bucket, *span, most)).fetchone()
        return Packed(row[0], *[one or b"" for one in row[1:]])
