"""The database: one SQLite file, the tables in it, one writer at a time."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from tests.fakes.ydb_server import bulk
from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status, table
from tests.fakes.ydb_server.tables import Table, quoted
from tests.fakes.ydb_server.topics import Topics
from tests.fakes.ydb_server.values import primitive

if TYPE_CHECKING:
    from tests.fakes.ydb_server.protos import value

_NO_KEYS = frozenset({"Json", "JsonDocument", "Double"})


def now_us() -> int:
    return time.time_ns() // 1000


class Store:
    """database: with its leading slash. file: kept between runs, so a restart loses nothing.

    ahead_s: how far its clock is ahead. feeds: how changefeeds are: `on`, `off`, or behind by so
    many milliseconds.
    """

    def __init__(self, file: str, database: str, ahead_s: int = 0, feeds: str = "on") -> None:
        self._ahead_s = ahead_s
        self.database = database.rstrip("/")
        self._file = file
        self._lock = threading.RLock()
        self._connection = self.connect()
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS __tables (path TEXT PRIMARY KEY, request BLOB)"
        )
        self.tables = {
            path: Table(table.CreateTableRequest.FromString(request))
            for path, request in self._connection.execute("SELECT path, request FROM __tables")
        }
        self.topics = Topics(self.connect(), self._lock, feeds)

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, isolation_level=None, check_same_thread=False, timeout=10
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        ahead_us = self._ahead_s * 1_000_000
        connection.create_function("CurrentUtcTimestamp", 0, lambda: now_us() + ahead_us)
        connection.create_function("Version", 0, lambda: "stand-in-1")
        connection.create_function("step_ms", 0, lambda: now_us() // 1000)
        return connection

    def absolute(self, path: str) -> str:
        bare = path.strip("`").strip()
        below = bare.startswith(f"{self.database}/")
        return bare if below else f"{self.database}/{bare.lstrip('/')}"

    def find(self, path: str) -> Table:
        found = self.tables.get(self.absolute(path))
        if found is None:
            text = f"Path does not exist or is not a table: {path}"
            raise Answer(Status.SCHEME_ERROR, text)
        return found

    def create(self, request: table.CreateTableRequest, *, if_absent: bool) -> None:
        with self._lock:
            if request.path in self.tables:
                if if_absent:
                    return
                raise Answer(Status.SCHEME_ERROR, f"path exists: {request.path}")
            made = Table(request)
            if not made.key or not set(made.key) <= set(made.columns):
                raise Answer(Status.SCHEME_ERROR, "primary key names unknown columns")
            for name in made.key:
                if primitive(made.columns[name]).name in _NO_KEYS:
                    raise Answer(Status.SCHEME_ERROR, f"Column {name} has wrong key type")
            for definition in made.definitions():
                self._connection.execute(definition)
            self._keep(made)

    def drop(self, path: str, *, if_there: bool) -> None:
        with self._lock:
            if path not in self.tables and if_there:
                return
            gone = self.find(path)
            self.topics.forget(gone.path)
            self._connection.execute(f"DROP TABLE {gone.sql}")
            self._connection.execute("DELETE FROM __tables WHERE path = ?", (path,))
            del self.tables[path]

    def rename(self, pairs: list[tuple[str, str]]) -> None:
        """In one transaction; a table's index goes with it."""
        with self._lock:
            moved = dict(self.tables)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for source, wanted in pairs:
                    self._rename(moved, self.absolute(source), self.absolute(wanted))
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self.tables = moved

    def _rename(self, moved: dict[str, Table], source: str, wanted: str) -> None:
        if source not in moved:
            raise Answer(Status.SCHEME_ERROR, f"Path does not exist: {source}")
        if wanted in moved:
            raise Answer(Status.SCHEME_ERROR, f"path exists: {wanted}")
        before = moved.pop(source)
        self.topics.forget(source, self._connection)
        request = table.CreateTableRequest()
        request.CopyFrom(before.request)
        request.path = wanted
        after = moved[wanted] = Table(request)
        for name in before.indexes:
            self._connection.execute(f"DROP INDEX {before.index_sql(name)}")
        self._connection.execute(f"ALTER TABLE {before.sql} RENAME TO {after.sql}")
        for definition in list(after.definitions())[1:]:
            self._connection.execute(definition)
        self._connection.execute("DELETE FROM __tables WHERE path = ?", (source,))
        self._connection.execute(
            "INSERT INTO __tables VALUES (?, ?)", (wanted, request.SerializeToString())
        )

    def names_in(self, directory: str) -> list[str]:
        """The tables of a directory, by name."""
        top = directory.rstrip("/") == self.database
        above = self.database if top else self.absolute(directory)
        found = [path.rpartition("/") for path in self.tables]
        names = sorted(name for folder, _, name in found if folder == above)
        if not names and above != self.database:
            raise Answer(Status.SCHEME_ERROR, f"Path does not exist: {directory}")
        return names

    def add_column(self, path: str, column: table.ColumnMeta) -> None:
        with self._lock:
            changed = self.find(path)
            storage = primitive(column.type).storage
            self._connection.execute(
                f"ALTER TABLE {changed.sql} ADD COLUMN {quoted(column.name)} {storage}"
            )
            changed.request.columns.append(column)
            self._keep(changed)

    def drop_column(self, path: str, name: str) -> None:
        with self._lock:
            changed = self.find(path)
            self._connection.execute(f"ALTER TABLE {changed.sql} DROP COLUMN {quoted(name)}")
            kept = [column for column in changed.request.columns if column.name != name]
            del changed.request.columns[:]
            changed.request.columns.extend(kept)
            self._keep(changed)

    def bulk_upsert(self, path: str, sent: value.TypedValue) -> None:
        target = self.find(path)
        columns, rows = bulk.checked(target, sent)
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(target.upsert(columns), rows)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

    def _keep(self, changed: Table) -> None:
        changed.reload()
        self._connection.execute(
            "INSERT OR REPLACE INTO __tables VALUES (?, ?)",
            (changed.path, changed.request.SerializeToString()),
        )
        self.tables[changed.path] = changed
