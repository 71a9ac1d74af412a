r"""Rows of a SQLite file whose texts are not all UTF-8, as damage or other software leaves them.

Python's module refuses such a row, and all that were asked for with it. Here its odd bytes become
`\xNN`, so that it is another text than we wrote, and is found and mended; a name that is not UTF-8
is an error, because no key is one and nothing could be asked by it.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from core.display import object_name, safe
from core.errors import Broken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.target.shape import Row, TableShape, Value

_ODD: Final = "surrogateescape"


class Texts:
    """Reads rows of one table, whose first columns are its key. path: of the file."""

    def __init__(self, path: Path, shape: TableShape) -> None:
        self._path = path
        self._shape = shape

    def rows(
        self, connection: sqlite3.Connection, statement: str, parameters: Sequence[Value] = ()
    ) -> list[Row]:
        """Return a statement's rows. Raises sqlite3.Error; Broken names a row by what it is not."""
        try:
            return connection.execute(statement, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if hasattr(error, "sqlite_errorcode"):
                raise  # SQLite's own; one without a code is about a text
        usual = connection.text_factory
        connection.text_factory = _read
        try:
            found = connection.execute(statement, parameters).fetchall()
        finally:
            connection.text_factory = usual
        return [self._told(row) for row in found]

    def refused(self, *name: bytes) -> Broken:
        """Return the error of a row that has such a key."""
        shape = self._shape
        where = " AND ".join(
            f"{column}=CAST(X'{part.hex()}' AS TEXT)"
            for column, part in zip(shape.key, name, strict=True)
        )
        shown = object_name(*name) if len(name) > 1 else safe(name[0])
        return Broken(
            what=f"a row's name is not UTF-8: {shown}",
            where=safe(str(self._path)),
            remedy=f"No key of S3 is one. With sqlite3: DELETE FROM {shape.name} WHERE {where};",  # noqa: S608 - shown, not run
        )

    def _told(self, row: Row) -> Row:
        width = len(self._shape.key)
        names = [str(one).encode(errors=_ODD) for one in row[:width]]
        if any(_is_odd(name) for name in names):
            raise self.refused(*names)
        return (*row[:width], *map(_plain, row[width:]))


def _read(raw: bytes) -> str:
    return raw.decode(errors=_ODD)


def _is_odd(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return True
    return False


def _plain(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    return value.encode(errors=_ODD).decode(errors="backslashreplace")
