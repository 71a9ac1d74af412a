"""BulkUpsert: the checks a real server makes before it writes, with its messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status
from tests.fakes.ydb_server.values import Scalar, primitive

if TYPE_CHECKING:
    from tests.fakes.ydb_server.protos import value
    from tests.fakes.ydb_server.tables import Table
    from tests.fakes.ydb_server.values import Value

_MAX_KEY_BYTES: Final = 1024 * 1024 + 1024
_MAX_CELL_BYTES: Final = 16 * 1024 * 1024
_MAX_STORED: Final = 2**63 - 1


def checked(table: Table, sent: value.TypedValue) -> tuple[list[str], list[list[Scalar]]]:
    """The columns named and the rows to write."""
    if table.has_sync_index:
        text = "Only async-indexed tables are supported by BulkUpsert"
        raise Answer(Status.SCHEME_ERROR, text)
    columns = _columns(table, sent)
    fields = [primitive(table.columns[name]).field for name in columns]
    json_at = [at for at, name in enumerate(columns) if _is_json(table, name)]
    key_at = [columns.index(name) for name in table.key]
    rows = []
    for item in sent.value.items:
        row = [
            _cell(field, cell, null=name not in table.not_null)
            for name, field, cell in zip(columns, fields, item.items, strict=True)
        ]
        _check_row(row, json_at, key_at)
        rows.append(row)
    return columns, rows


def _columns(table: Table, sent: value.TypedValue) -> list[str]:
    columns = []
    for member in sent.type.list_type.item.struct_type.members:
        wanted = table.columns.get(member.name)
        if wanted is None:
            raise Answer(Status.SCHEME_ERROR, f"Unknown column: {member.name}")
        got, expected = primitive(member.type).name, primitive(wanted).name
        if got != expected:
            text = f"Type mismatch, got type {got} for column {member.name}, but expected "
            raise Answer(Status.SCHEME_ERROR, text + expected)
        columns.append(member.name)
    for kind, needed in (("key", table.key), ("not null", sorted(table.not_null))):
        missing = [name for name in needed if name not in columns]
        if missing:
            text = f"Missing {kind} columns: {', '.join(missing)}"
            raise Answer(Status.SCHEME_ERROR, text)
    return columns


def _is_json(table: Table, name: str) -> bool:
    return primitive(table.columns[name]).name in {"Json", "JsonDocument"}


def _cell(field: str, cell: Value, *, null: bool) -> Scalar:
    which = cell.WhichOneof("value")
    if which == field:
        found: Scalar = getattr(cell, field)
        return found
    if which != "null_flag_value":
        raise Answer(Status.BAD_REQUEST, f"Invalid value: {which} where {field} was declared")
    if not null:
        raise Answer(Status.BAD_REQUEST, "Received NULL value for not null column")
    return None


def _check_row(row: list[Scalar], json_at: list[int], key_at: list[int]) -> None:
    for at in json_at:
        text = row[at]
        try:
            if isinstance(text, str):
                json.loads(text)
        except ValueError:
            raise Answer(Status.BAD_REQUEST, "Invalid JSON for JSON provided") from None
    key_bytes = sum(_size(row[at]) for at in key_at)
    if key_bytes > _MAX_KEY_BYTES:
        text = f"Row key size of {key_bytes} bytes is larger than the allowed threshold"
        raise Answer(Status.BAD_REQUEST, f"{text} {_MAX_KEY_BYTES}")
    for cell in row:
        if _size(cell) > _MAX_CELL_BYTES:
            text = f"Row cell size of {_size(cell)} bytes is larger than the allowed threshold"
            raise Answer(Status.BAD_REQUEST, f"{text} {_MAX_CELL_BYTES}")
        if isinstance(cell, int) and cell > _MAX_STORED:
            raise Answer(Status.UNSUPPORTED, "stand-in stores Uint64 only below 2^63")


def _size(cell: Scalar) -> int:
    return len(cell) if isinstance(cell, str | bytes) else 8
