"""The object table on YDB. Tested against a stand-in, not against YDB.

Source: ydb.md. `import ydb` costs 0.3 s: only `open_table` imports this, on first use.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, Self

import ydb

from core.display import safe
from core.errors import BadInput, Broken, SchemaMismatch
from core.target import ydb_address, ydb_sets
from core.target import ydb_statements as yql
from core.target.objects import bucket_table, refuse_mismatch, same_row
from core.target.open_table import TableLogin
from core.target.row_check import refuse_misfits
from core.target.schema_check import compare
from core.target.shape import IndexKind, Source
from core.target.table_sets import profile_of, sets_of
from core.target.ydb_client import CALL, PATIENCE_S, YdbClient
from core.target.ydb_upsert import WritePath, YdbUpsert
from core.target.ydb_wire import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.model import Finding
    from core.target.profile import Profile
    from core.target.schema_check import FoundTable
    from core.target.shape import Row, RowKey, TableShape
    from core.target.table_sets import Beside
    from core.target.ydb_client import YdbTransaction

MAX_KEYS: Final = 1000
"""Keys in one read or delete: as a bundle has them."""


class YdbTable:
    """An object table in a YDB database; what it needs of the server is in ydb_client."""

    def __init__(self, client: YdbClient, profile: Profile, root: str) -> None:
        """root: the directory of the tables, absolute: the database, or one below it."""
        self._client = client
        self._profile = profile
        self._tables = profile.tables
        self._objects = profile.objects
        self._cids = profile.cids
        self._buckets = profile.buckets
        self._root = root
        self._writers = {
            shape.name: YdbUpsert(client, shape, self._path(shape)) for shape in profile.tables
        }
        self._wrote = False

    @classmethod
    async def open(
        cls,
        address: str,
        profile: Profile,
        login: TableLogin | None = None,
        *,
        directory: str = "",
        patience_s: float = PATIENCE_S,
    ) -> Self:
        """Log in to `grpc[s]://HOST:PORT/DATABASE`. directory: below it, for the tables.

        Raises BadInput, Denied, NodeUnreachable within seconds; nothing is left open then.
        """
        where = ydb_address.parse(address)
        client = await YdbClient.connect(where, login or TableLogin(), patience_s)
        root = f"{where.database}/{directory}".rstrip("/")
        return cls(client, profile, root)

    @property
    def client(self) -> YdbClient:
        """The connection underneath."""
        return self._client

    @property
    def is_open(self) -> bool:
        """Whether `close` is still to come."""
        return self._client.is_open

    @property
    def paths(self) -> list[str]:
        """The tables' absolute paths, the object table first."""
        return [self._path(shape) for shape in self._tables]

    def writer(self, table: str) -> YdbUpsert:
        """Return what writes the rows of a table, to look at."""
        return self._writers[table]

    async def ensure(self) -> None:
        """Create the absent tables, then compare: IF NOT EXISTS compares nothing."""
        for shape in self._tables:
            large = shape is not self._buckets
            await self._client.define(yql.create(shape, self._path(shape), partitioned=large))
        refuse_mismatch(await self.check(), self._client.where)

    async def check(self) -> list[Finding]:
        """Compare each table with the profile, and choose how rows are written by its indexes."""
        findings: list[Finding] = []
        for shape in self._tables:
            found = await self._describe(shape)
            types = {column.name: column.type.value for column in shape.columns}
            findings += compare(shape, found, types)
            kinds = {index.kind for index in found.indexes} if found else set()
            bulk = kinds <= {IndexKind.ASYNC, None}
            self._writers[shape.name].path = WritePath.BULK if bulk else WritePath.UPSERT
        return findings

    async def upsert(self, rows: Sequence[Row]) -> None:
        """Write object rows, and their entries in the CID table if the profile has one."""
        if self._cids:
            # Keys go as parameters here, before the rows that could name a bad one are built.
            refuse_misfits(self._objects, rows, self._client.where)
            for bucket, some in _by_bucket([_key(row) for row in rows]):
                await self._forget_cids(bucket, some)
        await self._write(self._objects, rows)
        if self._cids:
            at = [self._objects.sources.index(source) for source in self._cids.sources]
            await self._write(self._cids, [tuple(row[i] for i in at) for row in rows])

    async def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove rows of one bucket, with their entries in the CID table."""
        statement = yql.delete(self._objects, self._path(self._objects))
        for begin in range(0, len(keys), MAX_KEYS):
            some = list(keys[begin : begin + MAX_KEYS])
            await self._forget_cids(bucket, some)
            await self._client.query(statement, _keys(bucket, some))

    async def replace_if(self, rows: Sequence[Row], expected: Sequence[Row | None]) -> list[RowKey]:
        """Write the rows whose present ones are as expected, in one transaction."""
        wanted = {_key(row): old for row, old in zip(rows, expected, strict=True)}
        fixed = [at for at, column in enumerate(self._objects.columns) if not column.volatile]
        read = yql.read(self._objects, self._path(self._objects))
        writer = self._writers[self._objects.name]

        async def work(tx: YdbTransaction) -> list[RowKey]:
            present: dict[RowKey, Row] = {}
            for bucket, keys in _by_bucket(list(wanted)):
                for row in await tx.query(read, _keys(bucket, keys)):
                    present[_key(row)] = row
            moved = [
                key for key, old in wanted.items() if not same_row(present.get(key), old, fixed)
            ]
            unmoved = [row for row in rows if _key(row) not in set(moved)]
            if unmoved:
                await tx.query(writer.statement, writer.parameters(unmoved))
            return moved

        moved = await self._client.transact(work)
        if self._cids:
            gone = set(moved)
            await self.upsert([row for row in rows if _key(row) not in gone])
        return moved

    async def delete_if(self, expected: Sequence[Row]) -> list[RowKey]:
        """Remove the rows that are as expected, in one transaction."""
        wanted = {_key(row): row for row in expected}
        fixed = [at for at, column in enumerate(self._objects.columns) if not column.volatile]
        read = yql.read(self._objects, self._path(self._objects))
        delete = yql.delete(self._objects, self._path(self._objects))

        async def work(tx: YdbTransaction) -> list[RowKey]:
            moved: list[RowKey] = []
            for bucket, keys in _by_bucket(list(wanted)):
                present = await tx.query(read, _keys(bucket, keys))
                same = [row for row in present if same_row(row, wanted[_key(row)], fixed)]
                moved += sorted({_key(row) for row in present} - {_key(row) for row in same})
                if same:
                    gone = _keys(bucket, [_key(row)[1] for row in same])
                    await self._forget_in(tx, same, gone)
                    await tx.query(delete, gone)
            return moved

        return await self._client.transact(work)

    async def scan(self, after: RowKey, limit: int) -> list[Row]:
        """Return the next rows in byte order of (bucket, key); pages are not one snapshot."""
        parameters = {
            "$b": (after[0], ydb.PrimitiveType.Utf8),
            "$k": (after[1], ydb.PrimitiveType.Utf8),
            "$n": (limit, ydb.PrimitiveType.Uint64),
        }
        return await self._client.query(
            yql.page(self._objects, self._path(self._objects)), parameters
        )

    async def read(self, keys: Sequence[RowKey]) -> list[Row]:
        """Return the rows of those keys that exist, in key order."""
        statement = yql.read(self._objects, self._path(self._objects))
        rows: list[Row] = []
        for bucket, some in _by_bucket(keys):
            rows += await self._client.query(statement, _keys(bucket, some))
        return rows

    async def build_index(self) -> None:
        """Do nothing: the server keeps its index by itself, and lags."""

    async def count(self) -> int:
        """Count the object rows; reads the whole table."""
        rows = await self._client.query(yql.count(self._path(self._objects)))
        return int(rows[0][0] or 0)

    async def upsert_buckets(self, rows: Sequence[Row]) -> None:
        """Write bucket rows."""
        await self._write(bucket_table(self._buckets), rows)

    async def delete_buckets_if(self, expected: Sequence[Row]) -> list[str]:
        """Remove the bucket rows that are as expected, in one transaction."""
        shape = bucket_table(self._buckets)
        path = self._path(shape)
        wanted = {str(row[0]): row for row in expected}

        async def work(tx: YdbTransaction) -> list[str]:
            present = {str(row[0]): row for row in await tx.query(yql.every(shape, path), {})}
            moved = [name for name, row in wanted.items() if present.get(name, row) != row]
            gone = [name for name, row in wanted.items() if present.get(name) == row]
            if gone:
                await tx.query(yql.delete_named(shape, path), {"$names": _texts(gone)})
            return moved

        return await self._client.transact(work)

    async def scan_buckets(self) -> list[Row]:
        """Return every bucket row, by name."""
        if self._buckets is None:
            return []
        return await self._client.query(yql.every(self._buckets, self._path(self._buckets)))

    async def clock_us(self) -> int | None:
        """Return the server's time, microseconds UTC."""
        rows = await self._client.query("SELECT CurrentUtcTimestamp() AS now")
        return int(rows[0][0] or 0)

    async def version(self) -> str:
        """Return what the node that answers says of itself, such as `stable-24-3`."""
        rows = await self._client.query("SELECT Version() AS version")
        return f"YDB {safe(str(rows[0][0]))}"

    async def beside(self, tag: str) -> YdbTable:
        """Return the set of tables with this tag, over the same connection."""
        return YdbTable(self._client, profile_of(self._profile, tag), self._root)

    async def sets(self) -> list[Beside]:
        """Return the sets of tables beside those in use."""
        return sets_of(self._profile, await ydb_sets.names(self._client, self._root))

    async def swap(self, old: str) -> None:
        """Put the new set in the place of the tables in use, in one transaction."""
        await ydb_sets.swap(self._client, self._root, self._profile, old)

    async def drop(self, tag: str) -> None:
        """Remove the tables of a set."""
        for found in await self.sets():
            if found.tag == tag:
                for name in found.tables:
                    await self._client.define(yql.drop(f"{self._root}/{name}"))

    async def close(self) -> None:
        """Stop the driver; takes 5 s if the server is gone."""
        await self._client.close()

    def _path(self, shape: TableShape) -> str:
        return f"{self._root}/{shape.name}"

    async def _describe(self, shape: TableShape) -> FoundTable | None:
        async def attempt() -> FoundTable | None:
            try:
                return await describe(self._client.driver, self._path(shape), CALL)
            except ydb.issues.SchemeError:
                return None

        return await self._client.call(attempt)

    async def _write(self, shape: TableShape, rows: Sequence[Row]) -> None:
        if not rows:
            return
        try:
            await self._writers[shape.name].write(rows)
        except SchemaMismatch as error:
            raise await self._moved(error) from error
        self._wrote = True

    async def _moved(self, error: SchemaMismatch) -> BadInput | Broken:
        """Name what moved. Broken if rows of ours are already there: the job has to stop."""
        seen = "; ".join(
            f"{finding.subject}: {finding.evidence}"
            for finding in await self.check()
            if finding.verdict == "fail"
        )
        if not self._wrote:
            return SchemaMismatch(what=seen or error.what, where=error.where, remedy=error.remedy)
        return Broken(
            what=f"the table changed while it was written: {seen or error.what}",
            where=error.where,
            remedy="Put the table's columns back as the profile says, then go on.",
        )

    async def _forget_cids(self, bucket: str, keys: list[str]) -> None:
        """Remove the CID table's entries of keys that are about to change or to go."""
        if self._cids is None:
            return
        cid_at = self._objects.sources.index(Source.CID)
        rows = await self.read([(bucket, key) for key in keys])
        cids = sorted({str(row[cid_at]) for row in rows if row[cid_at] is not None})
        if cids:
            statement = yql.forget_cids(self._cids, self._path(self._cids))
            await self._client.query(statement, {"$cids": _texts(cids), **_keys(bucket, keys)})

    async def _forget_in(
        self, tx: YdbTransaction, rows: Sequence[Row], keys: dict[str, object]
    ) -> None:
        """Remove the CID table's entries of rows that go, in their transaction."""
        if self._cids is None:
            return
        cid_at = self._objects.sources.index(Source.CID)
        cids = sorted({str(row[cid_at]) for row in rows if row[cid_at] is not None})
        if cids:
            statement = yql.forget_cids(self._cids, self._path(self._cids))
            await tx.query(statement, {"$cids": _texts(cids), **keys})


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])


def _by_bucket(keys: Sequence[RowKey]) -> Iterator[tuple[str, list[str]]]:
    """Yield the keys by bucket, in order, each once, at most MAX_KEYS together."""
    for bucket, some in groupby(sorted(set(keys)), key=lambda key: key[0]):
        names = [name for _, name in some]
        for begin in range(0, len(names), MAX_KEYS):
            yield bucket, names[begin : begin + MAX_KEYS]


def _texts(texts: list[str]) -> tuple[list[str], ydb.ListType]:
    return texts, ydb.ListType(ydb.PrimitiveType.Utf8)


def _keys(bucket: str, keys: list[str]) -> dict[str, object]:
    return {"$b": (bucket, ydb.PrimitiveType.Utf8), "$keys": _texts(keys)}
