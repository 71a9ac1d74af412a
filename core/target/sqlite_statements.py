"""The SQL of a SQLite object table: pure texts from a profile's shapes.

Names come from a checked profile (letters, digits, underscores), never from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.bulk import ManyRows
from core.target.shape import ColumnType

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.target.shape import Column, Row, TableShape
    from core.target.sqlite_texts import Texts

_TYPES: Final = {
    ColumnType.UTF8: "TEXT",
    ColumnType.JSON: "TEXT",
    ColumnType.TIMESTAMP: "INTEGER",
    ColumnType.UINT64: "INTEGER",
    ColumnType.UINT32: "INTEGER",
    ColumnType.INT64: "INTEGER",
    ColumnType.INT32: "INTEGER",
    ColumnType.BOOL: "INTEGER",
}
_UNSIGNED: Final = frozenset({ColumnType.UINT64, ColumnType.UINT32, ColumnType.TIMESTAMP})


def types(shape: TableShape) -> dict[str, str]:
    """Return SQLite's word for each column's type."""
    return {column.name: _TYPES[column.type] for column in shape.columns}


def create(shape: TableShape) -> str:
    """Return the DDL of a table, without its index.

    STRICT and the CHECKs refuse what YDB's types refuse. WITHOUT ROWID keeps rows in key order:
    one tree to write, and a scan in order is a read in order.
    """
    columns = ", ".join(_definition(shape, column) for column in shape.columns)
    return (
        f"CREATE TABLE IF NOT EXISTS {shape.name} ({columns}, "
        f"PRIMARY KEY ({', '.join(shape.key)})) STRICT, WITHOUT ROWID"
    )


def create_index(shape: TableShape) -> str | None:
    """Return the DDL of the table's index, None without one."""
    if shape.index is None:
        return None
    columns = ", ".join(shape.index.columns)
    return f"CREATE INDEX IF NOT EXISTS {shape.index.name} ON {shape.name} ({columns})"


def upsert(shape: TableShape) -> ManyRows:
    """Return the statement that writes rows over whatever stands under their keys."""
    places = ", ".join("?" * len(shape.columns))
    updates = ", ".join(
        f"{name} = excluded.{name}" for name in shape.names if name not in shape.key
    )
    # Names only from a checked profile; every value is a parameter.
    return ManyRows(
        f"INSERT INTO {shape.name} ({', '.join(shape.names)})",
        f"({places})",
        f" ON CONFLICT ({', '.join(shape.key)}) DO UPDATE SET {updates}",
    )


def select(shape: TableShape) -> str:
    """Return `SELECT columns FROM table`, to which a caller adds its condition."""
    return f"SELECT {', '.join(shape.names)} FROM {shape.name}"  # noqa: S608


def by_key(shape: TableShape) -> str:
    """Return the condition on one whole key."""
    return " AND ".join(f"{name} = ?" for name in shape.key)


def page(shape: TableShape) -> str:
    """Return the statement that reads the next rows in key order."""
    key = ", ".join(shape.key)
    places = ", ".join("?" * len(shape.key))
    return f"{select(shape)} WHERE ({key}) > ({places}) ORDER BY {key} LIMIT ?"


def delete(shape: TableShape) -> str:
    """Return the statement that removes one row by its key."""
    return f"DELETE FROM {shape.name} WHERE {by_key(shape)}"  # noqa: S608


def moved(
    connection: sqlite3.Connection,
    texts: Texts,
    shape: TableShape,
    expected: Sequence[Row],
    compared: Sequence[int],
) -> list[Row]:
    """Return the keys whose present rows are there and not as expected, as rows of their key."""
    read = f"{select(shape)} WHERE {by_key(shape)}"
    width = len(shape.key)
    found: list[Row] = []
    for row in expected:
        present = next(iter(texts.rows(connection, read, row[:width])), None)
        if present is not None and any(present[at] != row[at] for at in compared):
            found.append(row[:width])
    return found


def forget_cid(cids: TableShape, objects: TableShape, *, unless_same: bool) -> str:
    """Return the statement that removes the CID table's row of an object about to change.

    Parameters: bucket, key, bucket, key, and with unless_same the CID that stays.
    """
    cid, bucket, key = cids.key
    present = f"SELECT cid FROM {objects.name} WHERE {by_key(objects)}"  # noqa: S608
    same = " AND cid IS NOT ?" if unless_same else ""
    return (
        f"DELETE FROM {cids.name} WHERE {bucket} = ? AND {key} = ? "  # noqa: S608
        f"AND {cid} = ({present}{same})"
    )


def _definition(shape: TableShape, column: Column) -> str:
    parts = [column.name, _TYPES[column.type]]
    if column.name in shape.key:
        parts.append("NOT NULL")
    if column.type in _UNSIGNED:
        parts.append(f"CHECK ({column.name} >= 0)")
    return " ".join(parts)
