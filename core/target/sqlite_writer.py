"""The one thread that writes a SQLite file, and the errors SQLite can answer with.

Calls that queue up while a commit runs share the next commit: one fsync for several bundles.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, cast

from core.errors import Broken, CapacityExhausted, Denied, NoAnswer, SchemaMismatch, WrongState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

MAX_GROUPED: Final = 16
"""Calls in one transaction: bounds what a crash repeats and how long the first one waits."""

_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_DENIED: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class _Call(NamedTuple):
    work: Callable[[sqlite3.Connection], object]
    future: asyncio.Future[object]
    loop: asyncio.AbstractEventLoop


class SqliteWriter:
    """Runs closures on one connection, each whole or not at all, and answers after COMMIT (I5)."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._queue: SimpleQueue[_Call | None] = SimpleQueue()
        self._open = True
        self._thread = threading.Thread(target=self._run, name="object table", daemon=True)
        self._thread.start()

    async def submit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction; return its result once it is on disk.

        Raises what `work` raises; the errors of `map_error` for SQLite's own.
        """
        if not self._open:
            raise WrongState(
                what="the table is closed", where=str(self._path), remedy="Open it again."
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._queue.put(_Call(work, future, loop))
        return cast("T", await future)

    async def close(self) -> None:
        """Finish what is queued, then close the connection."""
        if self._open:
            self._open = False
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            while (call := self._queue.get()) is not None:
                calls, stop = self._with_those_waiting(call)
                self._commit(calls)
                if stop:
                    break
        finally:
            self._connection.close()

    def _with_those_waiting(self, first: _Call) -> tuple[list[_Call], bool]:
        calls = [first]
        while len(calls) < MAX_GROUPED:
            try:
                call = self._queue.get_nowait()
            except Empty:
                break
            if call is None:
                return calls, True
            calls.append(call)
        return calls, False

    def _commit(self, calls: list[_Call]) -> None:
        connection = self._connection
        results: list[object] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            results.extend(self._one(call) for call in calls)
            connection.execute("COMMIT")
        # The border of this thread: were it to die here, every caller would wait for ever.
        except Exception as error:  # noqa: BLE001
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            results = [map_error(error, self._path)] * len(calls)
        for call, result in zip(calls, results, strict=True):
            _answer(call, result)

    def _one(self, call: _Call) -> object:
        """Run one call under a savepoint; return its result, or what it raised."""
        connection = self._connection
        connection.execute("SAVEPOINT one")
        try:
            result = call.work(connection)
        # Whatever a caller's closure raises is that caller's, not its neighbours'.
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite rolled everything back by itself (disk full): all calls failed
            connection.execute("ROLLBACK TO one")
            result = map_error(error, self._path)
        connection.execute("RELEASE one")
        return result


def map_error(error: Exception, path: Path) -> Exception:
    """Return our error for SQLite's; a refused value (IntegrityError) and all else stay."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or isinstance(error, sqlite3.IntegrityError):
        return error
    primary = code & 0xFF
    what, where = f"SQLite says: {error}", str(path)
    if primary in _FULL:
        full = primary == sqlite3.SQLITE_FULL
        mend = "Make room on its disk" if full else "Look at its disk (dmesg, room)"
        remedy = f"{mend}; what was committed is safe."
        return CapacityExhausted(what=what, where=where, remedy=remedy)
    if primary in _DENIED:
        return Denied(what=what, where=where, remedy="Make the file and its folder writable.")
    if primary in _DAMAGED:
        return Broken(what=what, where=where, remedy="Rebuild the table from the manifests.")
    if primary in _BUSY:
        remedy = "Another process holds it; stop that one, then try again."
        return NoAnswer(what=what, where=where, remedy=remedy)
    return SchemaMismatch(what=what, where=where, remedy="Compare it with the profile.")


def _answer(call: _Call, result: object) -> None:
    def settle() -> None:
        if call.future.done():
            return  # the caller was cancelled; what it wrote is on disk all the same
        if isinstance(result, Exception):
            call.future.set_exception(result)
        else:
            call.future.set_result(result)

    try:
        call.loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more
