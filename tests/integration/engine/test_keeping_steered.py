"""A restore that is paused, cancelled or broken off, and what it leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from core.config.knobs import Knobs
from core.engine.keeping.wish import Act
from core.errors import WrongState
from core.model import JobKind, JobState
from core.target.objects_sqlite import SqliteTable
from tests.integration.engine.ground import (
    engine_on,
    make_ground,
    make_workspace,
    migrate,
    run_job,
)
from tests.integration.engine.keeping import (
    all_rows,
    backed_up,
    begin,
    change,
    ended,
    names,
    planned,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.engine.engine import Engine
    from core.target.shape import Row, RowKey
    from tests.integration.engine.ground import Ground

TABLES = ["versitygw_buckets", "versitygw_objects"]


class Gate:
    """Where a restore reads back what it wrote: it waits there until it is let through."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    def __call__(self, patch: pytest.MonkeyPatch) -> None:
        read = SqliteTable.read

        async def gated(table: SqliteTable, keys: Sequence[RowKey]) -> list[Row]:
            self.reached.set()
            await self.open.wait()
            return await read(table, keys)

        patch.setattr(SqliteTable, "read", gated)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=12, buckets=1)
    make_workspace(made, Knobs(workers=1, batch_size=10))
    return made


@pytest.fixture
async def engine(ground: Ground, tmp_path: Path) -> AsyncIterator[Engine]:
    """A table that lost rows since it was kept."""
    async with engine_on(ground) as running:
        assert (await migrate(running)).state == "done"
        assert (await backed_up(running, tmp_path / "kept.ndjson")).state == "done"
        change(ground.target / "objects.db", "DELETE FROM versitygw_objects WHERE s3_key > 'd2'")
        yield running


@pytest.fixture
async def filling(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, Gate]:
    """A restore that has written rows, and waits."""
    gate = Gate()
    gate(monkeypatch)
    plan = await planned(engine, Act.RESTORE, file=str(tmp_path / "kept.ndjson"))
    job = await begin(engine, plan)
    async with asyncio.timeout(30):
        await gate.reached.wait()
    return job, gate


async def test_a_paused_restore_waits_and_goes_on(
    ground: Ground, engine: Engine, filling: tuple[int, Gate]
) -> None:
    job, gate = filling
    table = ground.target / "objects.db"
    before = all_rows(table)
    await engine.pause(job, "op1")
    gate.open.set()
    row = await engine.ledger.job(job)
    assert row is not None
    assert row.state is JobState.PAUSED
    assert all_rows(table) == before
    await engine.resume(job, "op1")
    assert (await ended(engine, job)).state is JobState.DONE
    assert len(all_rows(table)) == 13


async def test_a_cancelled_restore_leaves_the_tables_as_they_were(
    ground: Ground, engine: Engine, filling: tuple[int, Gate]
) -> None:
    job, gate = filling
    table = ground.target / "objects.db"
    before = all_rows(table)
    assert "versitygw_objects_vgwm_new" in names(table)
    await engine.cancel(job, "op1")
    gate.open.set()
    assert (await ended(engine, job)).state is JobState.CANCELLED
    assert (all_rows(table), names(table)) == (before, TABLES)


async def test_one_that_hangs_is_broken_off_and_leaves_no_new_tables(
    ground: Ground, engine: Engine, filling: tuple[int, Gate]
) -> None:
    job, _ = filling
    table = ground.target / "objects.db"
    before = all_rows(table)
    await engine.pause(job, "op1")
    await engine.cancel(job, "op1")
    assert (await ended(engine, job)).state is JobState.CANCELLED
    assert (all_rows(table), names(table)) == (before, TABLES)


async def test_no_writer_runs_beside_a_restore(engine: Engine, filling: tuple[int, Gate]) -> None:
    job, gate = filling
    for kind in (JobKind.COPY, JobKind.SYNC, JobKind.REPAIR, JobKind.REBUILD):
        with pytest.raises(WrongState, match=f"job {job} .restore. is running"):
            await run_job(engine, kind)
    gate.open.set()
    assert (await ended(engine, job)).state is JobState.DONE


@pytest.mark.parametrize(
    "wish", [{"act": Act.REBUILD, "origin": "ledger"}, {"act": Act.DROP}], ids=["rebuild", "drop"]
)
async def test_beside_a_restore_no_other_act_is_planned_and_its_tables_are_not_called_left_over(
    engine: Engine, filling: tuple[int, Gate], wish: dict[str, Any]
) -> None:
    job, gate = filling
    with pytest.raises(WrongState, match=f"job {job} .restore. is running") as refused:
        await planned(engine, **wish)
    assert "--drop-old" not in refused.value.remedy
    gate.open.set()
    assert (await ended(engine, job)).state is JobState.DONE


async def test_an_engine_that_ends_leaves_its_restore_to_the_next(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, kept, gate = ground.target / "objects.db", tmp_path / "kept.ndjson", Gate()
    async with engine_on(ground) as first:
        await migrate(first)
        whole = all_rows(table)
        await backed_up(first, kept)
        change(table, "DELETE FROM versitygw_objects WHERE s3_key > 'd2'")
        gate(monkeypatch)
        job = await begin(first, await planned(first, Act.RESTORE, file=str(kept)))
        async with asyncio.timeout(30):
            await gate.reached.wait()
    assert "versitygw_objects_vgwm_new" in names(table)
    gate.open.set()
    async with engine_on(ground) as second:
        assert (await ended(second, job)).state is JobState.DONE
    assert all_rows(table) == whole


async def test_a_row_that_is_read_back_otherwise_stops_it_and_changes_nothing(
    ground: Ground, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ground.target / "objects.db"
    before = all_rows(table)
    read = SqliteTable.read

    async def altered(table: SqliteTable, keys: Sequence[RowKey]) -> list[Row]:
        rows = await read(table, keys)
        return [*rows[:-1], (*rows[-1][:2], "bafkother", *rows[-1][3:])]

    plan = await planned(engine, Act.RESTORE, file=str(tmp_path / "kept.ndjson"))
    monkeypatch.setattr(SqliteTable, "read", altered)
    row = await ended(engine, await begin(engine, plan))
    assert row.state is JobState.FAILED
    assert "was read back otherwise" in row.result
    assert (all_rows(table), names(table)) == (before, TABLES)
