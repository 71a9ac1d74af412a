"""What changed in a SQLite object table, in order: triggers write each key into a list beside it.

The list of `core.target.changes` for SQLite; nothing of it expires.
"""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from core.target.changes import TRIGGERS, Change, ChangePage
from core.target.sqlite_reader import connect
from core.target.sqlite_writer import map_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.target.shape import TableShape

T = TypeVar("T")

LIST: Final = "vgwm_changes"
_TABLE: Final = (
    f"CREATE TABLE IF NOT EXISTS {LIST}(seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " bucket TEXT NOT NULL, key TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT"
)
_NOW_MS: Final = "CAST((julianday('now')-2440587.5)*86400000 AS INTEGER)"
_EVENTS: Final = (("in", "INSERT", "NEW"), ("changed", "UPDATE", "NEW"), ("out", "DELETE", "OLD"))


class ChangeList:
    """The list of one object table. Every method raises the errors of the table itself."""

    def __init__(self, path: str | Path, shape: TableShape) -> None:
        self._path = Path(path)
        self._shape = shape
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="change list")
        self._connection: sqlite3.Connection | None = None

    @property
    def way(self) -> str:
        """By which way its changes are known."""
        return TRIGGERS

    async def arm(self, keeps_s: float = 0.0) -> int:
        """Have every change listed from now on; return the position before the next. Repeatable."""
        del keeps_s  # the list keeps a change until it is trimmed
        return await self._run(self._arm)

    async def disarm(self) -> None:
        """List nothing any more, and forget what is listed."""

        def work(connection: sqlite3.Connection) -> None:
            for name, _ in self._triggers():
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
            connection.execute(f"DROP TABLE IF EXISTS {LIST}")

        await self._run(work)

    async def armed(self) -> bool:
        """Tell whether changes of the table in use are listed: a swapped table has no triggers."""
        wanted = {LIST, *(name for name, _ in self._triggers())}

        def work(connection: sqlite3.Connection) -> bool:
            rows = connection.execute(
                "SELECT name FROM sqlite_schema WHERE tbl_name IN (?,?)",
                (self._shape.name, LIST),
            )
            return wanted <= {str(name) for (name,) in rows}

        return await self._run(work)

    async def gap(self, position: int | None) -> str:
        """Return why changes may be missing, as after a swap of the table; "" for nothing.

        Positions have no holes: where fewer are listed than were counted behind the reader's, they
        were forgotten for one who knew more, as a ledger does before an older one is put back.
        """
        if not await self.armed():
            return "its list of changes had a gap"
        if position is None or await self._run(partial(_is_whole, position)):
            return ""
        return "changes were forgotten that the ledger does not know"

    async def page(self, after: int, limit: int) -> ChangePage:
        """Return the changes behind a position, at most so many."""
        found = await self.read(after, limit)
        position = found[-1].position if found else after
        return ChangePage(found, position, whole=len(found) < limit)

    async def read(self, after: int, limit: int) -> list[Change]:
        """Return changes behind a position, oldest first."""

        def work(connection: sqlite3.Connection) -> list[Change]:
            rows = connection.execute(
                f"SELECT seq,bucket,key,at_ms FROM {LIST} WHERE seq>? ORDER BY seq LIMIT ?",  # noqa: S608 - our own name
                (after, limit),
            )
            return [Change(seq, bucket, key, ms * 1_000_000) for seq, bucket, key, ms in rows]

        return await self._run(work)

    async def end(self) -> int:
        """Return the position of the newest change there ever was."""
        return await self._run(_end)

    async def trim(self, position: int) -> None:
        """Forget changes up to a position, once they are stored elsewhere."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(f"DELETE FROM {LIST} WHERE seq<=?", (position,))  # noqa: S608 - our own name

        await self._run(work)

    async def rest(self) -> None:
        """Hold nothing: it does not."""

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.to_thread(self._thread.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _arm(self, connection: sqlite3.Connection) -> int:
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(_TABLE)
            for name, text in self._triggers():
                # one of a table that was swapped away keeps the name, and hears nothing
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
                connection.execute(text)
            position = _end(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return position

    def _triggers(self) -> list[tuple[str, str]]:
        bucket, key = self._shape.key
        made = []
        for word, event, row in _EVENTS:
            name = f"{LIST}_{word}"
            made.append(
                (
                    name,
                    (
                        f"CREATE TRIGGER {name} AFTER {event} ON {self._shape.name} BEGIN"
                        f" INSERT INTO {LIST}(bucket,key,at_ms)"
                        f" VALUES({row}.{bucket},{row}.{key},{_NOW_MS}); END"
                    ),
                )
            )
        return made

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        def guarded() -> T:
            try:
                if self._connection is None:
                    self._connection = connect(self._path)
                return work(self._connection)
            except sqlite3.Error as error:
                raise map_error(error, self._path) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)


def _is_whole(position: int, connection: sqlite3.Connection) -> bool:
    """Tell whether all changes behind a position are listed. One statement: one moment."""
    end, listed = connection.execute(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name=?1),0),"  # noqa: S608 - as above
        f" (SELECT count(*) FROM {LIST} WHERE seq>?2)",
        (LIST, position),
    ).fetchone()
    return bool(listed == end - position)


def _end(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name=?", (LIST,)).fetchone()
    return 0 if row is None else int(row[0])
