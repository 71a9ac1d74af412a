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

    sizes, created, modified: numbers with commas. texts: metadata, a line each. A NULL is left out.
    """

    rows: int
    keys: bytes
    cids: bytes
    sizes: bytes
    created: bytes
    modified: bytes
    texts: bytes


class Packer:
    """The statement that packs rows of a profile; usable where it has all six columns."""

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
        key, cid, size, created, modified, text = (name or "" for name in names)
        bucket = shape.key[0]
        inner = (
            f"SELECT {key} k,{cid} c,{size} s,{created} a,{modified} m,{text} t FROM {shape.name}"  # noqa: S608 - checked names
            f" WHERE {bucket}=? AND {key}>=? AND {key}<? ORDER BY {key} LIMIT ?"
        )
        self._statement = (
            f"SELECT count(*),group_concat(k,char(0)),group_concat(c,'{CID_GAP}'),"  # noqa: S608 - as above
            "group_concat(s),group_concat(a),group_concat(m),group_concat(t,char(10))"
            f" FROM ({inner})"
        )

    def take(
        self, conn: sqlite3.Connection, bucket: str, span: tuple[str, str], most: int
    ) -> Packed:
        """Return up to `most` rows of keys from the first on, and before the second.

        conn: whose texts are bytes.
        """
        row = conn.execute(self._statement, (bucket, *span, most)).fetchone()
        return Packed(row[0], *[one or b"" for one in row[1:]])
