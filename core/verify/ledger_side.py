"""The ledger as a side of a join: any stretch of it, by one connection of its own.

May import the ledger's connection, and its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.ledger.connection import FAULTS, error_of, open_reader
from core.verify.packed_ledger import glued
from core.verify.sides import LedgerCut
from core.verify.stint import Stint

if TYPE_CHECKING:
    from pathlib import Path

    from core.verify.ledger_row import LedgerRow

_COLUMNS: Final = "key,ver,size,ino,mt,ct,st,bun,cid,mh"
_SPAN: Final = (
    f"SELECT {_COLUMNS} FROM objects WHERE bid=? AND key>=? AND key<? ORDER BY key,ver LIMIT ?"  # noqa: S608 - constants
)
_ROW: Final = f"SELECT {_COLUMNS} FROM objects WHERE bid=? AND key=? AND ver=?"  # noqa: S608 - as above
_HIGH: Final = b"\xff" * 4_097
"""Behind every key: the kernel has no path as long."""

_ALL: Final = -1
_CACHE_KIB: Final = 256
"""As the table's: what is read once should not drive the rest out of the processor's cache."""

_ROUNDS: Final = 16
"""Cuts that are read row by row after one that did not glue: its neighbours seldom do."""


class LedgerRows:
    """Reads `objects`. most: rows of a cut."""

    def __init__(self, path: Path, *, most: int = 8_000) -> None:
        self._path = path
        self._most = most
        self._odd = 0
        try:
            self._conn = open_reader(path)
            self._conn.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        except FAULTS as error:
            raise error_of(error, path) from error
        self._conn.text_factory = bytes  # a glued column is a text to SQLite
        self._stint = Stint(self._conn, most)

    def cut(
        self, bucket_id: int, low: bytes, end: bytes | None, *, packed: bool, whole: bool = False
    ) -> LedgerCut:
        """Return the rows from a key on and below another one, or as many as a cut may have."""
        high = _HIGH if end is None else end
        if packed and not self._odd:
            try:
                told = self._stint.run(lambda: glued(self._conn, bucket_id, (low, high)))
            except FAULTS as error:
                raise error_of(error, self._path) from error
            if told is not None:
                return LedgerCut(end, told, lambda: self._read(bucket_id, low, high, _ALL))
            self._odd = _ROUNDS
        elif packed:
            self._odd -= 1
        most = _ALL if whole else self._most
        rows = self._read(bucket_id, low, high, most)
        if len(rows) == most:
            end = rows[-1][0]
            if rows[0][0] == end:  # versions of one key
                end += b"\0"
                rows = self._read(bucket_id, low, end, _ALL)
            else:
                while rows[-1][0] == end:
                    rows.pop()
        return LedgerCut(end, None, lambda: rows)

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

    def _read(self, bucket_id: int, low: bytes, high: bytes, most: int) -> list[LedgerRow]:
        try:
            return self._conn.execute(_SPAN, (bucket_id, low, high, most)).fetchall()
        except FAULTS as error:
            raise error_of(error, self._path) from error
