"""The object table of the `guide` profile in SQLite, read and written without the project's tables.

Only the DDL comes from the project: a table that is not there yet is made as it would make it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from core.dag.canonical import dumps
from core.target import sqlite_statements as ddl
from core.target.profile import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

PENDING: Final = 1
"""pin_status: the cluster has accepted the pin; the front does not look again."""

_COLUMNS: Final = "bucket, s3_key, cid, size, created_at, updated_at, metadata, pin_status"
_PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row. Times: us UTC. document: the metadata, as the profile says."""

    bucket: str
    key: str
    cid: str
    size: int
    created_us: int
    updated_us: int
    document: dict[str, object]
    pin_status: int = PENDING

    def text(self, name: str) -> str:
        """Return a member that is text, "" where it is absent."""
        found = self.document.get(name)
        return found if isinstance(found, str) else ""

    def texts(self, name: str) -> dict[str, str]:
        """Return a member that maps names to texts, empty where it is absent."""
        found = self.document.get(name)
        if not isinstance(found, dict):
            return {}
        return {str(key): value for key, value in found.items() if isinstance(value, str)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A row of the bucket table."""

    name: str
    created_us: int
    document: dict[str, object]


class Table:
    """One connection reads, another writes in a thread of its own: a busy file stops no reads."""

    def __init__(self, path: Path) -> None:
        self._writing = ThreadPoolExecutor(1)
        self._writer = _connect(path)
        profile = load("guide")
        for shape in profile.tables:
            self._writer.execute(ddl.create(shape))
        self._reader = _connect(path)

    def close(self) -> None:
        self._writing.shutdown()
        self._writer.close()
        self._reader.close()

    def get(self, bucket: str, key: str) -> Entry | None:
        found = self._reader.execute(
            f"SELECT {_COLUMNS} FROM versitygw_objects WHERE bucket = ? AND s3_key = ?",  # noqa: S608 - names of ours
            (bucket, key),
        ).fetchone()
        return None if found is None else _entry(found)

    def after(self, bucket: str, key: str, *, including: bool = False) -> Iterator[Entry]:
        """Yield the rows behind a key in order; including: from that key on. A page at a time."""
        sign = ">=" if including else ">"
        while True:
            page = self._reader.execute(
                f"SELECT {_COLUMNS} FROM versitygw_objects"  # noqa: S608 - names of ours
                f" WHERE bucket = ? AND s3_key {sign} ? ORDER BY s3_key LIMIT ?",
                (bucket, key, _PAGE),
            ).fetchall()
            yield from map(_entry, page)
            if len(page) < _PAGE:
                return
            sign, key = ">", page[-1][1]

    def bucket(self, name: str) -> Bucket | None:
        found = self._reader.execute(
            "SELECT name, created_at, metadata FROM versitygw_buckets WHERE name = ?", (name,)
        ).fetchone()
        return None if found is None else _bucket(found)

    def buckets(self) -> list[Bucket]:
        found = self._reader.execute(
            "SELECT name, created_at, metadata FROM versitygw_buckets ORDER BY name"
        ).fetchall()
        return [_bucket(row) for row in found]

    async def put(self, entry: Entry, *, unless_there: bool = False) -> bool:
        """Write a row; False, and nothing is done, if one is there that must not be."""

        def work() -> bool:
            values = (
                entry.bucket,
                entry.key,
                entry.cid,
                entry.size,
                entry.created_us,
                entry.updated_us,
                dumps(entry.document),
                entry.pin_status,
            )
            clash = "NOTHING" if unless_there else f"UPDATE SET {_UPDATES}"
            done = self._writer.execute(
                f"INSERT INTO versitygw_objects ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - names of ours
                f" ON CONFLICT (bucket, s3_key) DO {clash}",
                values,
            )
            return done.rowcount == 1

        return await self._run(work)

    async def remove(self, bucket: str, key: str) -> None:
        await self._run(
            lambda: self._writer.execute(
                "DELETE FROM versitygw_objects WHERE bucket = ? AND s3_key = ?", (bucket, key)
            )
        )

    async def put_bucket(self, bucket: Bucket) -> None:
        values = (bucket.name, bucket.created_us, bucket.created_us, dumps(bucket.document))
        await self._run(
            lambda: self._writer.execute(
                "INSERT INTO versitygw_buckets (name, created_at, updated_at, metadata)"
                " VALUES (?, ?, ?, ?)",
                values,
            )
        )

    async def remove_bucket(self, name: str) -> None:
        await self._run(
            lambda: self._writer.execute("DELETE FROM versitygw_buckets WHERE name = ?", (name,))
        )

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writing, work)


_UPDATES: Final = ", ".join(
    f"{name} = excluded.{name}" for name in _COLUMNS.split(", ") if name not in {"bucket", "s3_key"}
)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _entry(row: tuple[str, str, str, int, int | None, int | None, str, int]) -> Entry:
    bucket, key, cid, size, created_us, updated_us, metadata, status = row
    return Entry(
        bucket=bucket,
        key=key,
        cid=cid,
        size=size,
        created_us=created_us or 0,
        updated_us=updated_us or 0,
        document=json.loads(metadata),
        pin_status=status,
    )


def _bucket(row: tuple[str, int | None, str]) -> Bucket:
    name, created_us, metadata = row
    return Bucket(name=name, created_us=created_us or 0, document=json.loads(metadata))
