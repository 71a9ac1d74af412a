"""The one writer: a thread that commits queued changes in groups.

A change is a function of the connection. Its future resolves after the commit that holds it (I5).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import VgwmError, WrongState
from core.ledger.connection import FAULTS, error_of, open_writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.ledger.connection import Fault

T = TypeVar("T")

GROUP_ROWS = 4_000
GROUP_S = 0.05
SWITCH_S = 0.0001

# After these SQLite has rolled the whole transaction back, or may have: the group fails as one.
_GROUP_FATAL = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_BUSY,
    }
)


@dataclass(slots=True, eq=False)
class _Change:
    # Any: the queue holds changes of every result type; `submit` gives each its own back.
    run: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    queued_s: float = field(default_factory=time.monotonic)
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the only connection that writes. Made by `Writer.start`, ended by `close`."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop, *, create: bool) -> None:
        self._path = path
        self._create = create
        self._loop = loop
        self._queue: queue.SimpleQueue[_Change | None] = queue.SimpleQueue()
        self._oldest_s: float | None = None
        self._closed = False
        self._opened: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[None] = loop.create_future()
        self._thread = threading.Thread(target=self._work, name="ledger writer", daemon=True)

    @classmethod
    async def start(cls, path: Path, *, create: bool) -> Writer:
        """Open the ledger at path in a thread of its own; with create, make the file if absent."""
        writer = cls(path, asyncio.get_running_loop(), create=create)
        writer._thread.start()
        await asyncio.shield(writer._opened)
        return writer

    def submit(self, change: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Queue a change; the future resolves once it is committed, visible and durable.

        A change that raises is undone alone and its error handed on. CapacityExhausted goes to all
        changes of the group. Cancelling the wait does not take the change back.
        Call from the loop's thread only.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(
                WrongState(
                    what="the ledger is closed", where=self._path.name, remedy="Open it again."
                )
            )
            return future
        self._queue.put(_Change(change, future))
        return future

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def lag_s(self) -> float:
        """Return the age of the oldest change that is being written, 0 when idle."""
        oldest_s = self._oldest_s
        return 0.0 if oldest_s is None else time.monotonic() - oldest_s

    async def close(self) -> None:
        """Write what is queued, then end the connection and its thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.shield(self._ended)

    def _work(self) -> None:
        # sqlite3 lets go of the GIL at every row, and has to win it back from the event loop. At
        # Python's 5 ms a busy loop holds this thread to 1,600 rows/s. A waiter's interval begins
        # anew whenever the holder lets go for a moment: it has to be below the loop's own period
        # between two polls. At 0.5 ms a loop that polled every 0.3 ms starved this thread for good.
        sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))
        try:
            conn = open_writer(self._path, create=self._create)
        except FAULTS as error:
            self._post(self._opened.set_exception, error_of(error, self._path))
            return
        except OSError as error:
            self._post(self._opened.set_exception, _os_error(error, self._path))
            return
        self._post(self._opened.set_result, None)
        try:
            with closing(conn):
                self._serve(conn)
        finally:
            self._post(self._ended.set_result, None)

    def _serve(self, conn: sqlite3.Connection) -> None:
        while (first := self._queue.get()) is not None:
            self._oldest_s = first.queued_s
            group, ending = self._commit_group(conn, first)
            self._oldest_s = None
            self._post(_resolve, group)
            if ending:
                return

    def _commit_group(self, conn: sqlite3.Connection, first: _Change) -> tuple[list[_Change], bool]:
        """Run first and what is queued behind it in one transaction; tell if the end was seen."""
        group: list[_Change] = []
        change: _Change | None = first
        until_s = time.monotonic() + GROUP_S
        try:
            conn.execute("BEGIN IMMEDIATE")
            rows_end = conn.total_changes + GROUP_ROWS
            while change is not None:
                group.append(change)
                self._run_alone(conn, change)
                if conn.total_changes >= rows_end or time.monotonic() >= until_s:
                    break
                try:
                    change = self._queue.get_nowait()
                except queue.Empty:
                    break
            conn.execute("COMMIT")
        except FAULTS as error:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            failed = error_of(error, self._path)
            for each in group or [first]:
                each.error = failed
            return group or [first], change is None
        return group, change is None

    def _run_alone(self, conn: sqlite3.Connection, change: _Change) -> None:
        conn.execute("SAVEPOINT one")
        try:
            change.result = change.run(conn)
        except FAULTS as error:
            if _is_fatal(error):
                raise
            change.error = error_of(error, self._path)
        except BaseException as error:  # noqa: BLE001 - the thread's border: its caller gets it
            change.error = error
        if change.error is not None:
            conn.execute("ROLLBACK TO one")
        conn.execute("RELEASE one")

    def _post(self, call: Callable[..., object], *args: object) -> None:
        self._loop.call_soon_threadsafe(call, *args)


def _is_fatal(error: Fault) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _GROUP_FATAL


def _resolve(group: list[_Change]) -> None:
    for change in group:
        if change.future.done():  # its waiter was cancelled
            continue
        if change.error is not None:
            change.future.set_exception(change.error)
        else:
            change.future.set_result(change.result)


def _os_error(error: OSError, path: Path) -> VgwmError:
    return WrongState(
        what=f"the ledger cannot be opened ({error.strerror})",
        where=path.name,
        remedy="Check that the workspace exists and is yours.",
    )
