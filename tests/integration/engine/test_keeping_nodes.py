"""The object table on the stand-in for YDB, its bundles on stand-in nodes: kept and rebuilt."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.keeping.wish import Act
from core.target import profile as profiles
from core.target.objects import START
from core.target.objects_ydb import YdbTable
from tests.fakes.ydb_process import YdbProcess
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.ipfs_ground import nodes_under
from tests.integration.engine.keeping import backed_up, begin, done, ended, planned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.target.shape import Row
    from tests.integration.engine.ground import Ground
    from tests.integration.engine.ipfs_ground import Nodes

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def ydb(tmp_path: Path) -> Iterator[YdbProcess]:
    with YdbProcess(tmp_path / "stand-in.db") as process:
        yield process


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return make_ground(tmp_path, objects=20, buckets=2)


@pytest.fixture
def nodes(ground: Ground, ydb: YdbProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    knobs = Knobs(workers=1, batch_size=10)
    with nodes_under(ground, knobs, monkeypatch, table=f"ydb:{ydb.spec}") as started:
        yield started


@pytest.fixture
async def engine(ground: Ground, nodes: Nodes) -> AsyncIterator[Engine]:
    del nodes
    async with engine_on(ground) as running:
        row = await migrate(running)
        assert row.state == "done", row.result
        yield running


@asynccontextmanager
async def table_of(ydb: YdbProcess) -> AsyncIterator[YdbTable]:
    """The table without the engine."""
    table = await YdbTable.open(ydb.spec, profiles.load("guide"), patience_s=20)
    try:
        yield table
    finally:
        await table.close()


async def rows(ydb: YdbProcess) -> tuple[list[Row], list[Row]]:
    async with table_of(ydb) as table:
        return await table.scan(START, 1_000), await table.scan_buckets()


async def lose(ydb: YdbProcess, *, all_of_it: bool) -> None:
    async with table_of(ydb) as table:
        if all_of_it:
            for path in table.paths:
                await table.client.define(f"DROP TABLE `{path}`")
        else:
            await table.delete("bucket0", ["d1/k0001", "large.bin"])


@pytest.mark.parametrize("origin", ["ledger", "manifests", "pins"])
async def test_a_lost_ydb_table_is_rebuilt_to_the_byte(
    engine: Engine, ydb: YdbProcess, origin: str
) -> None:
    before = await rows(ydb)
    await lose(ydb, all_of_it=True)
    came = await done(engine, Act.REBUILD, origin=origin)
    assert await rows(ydb) == before
    assert came.done == len(before[0]) == 42


async def test_a_backup_is_restored_into_new_ydb_tables_and_swapped(
    engine: Engine, ydb: YdbProcess, tmp_path: Path
) -> None:
    before = await rows(ydb)
    kept = tmp_path / "kept.ndjson"
    assert (await backed_up(engine, kept)).state == "done"
    await lose(ydb, all_of_it=False)
    came = await done(engine, Act.RESTORE, file=str(kept))
    assert await rows(ydb) == before
    assert (came.same, came.added) == (40, 2)
    async with table_of(ydb) as table:
        old = await table.beside(came.old)
        assert await old.count() == 40
        # the index went with its table
        assert {finding.verdict for finding in await table.check()} == {"pass"}
    await done(engine, Act.DROP)
    async with table_of(ydb) as table:
        assert await table.sets() == []


async def test_i7_nodes_that_cannot_give_a_manifest_stop_a_rebuild(
    engine: Engine, ydb: YdbProcess, nodes: Nodes
) -> None:
    await lose(ydb, all_of_it=False)
    before = await rows(ydb)
    plan = await planned(engine, Act.REBUILD, origin="ledger")
    for kubo in nodes.kubos:
        kubo.blocks.clear()
    row = await ended(engine, await begin(engine, plan))
    assert row.state == "failed"
    assert "does not hold the bundle's root" in row.result
    assert await rows(ydb) == before
    async with table_of(ydb) as table:
        assert await table.sets() == []


async def test_a_file_kept_from_sqlite_is_restored_on_ydb(
    ground: Ground, ydb: YdbProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup is of a profile, not of a database."""
    make_workspace(ground, Knobs(workers=1, batch_size=10))
    kept = tmp_path / "kept.ndjson"
    async with engine_on(ground) as first:
        assert (await migrate(first)).state == "done"
        assert (await backed_up(first, kept)).state == "done"
    with nodes_under(ground, Knobs(), monkeypatch, table=f"ydb:{ydb.spec}"):
        async with engine_on(ground) as second:
            came = await done(second, Act.RESTORE, file=str(kept))
    objects, buckets = await rows(ydb)
    assert (came.added, len(objects), len(buckets)) == (42, 42, 2)
