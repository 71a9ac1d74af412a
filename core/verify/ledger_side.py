"""The ledger as a side of a join: read in order, by one connection of its own.

May import the ledger's connection, and its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.ledger.connection import FAULTS, error_of, open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.verify.sides import LedgerRow

_COLUMNS: Final = "key,ver,size,ino,mt,ct,st,bun,cid,mh"
_PAGE: Final = f"SELECT {_COLUMNS} FROM objects WHERE bid=? AND key>? ORDER BY key,ver"  # noqa: S608 - constants
_ROW: Final = f"SELECT {_COLUMNS} FROM objects WHERE bid=? AND key=? AND ver=?"  # noqa: S608 - as above


class LedgerRows:
    """Reads `objects`. rows: of a page."""

    def __init__(self, path: Path, *, rows: int = 4_000) -> None:
        self._path = path
        self._rows = rows
        try:
            self._conn = open_reader(path)
        except FAULTS as error:
            raise error_of(error, path) from error

    def pages(self, bucket_id: int, after: bytes) -> Iterator[list[LedgerRow]]:
        """Yield the rows behind a key, in one read: a state of the ledger."""
        cursor = self._conn.cursor()
        cursor.arraysize = self._rows
        try:
            cursor.execute(_PAGE, (bucket_id, after))
            while page := cursor.fetchmany():
                yield page
        except FAULTS as error:
            raise error_of(error, self._path) from error
        finally:
            cursor.close()

    def row(self, bucket_id: int, key: bytes, version: bytes) -> LedgerRow | None:
        """Return one row as it is now."""
        try:
            row: LedgerRow | None = self._conn.execute(_ROW, (bucket_id, key, version)).fetchone()
        except FAULTS as error:
            raise error_of(error, self._path) from error
        return row

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()
