"""The object table as a side of a join: read in order, by a connection of its own.

A SQLite file is read by one statement; a database that is asked page by page is asked ahead, while
the page before is compared. May import the tables, and its own room.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING, Final, TypeVar

from core.target import sqlite_statements as sql
from core.target.sqlite_reader import connect
from core.target.sqlite_writer import map_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from core.target.objects import ObjectTable
    from core.target.shape import Row, TableShape

_T = TypeVar("_T")
_ROWS: Final = 1_000
"""Rows of a page that a database is asked for."""


class SqliteRows:
    """Reads an object table in a file. rows: of a page."""

    def __init__(self, path: Path, shape: TableShape, *, rows: int = 4_000) -> None:
        self._path = path
        self._rows = rows
        bucket, key = shape.key
        self._page = f"{sql.select(shape)} WHERE {bucket}=? AND {key}>? ORDER BY {key}"
        self._row = f"{sql.select(shape)} WHERE {sql.by_key(shape)}"
        self._conn = connect(path)
        self._conn.execute("PRAGMA query_only = 1")

    def pages(self, bucket: str, after: str) -> Iterator[list[Row]]:
        """Yield a bucket's rows behind a key, in one read: a state of the table."""
        cursor = self._conn.cursor()
        cursor.arraysize = self._rows
        try:
            cursor.execute(self._page, (bucket, after))
            while page := cursor.fetchmany():
                yield page
        except sqlite3.Error as error:
            raise map_error(error, self._path) from error
        finally:
            cursor.close()

    def read(self, bucket: str, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of those keys that exist now."""
        found: dict[str, Row] = {}
        try:
            for key in keys:
                row = self._conn.execute(self._row, (bucket, key)).fetchone()
                if row is not None:
                    found[key] = row
        except sqlite3.Error as error:
            raise map_error(error, self._path) from error
        return found

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()


class AskedRows:
    """Reads an object table that is asked by calls. open_: makes it, in the loop it lives in."""

    def __init__(self, open_: Callable[[], Awaitable[ObjectTable]]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="table", daemon=True)
        self._thread.start()
        self._table = self._wait(_opened(open_))

    def pages(self, bucket: str, after: str) -> Iterator[list[Row]]:
        """Yield a bucket's rows behind a key; the next page is under way while one is compared."""
        asked = self._ask(self._table.scan((bucket, after), _ROWS))
        try:
            while True:
                page = asked.result()
                mine = [row for row in page if row[0] == bucket]
                ended = len(page) < _ROWS or len(mine) < len(page)
                if not ended:
                    last = str(page[-1][1])
                    asked = self._ask(self._table.scan((bucket, last), _ROWS))
                if mine:
                    yield mine
                if ended:
                    return
        finally:
            asked.cancel()

    def read(self, bucket: str, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of those keys that exist now."""
        rows = self._wait(self._table.read([(bucket, key) for key in keys]))
        return {str(row[1]): row for row in rows}

    def close(self) -> None:
        """Close the table, and end its loop."""
        self._wait(self._table.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, call: Coroutine[object, object, _T]) -> _T:
        return self._ask(call).result()

    def _ask(self, call: Coroutine[object, object, _T]) -> Future[_T]:
        return asyncio.run_coroutine_threadsafe(call, self._loop)


async def _opened(open_: Callable[[], Awaitable[ObjectTable]]) -> ObjectTable:
    return await open_()
