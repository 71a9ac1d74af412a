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
from core.target.sqlite_texts import Texts
from core.target.sqlite_writer import map_error
from core.verify.feed import Feed
from core.verify.packed import TOP, Packer
from core.verify.sides import TableCut
from core.verify.stint import Stint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from core.target.objects import ObjectTable
    from core.target.shape import Row, TableShape
    from core.verify.sides import TableCursor

_T = TypeVar("_T")
_ROWS: Final = 1_000
"""Rows of a page that a database is asked for."""
_CACHE_KIB: Final = 256
"""Rows come in order: what is read once should not drive the rest out of the processor's cache."""


class FedCursor:
    """A place in a bucket whose rows come by pages."""

    def __init__(self, feed: Feed[Row]) -> None:
        self.feed = feed

    def cut(self, end: bytes | None) -> TableCut:
        """Take the rows below a key."""
        rows = self.feed.below(end)
        return TableCut(end, None, lambda: rows)


def row_key(row: Row) -> bytes:
    """Return a row's key."""
    return str(row[1]).encode()


class SqliteRows:
    """Reads an object table in a file. most: rows of a cut."""

    def __init__(self, path: Path, shape: TableShape, *, most: int = 8_000) -> None:
        self._path = path
        self._most = most
        bucket, key = shape.key
        self._span = f"{sql.select(shape)} WHERE {bucket}=? AND {key}>=? AND {key}<? ORDER BY {key}"
        self._row = f"{sql.select(shape)} WHERE {sql.by_key(shape)}"
        self._texts = Texts(path, shape)
        self._packer = Packer(shape)
        self._conn, self._raw = connect(path), connect(path)
        self._raw.text_factory = bytes
        self._stint = Stint(self._raw, most)
        for conn in (self._conn, self._raw):
            conn.execute("PRAGMA query_only = 1")
            conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def open(self, bucket: str, after: str) -> TableCursor:
        """Begin to read a bucket's rows behind a key."""
        return _SqliteCursor(self, bucket, f"{after}\0" if after else "")

    def cut(self, bucket: str, low: str, end: bytes | None) -> TableCut:
        """Return the rows from a key on and below another one, or as many as a cut may have."""
        high = TOP if end is None else end.decode()
        try:
            span = (low, high)
            packed = self._stint.run(lambda: self._packer.take(self._raw, bucket, span, None))
            if packed is None:
                packed = self._packer.take(self._raw, bucket, span, self._most)
                if packed.rows == self._most:
                    end = packed.last + b"\0"
                    high = end.decode()
        except UnicodeDecodeError as error:
            raise self._texts.refused(bucket.encode(), error.object[:-1]) from error
        except sqlite3.Error as error:
            raise map_error(error, self._path) from error
        usable = packed if self._packer.usable else None
        return TableCut(end, usable, lambda: self._rows(bucket, low, high))

    def _rows(self, bucket: str, low: str, high: str) -> list[Row]:
        try:
            return self._texts.rows(self._conn, self._span, (bucket, low, high))
        except sqlite3.Error as error:
            raise map_error(error, self._path) from error

    def read(self, bucket: str, keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows of those keys that exist now."""
        found: dict[str, Row] = {}
        try:
            for key in keys:
                for row in self._texts.rows(self._conn, self._row, (bucket, key)):
                    found[key] = row
        except sqlite3.Error as error:
            raise map_error(error, self._path) from error
        return found

    def close(self) -> None:
        """Close the connections."""
        self._conn.close()
        self._raw.close()


class _SqliteCursor:
    """A place in a bucket of a file: any stretch behind it can be had."""

    feed = None

    def __init__(self, table: SqliteRows, bucket: str, low: str) -> None:
        self._table = table
        self._bucket = bucket
        self._low = low

    def cut(self, end: bytes | None) -> TableCut:
        """Take the rows below a key, or the first of them."""
        taken = self._table.cut(self._bucket, self._low, end)
        if taken.end is not None:
            self._low = taken.end.decode()
        return taken


class AskedRows:
    """Reads an object table that is asked by calls. open_: makes it, in the loop it lives in."""

    def __init__(self, open_: Callable[[], Awaitable[ObjectTable]]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="table", daemon=True)
        self._thread.start()
        self._table = self._wait(_opened(open_))

    def open(self, bucket: str, after: str) -> TableCursor:
        """Begin to read a bucket's rows behind a key."""
        return FedCursor(Feed(self.pages(bucket, after), row_key, several=False))

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
