"""Does a row fit its columns? Asked only after a database or its client refused a batch.

So one bad object fails by name and the batch goes on without it. Pure. Source: ydb.md 4.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import BadInput, Family
from core.target.shape import TIMESTAMP_END_NS, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.target.shape import Column, Row, RowKey, TableShape, Value

_RANGES: Final = {
    ColumnType.UINT64: range(2**64),
    ColumnType.UINT32: range(2**32),
    ColumnType.INT64: range(-(2**63), 2**63),
    ColumnType.INT32: range(-(2**31), 2**31),
    ColumnType.TIMESTAMP: range(TIMESTAMP_END_NS // 1000),
}
_SHOWN: Final = 3


class RowsRefused(BadInput):
    """Some rows do not fit the table. Write the others again without them: writes repeat safely."""

    family = Family.OBJECT

    def __init__(self, *, keys: Sequence[RowKey], why: str, where: str) -> None:
        names = [f"{safe(bucket)}/{safe(key)}" for bucket, key in keys]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        super().__init__(
            what=f"the table refuses {', '.join(names[:_SHOWN])}{more}: {why}",
            where=where,
            remedy="These objects are at fault, not the table; the others can be written.",
        )
        self.keys = tuple(keys)
        self.why = why


def misfits(shape: TableShape, rows: Iterable[Row]) -> list[tuple[RowKey, str]]:
    """Return the key of each row that a column cannot hold, and why."""
    found: list[tuple[RowKey, str]] = []
    for row in rows:
        why = _row_problem(shape, row)
        if why:
            found.append(((str(row[0]), str(row[1]) if len(row) > 1 else ""), why))
    return found


def refuse_misfits(shape: TableShape, rows: Iterable[Row], where: str) -> None:
    """Raise RowsRefused if some rows do not fit."""
    bad = misfits(shape, rows)
    if bad:
        raise RowsRefused(keys=[key for key, _ in bad], why=bad[0][1], where=where)


def _row_problem(shape: TableShape, row: Row) -> str | None:
    if len(row) != len(shape.columns):
        return f"{len(row)} values for {len(shape.columns)} columns"
    for column, value in zip(shape.columns, row, strict=True):
        why = _problem(column, value)
        if why is None and value is None and column.name in shape.key:
            why = "absent, but part of the key"
        if why:
            return f"column {column.name}: {why}"
    return None


def _problem(column: Column, value: Value) -> str | None:
    if value is None:
        return None
    if column.type is ColumnType.BOOL:
        return None if value in (0, 1) else "neither true nor false"
    span = _RANGES.get(column.type)
    if span is not None:
        if isinstance(value, int) and value in span:
            return None
        return f"{value!r} is outside {column.type}" if isinstance(value, int) else "no number"
    return _text_problem(column, value) if isinstance(value, str) else "no text"


def _text_problem(column: Column, value: str) -> str | None:
    try:
        value.encode()
        if column.type is ColumnType.JSON:
            json.loads(value)
    except UnicodeEncodeError:
        return "not UTF-8"
    except ValueError:
        return "no JSON"
    return None
