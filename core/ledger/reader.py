"""A thread with a read-only connection: each read sees one committed state."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from core.ledger.connection import FAULTS, error_of, open_reader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class Reader:
    """Runs reads one after the other, off the event loop."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"ledger {name}")
        self._conn: sqlite3.Connection | None = None

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run query in one read transaction, and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, query)

    async def close(self) -> None:
        """End the thread and its connection; a read that runs is waited for."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._close)
        self._pool.shutdown(wait=False)  # nothing is left to wait for, and a join would block

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._conn is None:
                self._conn = open_reader(self._path)
            self._conn.execute("BEGIN")
            try:
                return query(self._conn)
            finally:
                if self._conn.in_transaction:
                    self._conn.execute("ROLLBACK")
        except FAULTS as error:
            raise error_of(error, self._path) from error

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
