"""The SDK's private parts that we use, in one file, pinned by a hash of their source.

Two things its public calls do not do: build a bulk upsert at ten times the speed of its converter
(the client were the limit), and say of which kind an index is. Under an SDK whose source differs,
`PINNED` is False: rows then go through the public call, and an index's kind is unknown.
Source: ydb.md 3, 5. Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, Final

import ydb
from ydb import _apis, _session_impl, issues
from ydb.aio.pool import ConnectionPool
from ydb.table import BaseSession, BaseTableClient

from core.target.schema_check import FoundColumn, FoundIndex, FoundTable
from core.target.shape import ColumnType, IndexKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ydb.aio.driver import Driver

    from core.target.shape import Row, TableShape

SOURCE_SHA256: Final = "ee4120a04bcf617e69ac3a2b2caeb59b9727521e83dea2abb041773d6e3e4ec7"
"""Of ydb 3.33.2. On an upgrade: read these functions, run the tests, then write the new hash."""

_FIELDS: Final = {
    ColumnType.UTF8: "text_value",
    ColumnType.JSON: "text_value",
    ColumnType.TIMESTAMP: "uint64_value",
    ColumnType.UINT64: "uint64_value",
    ColumnType.UINT32: "uint32_value",
    ColumnType.INT64: "int64_value",
    ColumnType.INT32: "int32_value",
    ColumnType.BOOL: "bool_value",
}
_TYPES: Final = {
    ColumnType.UTF8: ydb.PrimitiveType.Utf8,
    ColumnType.JSON: ydb.PrimitiveType.Json,
    ColumnType.TIMESTAMP: ydb.PrimitiveType.Timestamp,
    ColumnType.UINT64: ydb.PrimitiveType.Uint64,
    ColumnType.UINT32: ydb.PrimitiveType.Uint32,
    ColumnType.INT64: ydb.PrimitiveType.Int64,
    ColumnType.INT32: ydb.PrimitiveType.Int32,
    ColumnType.BOOL: ydb.PrimitiveType.Bool,
}
_KINDS: Final = {
    "global_async_index": IndexKind.ASYNC.value,
    "global_index": IndexKind.SYNC.value,
    "global_unique_index": "unique",
}


def source_sha256() -> str:
    """Return the hash of the private source that this file relies on, "" where it has no source."""
    parts = (
        BaseTableClient.bulk_upsert,
        BaseSession.describe_table,
        ConnectionPool.__call__,
        _session_impl.bulk_upsert_request_factory,
        _session_impl.wrap_operation_bulk_upsert,
        _session_impl.describe_table_request_factory,
    )
    try:
        text = "".join(inspect.getsource(part) for part in parts)
    except OSError:
        return ""
    return hashlib.sha256(text.encode()).hexdigest()


PINNED: Final = source_sha256() == SOURCE_SHA256


def column_types(shape: TableShape) -> ydb.BulkUpsertColumns:
    """Return the row type of a shape: optional but for the key, as the tables are created."""
    columns = ydb.BulkUpsertColumns()
    for name, kind in zip(shape.names, value_types(shape), strict=True):
        columns.add_column(name, kind)
    return columns


def value_types(shape: TableShape) -> list[ydb.PrimitiveType | ydb.OptionalType]:
    """Return the SDK's type of each column, in order."""
    return [
        _TYPES[column.type] if column.name in shape.key else ydb.OptionalType(_TYPES[column.type])
        for column in shape.columns
    ]


class BulkRequests:
    """Builds and sends bulk upserts to one table. path: absolute, with the database."""

    def __init__(self, shape: TableShape, path: str) -> None:
        self._path = path
        self._names = shape.names
        self._fields = tuple(_FIELDS[column.type] for column in shape.columns)
        self._columns = column_types(shape)
        self._list_type = ydb.ListType(self._columns).proto

    def build(self, rows: Sequence[Row]) -> _apis.ydb_table.BulkUpsertRequest:
        """Return the request; ValueError, TypeError or UnicodeEncodeError for a bad value."""
        request = _apis.ydb_table.BulkUpsertRequest(table=self._path)
        request.rows.type.MergeFrom(self._list_type)
        items = request.rows.value.items
        fields = self._fields
        for row in rows:
            add = items.add().items.add
            for field, value in zip(fields, row, strict=True):
                if value is None:
                    add().null_flag_value = 0
                else:
                    setattr(add(), field, value)
        return request

    async def send(
        self, driver: Driver, rows: Sequence[Row], settings: ydb.BaseRequestSettings
    ) -> None:
        """Write the rows: success means all of them. Not atomic, and not repeated here."""
        if PINNED:
            await driver(
                self.build(rows),
                _apis.TableService.Stub,
                _apis.TableService.BulkUpsert,
                _session_impl.wrap_operation_bulk_upsert,
                settings,
                (),
            )
            return
        named = [dict(zip(self._names, row, strict=True)) for row in rows]
        await driver.table_client.bulk_upsert(self._path, named, self._columns, settings)


async def describe(driver: Driver, path: str, settings: ydb.BaseRequestSettings) -> FoundTable:
    """Return a table's columns, key and indexes. Raises ydb.SchemeError if it is absent."""
    session = await driver.table_client.session().create(settings)
    try:
        if not PINNED:
            return _found_publicly(await session.describe_table(path, settings))
        return _found(
            await driver(
                _session_impl.describe_table_request_factory(session._state, path),  # noqa: SLF001
                _apis.TableService.Stub,
                _apis.TableService.DescribeTable,
                _unpack_description,
                settings,
                (),
            )
        )
    finally:
        await session.delete(settings)


def _unpack_description(
    _rpc_state: object, response: _apis.ydb_table.DescribeTableResponse
) -> _apis.ydb_table.DescribeTableResult:
    issues._process_response(response.operation)  # noqa: SLF001 - this file is where it may be
    message = _apis.ydb_table.DescribeTableResult()
    response.operation.result.Unpack(message)
    return message


def _found(message: _apis.ydb_table.DescribeTableResult) -> FoundTable:
    return FoundTable(
        columns=tuple(
            FoundColumn(
                name=column.name,
                type=_type_name(column.type),
                not_null=column.type.WhichOneof("type") != "optional_type",
            )
            for column in message.columns
        ),
        key=tuple(message.primary_key),
        indexes=tuple(
            FoundIndex(
                name=index.name,
                columns=tuple(index.index_columns),
                kind=_KINDS.get(index.WhichOneof("type"), "unknown"),
            )
            for index in message.indexes
        ),
    )


def _found_publicly(described: ydb.TableSchemeEntry) -> FoundTable:
    return FoundTable(
        columns=tuple(
            FoundColumn(
                name=column.name,
                type=str(getattr(column.type, "item", column.type)).rpartition(".")[2],
                not_null=not hasattr(column.type, "item"),
            )
            for column in described.columns
        ),
        key=tuple(described.primary_key),
        indexes=tuple(
            FoundIndex(name=index.name, columns=tuple(index.index_columns), kind=None)
            for index in described.indexes
        ),
    )


def _type_name(kind: _apis.ydb_value.Type) -> str:
    while kind.WhichOneof("type") == "optional_type":
        kind = kind.optional_type.item
    if kind.WhichOneof("type") != "type_id":
        return str(kind.WhichOneof("type"))
    known = {item._idn_: column.value for column, item in _TYPES.items()}
    return known.get(kind.type_id, f"type {kind.type_id}")
