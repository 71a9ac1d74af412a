from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx

from core.errors import Broken, ForeignPlan, SchemaMismatch, WrongState
from core.ledger import mark, seals
from core.ledger.ledger import Ledger
from core.ledger.schema import SCHEMA_VERSION
from core.model import JobKind, JobState
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from pathlib import Path


def listing(path: Path) -> list[Path]:
    return sorted(path.iterdir())


def written(path: Path, text: str) -> None:
    (path / "ledger.db").write_text(text)


def tampered(path: Path, statement: str) -> None:
    """Change a ledger as a hand would; without its mark it is checked row by row."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        seals.register(conn)
        conn.execute(statement)
    mark.remove(path)


async def test_each_opening_counts_an_epoch(tmp_path: Path) -> None:
    for epoch in (1, 2, 3):
        ledger = await scene.opened(tmp_path)
        assert (ledger.epoch, ledger.clean) == (epoch, True)
        assert await ledger.last_epoch() == epoch
        await ledger.close()


async def test_the_identity_comes_back_with_all_64_bits(tmp_path: Path) -> None:
    ledger = await scene.opened(tmp_path)
    assert await ledger.identity() == scene.IDENTITY
    await ledger.close()


async def test_i9_nobody_else_can_read_the_files(ledger: Ledger, tmp_path: Path) -> None:
    assert await ledger.last_seq() == 0
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in listing(tmp_path)}
    names = ("ledger.db", "ledger.db-shm", "ledger.db-wal", "ledger.db.sum")
    assert modes == dict.fromkeys(names, 0o600)


async def test_without_create_a_missing_ledger_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WrongState, match="no ledger here"):
        await Ledger.open(tmp_path / "ledger.db")
    assert listing(tmp_path) == []


async def test_an_empty_file_is_no_ledger_unless_it_is_to_be_made(tmp_path: Path) -> None:
    written(tmp_path, "")
    with pytest.raises(WrongState, match="empty"):
        await Ledger.open(tmp_path / "ledger.db")


async def test_a_missing_workspace_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongState, match="cannot be opened"):
        await Ledger.open(tmp_path / "nowhere" / "ledger.db", scene.IDENTITY)


async def test_a_text_file_is_called_damaged(tmp_path: Path) -> None:
    written(tmp_path, "not a database, but long enough to look at\n" * 500)
    with pytest.raises(Broken, match="damaged"):
        await Ledger.open(tmp_path / "ledger.db")


async def test_another_workspaces_ledger_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.close()
    with pytest.raises(ForeignPlan, match="0a1b2c3d"):
        await Ledger.open(tmp_path / "ledger.db", replace(scene.IDENTITY, workspace="ffffffff"))
    await (await scene.opened(tmp_path)).close()


async def test_another_schema_is_refused_before_anything_is_written(
    ledger: Ledger, tmp_path: Path
) -> None:
    await ledger.close()
    tampered(tmp_path / "ledger.db", "PRAGMA user_version=9")
    with pytest.raises(SchemaMismatch):
        await scene.opened(tmp_path)
    tampered(tmp_path / "ledger.db", f"PRAGMA user_version={SCHEMA_VERSION}")
    again = await scene.opened(tmp_path)
    assert again.epoch == 2
    await again.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE counters SET n=n+1 WHERE name='migrated'",
        "UPDATE counters SET n=n-1 WHERE scope=1 AND name='bytes'",
        "DELETE FROM counters WHERE name='bundles'",
        "DELETE FROM objects WHERE key=x'70686f746f732f303030303033'",
        "UPDATE objects SET st=0 WHERE key=x'70686f746f732f303030303033'",
        "UPDATE bundles SET n=n-1",
    ],
)
async def test_i4_a_count_that_differs_from_the_rows_stops_the_start(
    ledger: Ledger, bucket: int, tmp_path: Path, statement: str
) -> None:
    members = scene.entries(0, 10)
    await scene.recorded(ledger, bucket, await scene.planned(ledger, bucket, members), members)
    await ledger.recount()
    await ledger.close()
    tampered(tmp_path / "ledger.db", statement)
    with pytest.raises(Broken, match="differ"):
        await scene.opened(tmp_path)


async def test_i4_a_wrong_histogram_is_found_by_a_whole_recount(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    await scene.planned(ledger, bucket, scene.entries(0, 10))
    tampered(tmp_path / "ledger.db", "UPDATE counters SET n=n+1 WHERE name='hist:2'")
    with pytest.raises(Broken, match="hist:2"):
        await ledger.recount()


async def test_jobs_found_at_work_are_interrupted(ledger: Ledger, tmp_path: Path) -> None:
    states = (JobState.RUNNING, JobState.PAUSING, JobState.CANCELLING, JobState.PAUSED)
    ids = [await ledger.add_job(JobKind.COPY, {}, "op1", f"r{state}") for state in states]
    for job, state in zip(ids, states, strict=True):
        await ledger.job_state(job, state)
    await ledger.close()
    again = await scene.opened(tmp_path)
    assert again.interrupted == tuple(ids[:1])
    found = [row.state for row in reversed(await again.jobs())]
    assert found == [
        JobState.INTERRUPTED,
        JobState.PAUSED,
        JobState.CANCELLED,
        JobState.PAUSED,
    ]
    told = [(event.job, event.text) for event in await again.last_events(2)]
    assert told == [
        (ids[1], "copy was being paused: paused (its engine ended first)"),
        (ids[2], "copy was being cancelled: cancelled (its engine ended first)"),
    ]
    assert (await again.jobs())[1].ended_ns is not None
    await again.close()


async def test_numbers_of_bundles_go_on_behind_the_highest(
    ledger: Ledger, bucket: int, tmp_path: Path
) -> None:
    number = await scene.planned(ledger, bucket, scene.entries(0, 3))
    await ledger.close()
    again = await scene.opened(tmp_path)
    assert await again.next_bundle_id() == number + 1
    await again.close()


async def test_closing_twice_is_no_error_and_writing_after_it_is(ledger: Ledger) -> None:
    await ledger.close()
    await ledger.close()
    with pytest.raises(WrongState, match="closed"):
        await ledger.set_meta("a", "b")


async def test_no_call_of_the_ledger_blocks_the_event_loop(tmp_path: Path) -> None:
    with blockbuster_ctx():
        ledger = await scene.opened(tmp_path)
        (bucket,) = await ledger.add_buckets([(b"photos", "{}")])
        members = scene.entries(0, 5)
        await scene.recorded(ledger, bucket, await scene.planned(ledger, bucket, members), members)
        await ledger.recount()
        reader = await Ledger.read_only(tmp_path / "ledger.db")
        assert (await reader.counters()).migrated == 5
        await reader.close()
        await ledger.close()
