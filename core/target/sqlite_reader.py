"""Connections to a SQLite object table, the thread that reads, and what the file says of itself."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from core.target.disk_faults import disk_error
from core.target.schema_check import FoundColumn, FoundIndex, FoundTable
from core.target.sqlite_writer import map_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_PAGE_BYTES: Final = 8192
_CACHE_KIB: Final = 2_048  # keys come in order: more would only grow with the set
_BUSY_MS: Final = 10_000


class SqliteReader:
    """One connection for reading, on a thread of its own: reads never wait for a commit."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="object table reader")
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the connection, opened on first use."""

        def guarded() -> T:
            try:
                if self._connection is None:
                    self._connection = connect(self._path)
                    self._connection.execute("PRAGMA query_only = 1")
                return work(self._connection)
            except sqlite3.Error as error:
                raise map_error(error, self._path) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for one thread at a time. Raises the errors of `map_error`."""
    try:
        # names and user metadata are for its owner alone
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except OSError as error:
        raise disk_error(error, doing="opening the object table", path=path) from error
    except sqlite3.Error as error:
        raise map_error(error, path) from error
    return connection


def describe(connection: sqlite3.Connection, table: str) -> FoundTable | None:
    """Return a table's columns, key and indexes, None if it is absent. table: a checked name."""
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    if not info:
        return None
    key = sorted((place, name) for _, name, _, _, _, place in info if place)
    indexes = []
    for _, name, _, origin, _ in connection.execute(f"PRAGMA index_list({table})").fetchall():
        if origin == "c":  # made by CREATE INDEX; the primary key's own is no index of ours
            quoted = name.replace('"', '""')
            columns = connection.execute(f'PRAGMA index_info("{quoted}")').fetchall()
            indexes.append(
                FoundIndex(name=name, columns=tuple(str(c) for _, _, c in columns), kind=None)
            )
    return FoundTable(
        columns=tuple(
            FoundColumn(name=name, type=kind, not_null=bool(not_null))
            for _, name, kind, not_null, _, _ in info
        ),
        key=tuple(name for _, name in key),
        indexes=tuple(indexes),
    )
