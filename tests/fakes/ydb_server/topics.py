"""Changefeeds and the topics behind them: triggers write messages, consumers have offsets.

A message is seen `behind_ms` after it was written, as YDB's are some time after their commit.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.fakes.ydb_server.answers import Answer
from tests.fakes.ydb_server.protos import Status
from tests.fakes.ydb_server.tables import quoted

if TYPE_CHECKING:
    import sqlite3
    import threading

    from tests.fakes.ydb_server.tables import Table

PARTITIONS: Final = 2
BARRIER_MS: Final = 50
"""YDB takes whole seconds only; tests have no time for that."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS __topics (topic TEXT PRIMARY KEY, path TEXT, keeps INTEGER)",
    (
        "CREATE TABLE IF NOT EXISTS __ends (topic TEXT, part INTEGER, next INTEGER,"
        " PRIMARY KEY (topic, part))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS __messages (topic TEXT, part INTEGER, off INTEGER,"
        " ms INTEGER, data TEXT, PRIMARY KEY (topic, part, off))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS __consumers (topic TEXT, name TEXT, part INTEGER,"
        " committed INTEGER, PRIMARY KEY (topic, name, part))"
    ),
)
_EVENTS: Final = (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))


class Message(NamedTuple):
    part: int
    offset: int
    data: bytes


class Partition(NamedTuple):
    id: int
    start: int
    end: int


class Topics:
    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock, feeds: str) -> None:
        self._connection = connection
        self._lock = lock
        self._offered = feeds != "off"
        self._behind_ms = 0 if feeds in {"on", "off"} else int(feeds)
        for text in _TABLES:
            connection.execute(text)

    def add(self, changed: Table, name: str, keeps_s: int) -> None:
        if not self._offered:
            raise Answer(Status.UNSUPPORTED, "Changefeeds are not supported")
        topic = f"{changed.path}/{name}"
        with self._lock:
            if self._known(topic):
                raise Answer(Status.SCHEME_ERROR, f"path exists: {topic}")
            self._do("INSERT INTO __topics VALUES (?, ?, ?)", topic, changed.path, keeps_s)
            for part in range(PARTITIONS):
                self._do("INSERT INTO __ends VALUES (?, ?, 0)", topic, part)
            for event, row in _EVENTS:
                self._do(_trigger(changed, topic, event, row))

    def drop(self, path: str, name: str) -> None:
        if not self._known(f"{path}/{name}"):
            raise Answer(Status.SCHEME_ERROR, f"Path does not exist: {path}/{name}")
        self.forget(path)

    def forget(self, path: str, connection: sqlite3.Connection | None = None) -> None:
        """Drop the changefeeds of a table that goes away, or gets another name."""
        with self._lock:
            do = (connection or self._connection).execute
            for (topic,) in do("SELECT topic FROM __topics WHERE path = ?", (path,)).fetchall():
                for event, _ in _EVENTS:
                    do(f"DROP TRIGGER IF EXISTS {_name(topic, event)}")
                for kept in ("__topics", "__ends", "__messages", "__consumers"):
                    do(f"DELETE FROM {kept} WHERE topic = ?", (topic,))  # noqa: S608 - our own names

    def has_rows(self, asked: Table) -> bool:
        return bool(self._do(f"SELECT 1 FROM {asked.sql} LIMIT 1"))  # noqa: S608 - a quoted name

    def keeps_s(self, topic: str) -> int:
        self._require(topic)
        [(keeps_s,)] = self._do("SELECT keeps FROM __topics WHERE topic = ?", topic)
        return int(str(keeps_s))

    def partitions(self, topic: str) -> list[Partition]:
        """The first offset there is and the end of each."""
        self._require(topic)
        rows = self._do(
            "SELECT part, coalesce((SELECT min(off) FROM __messages m WHERE m.topic = e.topic"
            " AND m.part = e.part), next), next FROM __ends e WHERE topic = ? ORDER BY part",
            topic,
        )
        return [Partition(*row) for row in rows]

    def consumers(self, topic: str) -> list[str]:
        self._require(topic)
        rows = self._do("SELECT DISTINCT name FROM __consumers WHERE topic = ?", topic)
        return [str(name) for (name,) in rows]

    def add_consumer(self, topic: str, name: str) -> None:
        self._require(topic)
        for part in range(PARTITIONS):
            self._do("INSERT INTO __consumers VALUES (?, ?, ?, 0)", topic, name, part)

    def committed(self, topic: str, name: str, part: int) -> int:
        rows = self._do(
            "SELECT committed FROM __consumers WHERE topic = ? AND name = ? AND part = ?",
            topic,
            name,
            part,
        )
        if not rows:
            raise Answer(Status.SCHEME_ERROR, f"no consumer '{name}' in topic '{topic}'")
        return int(str(rows[0][0]))

    def commit(self, topic: str, name: str, part: int, offset: int) -> None:
        self._do(
            "UPDATE __consumers SET committed = max(committed, ?)"
            " WHERE topic = ? AND name = ? AND part = ?",
            offset,
            topic,
            name,
            part,
        )

    def read(self, topic: str, part: int, after: int, limit: int) -> list[Message]:
        """Messages from an offset on; at the end of what is seen a barrier is added in time."""
        self._require(topic)
        rows = self._do(
            "SELECT part, off, data FROM __messages WHERE topic = ? AND part = ? AND off >= ?"
            " AND ms <= ? ORDER BY off LIMIT ?",
            topic,
            part,
            after,
            time.time_ns() // 1_000_000 - self._behind_ms,
            limit,
        )
        if not rows:
            self._barrier(topic, part)
        return [Message(at, off, str(data).encode()) for at, off, data in rows]

    def _barrier(self, topic: str, part: int) -> None:
        with self._lock:
            self._do("BEGIN IMMEDIATE")  # no other writer is in the middle: all before is committed
            now_ms = time.time_ns() // 1_000_000
            [(last,)] = self._do(
                "SELECT coalesce(max(ms), 0) FROM __messages WHERE topic = ? AND part = ?"
                " AND data LIKE '{\"resolved%'",
                topic,
                part,
            )
            if now_ms - last >= BARRIER_MS:
                data = f'{{"resolved":[{now_ms},0]}}'
                self._do(_MESSAGE, topic, part, topic, part, now_ms, data)
                self._do(_NEXT, topic, part)
            self._do("COMMIT")

    def _do(self, text: str, *bound: str | int) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(text, bound).fetchall()

    def _known(self, topic: str) -> bool:
        return bool(self._do("SELECT 1 FROM __topics WHERE topic = ?", topic))

    def _require(self, topic: str) -> None:
        if not self._known(topic):
            raise Answer(Status.SCHEME_ERROR, f"path '{topic}' does not exist or is not a topic")


_MESSAGE: Final = (
    "INSERT INTO __messages VALUES (?, ?,"
    " (SELECT next FROM __ends WHERE topic = ? AND part = ?), ?, ?)"
)
_NEXT: Final = "UPDATE __ends SET next = next + 1 WHERE topic = ? AND part = ?"


def _name(topic: str, event: str) -> str:
    return quoted(f"f:{topic}/{event}")


def _trigger(changed: Table, topic: str, event: str, row: str) -> str:
    text = topic.replace("'", "''")
    key = ", ".join(f"{row}.{quoted(name)}" for name in changed.key)
    part = f"(length({row}.{quoted(changed.key[-1])}) % {PARTITIONS})"
    rest = [name for name in changed.columns if name not in changed.key]

    def image(side: str) -> str:
        return "json_object(" + ", ".join(f"'{n}', {side}.{quoted(n)}" for n in rest) + ")"

    told = {
        "INSERT": f"'update', json('{{}}'), 'newImage', {image('NEW')}",
        "UPDATE": f"'update', json('{{}}'), 'newImage', {image('NEW')}, 'oldImage', {image('OLD')}",
        "DELETE": f"'erase', json('{{}}'), 'oldImage', {image('OLD')}",
    }[event]
    stamp = "'ts', json_array(step_ms(), 7)"
    at = f"topic = '{text}' AND part = {part}"
    return (
        f"CREATE TRIGGER {_name(topic, event)} AFTER {event} ON {changed.sql} BEGIN"  # noqa: S608 - our own names
        f" INSERT INTO __messages SELECT '{text}', {part}, next, step_ms(),"
        f" json_object('key', json_array({key}), {told}, {stamp}) FROM __ends WHERE {at};"
        f" UPDATE __ends SET next = next + 1 WHERE {at}; END"
    )
