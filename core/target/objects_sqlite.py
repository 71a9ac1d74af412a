"""The object table in a SQLite file: the embedded default, and the export's `objects.db`.

One thread writes (WAL, synchronous=FULL), one reads. The index on CIDs is built at the end:
written row by row in CID order it holds recording to 25-36k rows/s, without it 270k (measured,
rows of 500 B); built afterwards it costs 1.5 s a million rows.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from core.display import safe
from core.errors import BadInput
from core.target import sqlite_sets
from core.target import sqlite_statements as sql
from core.target.objects import bucket_table, refuse_mismatch, same_row
from core.target.row_check import refuse_misfits
from core.target.schema_check import compare
from core.target.shape import Source
from core.target.sqlite_reader import SqliteReader, connect, describe
from core.target.sqlite_texts import Texts
from core.target.sqlite_writer import SqliteWriter
from core.target.table_sets import profile_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.model import Finding
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey, TableShape
    from core.target.table_sets import Beside

T = TypeVar("T")


class SqliteTable:
    """An object table in one file. Keys order by bytes, as YDB orders them."""

    def __init__(
        self, path: Path, profile: Profile, writer: SqliteWriter, reader: SqliteReader
    ) -> None:
        self._path = path
        self._profile = profile
        self._objects = profile.objects
        self._cids = profile.cids
        self._buckets = profile.buckets
        self._tables = profile.tables
        self._writer = writer
        self._reader = reader
        self._texts = Texts(path, profile.objects)
        self._upsert = sql.upsert(profile.objects)
        # A row that moves to another CID must take its entry in the CID table along.
        self._forget = ""
        if profile.cids:
            self._forget = sql.forget_cid(profile.cids, profile.objects, unless_same=True)
            self._cid_at = [profile.objects.sources.index(s) for s in profile.cids.sources]
            self._cid_upsert = sql.upsert(profile.cids)

    @classmethod
    async def open(cls, path: str | Path, profile: Profile) -> Self:
        """Open the file, or create an empty one. Raises Denied, BadInput, Broken, NoAnswer."""
        file = Path(path)
        if not await asyncio.to_thread(file.parent.is_dir):
            raise BadInput(
                what=f"folder {safe(str(file.parent))} does not exist",
                where="target.table",
                remedy="Create it, or name another place.",
            )
        connection = await asyncio.to_thread(connect, file)
        return cls(file, profile, SqliteWriter(file, connection), SqliteReader(file))

    async def ensure(self) -> None:
        """Create the profile's absent tables; raise SchemaMismatch if a present one differs."""
        tables = self._tables

        def create(connection: sqlite3.Connection) -> None:
            for shape in tables:
                connection.execute(sql.create(shape))

        await self._writer.submit(create)
        refuse_mismatch(await self.check(), safe(str(self._path)))

    async def check(self) -> list[Finding]:
        """Compare each table with the profile; a CID index not built yet is a warning."""
        tables = self._tables

        def look(connection: sqlite3.Connection) -> list[Finding]:
            return [
                finding
                for shape in tables
                for finding in compare(shape, describe(connection, shape.name), sql.types(shape))
            ]

        return await self._reader.run(look)

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Write rows in few statements; they are on disk on return."""
        await self._write(self._objects, rows, lambda connection: self._put(connection, rows))

    async def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove rows by key, with their entries in the CID table."""
        delete = sql.delete(self._objects)
        forget = (
            sql.forget_cid(self._cids, self._objects, unless_same=False) if self._cids else None
        )

        def work(connection: sqlite3.Connection) -> None:
            if forget:
                connection.executemany(forget, [(bucket, key, bucket, key) for key in keys])
            connection.executemany(delete, [(bucket, key) for key in keys])

        await self._writer.submit(work)

    async def replace_if(self, rows: Sequence[Row], expected: Sequence[Row | None]) -> list[RowKey]:
        """Write the rows whose present ones are as expected; return the keys that had moved."""
        read = f"{sql.select(self._objects)} WHERE {sql.by_key(self._objects)}"
        fixed = [at for at, column in enumerate(self._objects.columns) if not column.volatile]
        texts = self._texts

        def work(connection: sqlite3.Connection) -> list[RowKey]:
            moved: list[RowKey] = []
            unmoved: list[Row] = []
            for row, wanted in zip(rows, expected, strict=True):
                present = next(iter(texts.rows(connection, read, row[:2])), None)
                if same_row(present, wanted, fixed):
                    unmoved.append(row)
                else:
                    moved.append((str(row[0]), str(row[1])))
            self._put(connection, unmoved)
            return moved

        return await self._write(self._objects, rows, work)

    async def delete_if(self, expected: Sequence[Row]) -> list[RowKey]:
        """Remove the rows that are as expected; return the keys that had moved."""
        fixed = [at for at, column in enumerate(self._objects.columns) if not column.volatile]

        def work(connection: sqlite3.Connection) -> list[RowKey]:
            moved = sql.moved(connection, self._texts, self._objects, expected, fixed)
            kept = set(moved)
            gone = [row[:2] for row in expected if row[:2] not in kept]
            if self._cids:
                forget = sql.forget_cid(self._cids, self._objects, unless_same=False)
                connection.executemany(forget, [(*key, *key) for key in gone])
            connection.executemany(sql.delete(self._objects), gone)
            return [(str(bucket), str(key)) for bucket, key in moved]

        return await self._writer.submit(work)

    async def scan(self, after: RowKey, limit: int) -> list[Row]:
        """Return the next rows in byte order of (bucket, key)."""
        page, texts = sql.page(self._objects), self._texts
        return await self._reader.run(lambda c: texts.rows(c, page, (*after, limit)))

    async def read(self, keys: Sequence[RowKey]) -> list[Row]:
        """Return the rows of those keys that exist, in key order."""
        one = f"{sql.select(self._objects)} WHERE {sql.by_key(self._objects)}"

        def look(connection: sqlite3.Connection) -> list[Row]:
            read = self._texts.rows
            return [row for key in sorted(set(keys)) for row in read(connection, one, key)]

        return await self._reader.run(look)

    async def build_index(self) -> None:
        """Build the index on CIDs over the rows that are there."""
        statement = sql.create_index(self._objects)
        if statement:
            await self._writer.submit(lambda connection: connection.execute(statement))

    async def count(self) -> int:
        """Count the object rows; reads the whole table."""
        text = f"SELECT count(*) FROM {self._objects.name}"  # noqa: S608 - a checked name
        return await self._reader.run(lambda c: int(c.execute(text).fetchone()[0]))

    async def upsert_buckets(self, rows: Sequence[Row]) -> None:
        """Write bucket rows."""
        shape = bucket_table(self._buckets)
        statement = sql.upsert(shape)

        def work(connection: sqlite3.Connection) -> None:
            statement.run(connection, rows)

        await self._write(shape, rows, work)

    async def delete_buckets_if(self, expected: Sequence[Row]) -> list[str]:
        """Remove the bucket rows that are as expected; return the names that had moved."""
        shape = bucket_table(self._buckets)

        def work(connection: sqlite3.Connection) -> list[str]:
            texts = Texts(self._path, shape)
            moved = sql.moved(connection, texts, shape, expected, range(len(shape.columns)))
            kept = set(moved)
            gone = [row[:1] for row in expected if row[:1] not in kept]
            connection.executemany(sql.delete(shape), gone)
            return [str(name) for (name,) in moved]

        return await self._writer.submit(work)

    async def scan_buckets(self) -> list[Row]:
        """Return every bucket row, by name."""
        if self._buckets is None:
            return []
        text = f"{sql.select(self._buckets)} ORDER BY {', '.join(self._buckets.key)}"
        texts = Texts(self._path, self._buckets)
        return await self._reader.run(lambda c: texts.rows(c, text))

    async def clock_us(self) -> int | None:
        """Return None: the file's clock is this host's."""
        return None

    async def version(self) -> str:
        """Return the version of SQLite."""
        return f"SQLite {sqlite3.sqlite_version}"

    async def beside(self, tag: str) -> SqliteTable:
        """Return the set of tables with this tag, over the same connections.

        It has no index: names of indexes are the file's, and the table in use has that one.
        """
        profile = profile_of(self._profile, tag)
        bare = replace(profile, objects=replace(profile.objects, index=None))
        return SqliteTable(self._path, bare, self._writer, self._reader)

    async def sets(self) -> list[Beside]:
        """Return the sets of tables beside those in use."""
        return await self._reader.run(partial(sqlite_sets.sets, profile=self._profile))

    async def swap(self, old: str) -> None:
        """Put the new set in the place of the tables in use, in one transaction."""
        await self._writer.submit(partial(sqlite_sets.swap, profile=self._profile, old=old))

    async def drop(self, tag: str) -> None:
        """Remove the tables of a set."""
        await self._writer.submit(partial(sqlite_sets.drop, profile=self._profile, tag=tag))

    async def close(self) -> None:
        """Write what is queued, then close both connections."""
        await self._reader.close()
        await self._writer.close()

    def _put(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        if self._forget:
            cid_at = self._objects.sources.index(Source.CID)
            connection.executemany(
                self._forget, [(*row[:2], *row[:2], row[cid_at]) for row in rows]
            )
        self._upsert.run(connection, rows)
        if self._forget:
            entries = [tuple(row[at] for at in self._cid_at) for row in rows]
            self._cid_upsert.run(connection, entries)

    async def _write(
        self,
        shape: TableShape,
        rows: Sequence[Row],
        work: Callable[[sqlite3.Connection], T],
    ) -> T:
        """Run `work`, which writes `rows`; name the rows if SQLite refuses a value."""
        try:
            return await self._writer.submit(work)
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError, ValueError, OverflowError) as e:
            where = safe(str(self._path))
            refuse_misfits(shape, rows, where)
            raise BadInput(
                what=f"SQLite refuses a row: {safe(str(e))}",
                where=where,
                remedy="Compare the table's constraints with the profile's.",
            ) from e
