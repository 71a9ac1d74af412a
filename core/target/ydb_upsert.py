"""Writing rows to one YDB table: bulk or transactional, in calls of a size the server can take.

Source: ydb.md 3, 6, 7. Tested against a stand-in, not against YDB.
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import TYPE_CHECKING, Final

import ydb

from core.errors import BadInput, SchemaMismatch
from core.target import ydb_statements as yql
from core.target.row_check import RowsRefused, misfits
from core.target.ydb_client import CALL
from core.target.ydb_errors import Meaning, meaning
from core.target.ydb_wire import BulkRequests, value_types
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.target.shape import Row, RowKey, TableShape
    from core.target.ydb_client import YdbClient

MAX_ROWS: Final = 1000
MIN_ROWS: Final = 50
MAX_CALL_BYTES: Final = 1024 * 1024
CALLS_IN_FLIGHT: Final = 4
_BUSY_BEFORE_LESS: Final = 3

_log = logging.getLogger(__name__)


class WritePath(Enum):
    """bulk: no transaction, refused beside a sync index. upsert: a transaction a call."""

    BULK = "bulk"
    UPSERT = "upsert"


class YdbUpsert:
    """Writes rows of one shape. table: absolute path, with the database."""

    def __init__(self, client: YdbClient, shape: TableShape, table: str) -> None:
        self.path = WritePath.BULK
        self._client = client
        self._shape = shape
        self._bulk = BulkRequests(shape, table)
        self.statement = yql.upsert(table, yql.row_type(shape))
        self._rows_type = ydb.ListType(_struct(shape))
        self._room = asyncio.Semaphore(CALLS_IN_FLIGHT)
        self.rows_a_call = MAX_ROWS

    async def write(self, rows: Sequence[Row]) -> None:
        """Write all rows. Raises RowsRefused once the others are written; see `YdbClient.call`."""
        # A key that is absent is refused by name further on; here it must only not break sorting.
        width = len(self._shape.key)
        ordered = sorted(rows, key=lambda row: [str(cell or "") for cell in row[:width]])
        try:
            async with TaskGroup() as group:
                calls = [
                    group.create_task(self._send(batch), name="upsert of rows")
                    for batch in self._batches(ordered)
                ]
        except BaseExceptionGroup as several:
            # Each names its own rows or the same server; the first one tells.
            raise several.exceptions[0] from several
        refused = [key for call in calls for key in call.result()]
        if refused:
            raise RowsRefused(
                keys=[key for key, _ in refused], why=refused[0][1], where=self._client.where
            )

    def parameters(self, rows: Sequence[Row]) -> dict[str, object]:
        """Return the parameters of `statement` for some rows."""
        named = [dict(zip(self._shape.names, row, strict=True)) for row in rows]
        return {"$rows": (named, self._rows_type)}

    def _batches(self, rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
        begin = size_bytes = 0
        for at, row in enumerate(rows):
            row_bytes = sum(len(cell) for cell in row if isinstance(cell, str))
            full = at - begin >= self.rows_a_call or size_bytes + row_bytes > MAX_CALL_BYTES
            if full and at > begin:
                yield rows[begin:at]
                begin, size_bytes = at, 0
            size_bytes += row_bytes
        if begin < len(rows):
            yield rows[begin:]

    async def _send(self, rows: Sequence[Row]) -> list[tuple[RowKey, str]]:
        """Write one batch; return the rows refused. Halves it if busy for long, or refused."""
        try:
            async with self._room:
                await self._call(rows)
        except (ValueError, TypeError, UnicodeEncodeError) as error:
            bad = misfits(self._shape, rows)
            if not bad:
                raise BadInput(
                    what=f"a row cannot be sent: {type(error).__name__}",
                    where=self._client.where,
                    remedy="Compare the profile's columns with the table's.",
                ) from error
            keys = {key for key, _ in bad}
            fit = [row for row in rows if row[:2] not in keys]
            return bad + (await self._send(fit) if fit else [])
        except _TooMuch:
            return await self._halves(rows)
        except BadInput as error:
            refused = isinstance(error.__cause__, ydb.Error) and (
                meaning(error.__cause__) is Meaning.ROW
            )
            if not refused:
                raise
            if len(rows) == 1:
                return [((str(rows[0][0]), str(rows[0][1])), error.what)]
            return await self._halves(rows)
        self.rows_a_call = min(self.rows_a_call + self.rows_a_call // 16, MAX_ROWS)
        return []

    async def _halves(self, rows: Sequence[Row]) -> list[tuple[RowKey, str]]:
        middle = len(rows) // 2
        return [*await self._send(rows[:middle]), *await self._send(rows[middle:])]

    async def _call(self, rows: Sequence[Row]) -> None:
        answers = 0

        def busy() -> None:
            nonlocal answers
            answers += 1
            if answers >= _BUSY_BEFORE_LESS and len(rows) > MIN_ROWS:
                self.rows_a_call = max(self.rows_a_call // 2, MIN_ROWS)
                raise _TooMuch

        if self.path is WritePath.BULK:
            try:
                await self._client.call(lambda: self._once(rows), busy=busy)
            except SchemaMismatch as error:
                if "async-indexed" not in error.what:
                    raise
                if self.path is WritePath.BULK:  # of the calls in flight the first one says so
                    self.path = WritePath.UPSERT
                    _log.warning("bulk upsert refused: a sync index; rows go by UPSERT now")
            else:
                return
        await self._client.query(self.statement, self.parameters(rows), busy=busy)

    async def _once(self, rows: Sequence[Row]) -> None:
        await self._bulk.send(self._client.driver, rows, CALL)


class _TooMuch(Exception):
    """The server asked for less, several times. Never leaves this file."""


def _struct(shape: TableShape) -> ydb.StructType:
    struct = ydb.StructType()
    for name, kind in zip(shape.names, value_types(shape), strict=True):
        struct.add_member(name, kind)
    return struct
