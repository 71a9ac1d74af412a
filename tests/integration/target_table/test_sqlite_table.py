"""The object table in a SQLite file: what only it has."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, Broken, Denied, SchemaMismatch, WrongState
from core.target import profile as profiles
from core.target.objects import START
from core.target.objects_sqlite import SqliteTable
from core.target.open_table import open_table
from core.target.row_check import RowsRefused
from core.target.shape import Source
from core.target.sqlite_writer import MAX_GROUPED, SqliteWriter
from tests.fakes.ydb_process import ROOT
from tests.integration.target_table.making import keys_of, make_rows, with_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GUIDE = profiles.load("guide")
EXTENDED = profiles.load("extended")


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[SqliteTable]:
    opened = await SqliteTable.open(tmp_path / "objects.db", GUIDE)
    await opened.ensure()
    yield opened
    await opened.close()


async def test_the_file_is_opened_by_its_spec(tmp_path: Path) -> None:
    opened = await open_table(f"sqlite:{tmp_path / 'made.db'}", GUIDE, None)
    await opened.ensure()
    assert await opened.count() == 0
    await opened.close()
    assert (tmp_path / "made.db").exists()


@pytest.mark.parametrize("spec", ["sqlite:", "postgres:db", "", "ydb:", "sqlite"])
async def test_a_spec_of_no_known_kind_is_bad_input(spec: str) -> None:
    with pytest.raises(BadInput):
        await open_table(spec, GUIDE, None)


async def test_an_absent_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not exist"):
        await SqliteTable.open(tmp_path / "absent" / "objects.db", GUIDE)


async def test_a_file_that_is_no_database_is_broken(tmp_path: Path) -> None:
    (tmp_path / "objects.db").write_bytes(b"no database" * 100)
    with pytest.raises(Broken) as caught:
        await SqliteTable.open(tmp_path / "objects.db", GUIDE)
    assert caught.value.exit_code == 7


async def test_a_path_that_cannot_be_opened_is_denied(tmp_path: Path) -> None:
    with pytest.raises(Denied):
        await SqliteTable.open(tmp_path, GUIDE)


async def test_i5_on_return_the_rows_are_in_the_file(table: SqliteTable, tmp_path: Path) -> None:
    await table.upsert(make_rows(GUIDE, "b", ["one"]))
    with sqlite3.connect(tmp_path / "objects.db") as other:
        assert other.execute("SELECT count(*) FROM versitygw_objects").fetchone() == (1,)
    other.close()


async def test_i5_rows_survive_a_killed_writer(tmp_path: Path) -> None:
    path = tmp_path / "objects.db"
    program = textwrap.dedent(
        f"""
        import asyncio, os, signal
        from core.target import profile
        from core.target.objects_sqlite import SqliteTable
        from tests.integration.target_table.making import make_rows

        async def main():
            guide = profile.load("guide")
            table = await SqliteTable.open({str(path)!r}, guide)
            await table.ensure()
            await table.upsert(make_rows(guide, "b", ["one", "two"]))
            os.kill(os.getpid(), signal.SIGKILL)

        asyncio.run(main())
        """
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    table = await SqliteTable.open(path, GUIDE)
    rows = make_rows(GUIDE, "b", ["one", "two"])
    assert await table.scan(START, 10) == rows
    await table.upsert(rows)
    assert await table.count() == 2
    await table.close()


async def test_the_index_on_cids_is_absent_until_it_is_built(
    table: SqliteTable, tmp_path: Path
) -> None:
    before = await table.check()
    assert [f.subject for f in before if f.verdict == "warn"] == ["versitygw_objects index idx_cid"]
    await table.build_index()
    assert {f.verdict for f in await table.check()} == {"pass"}
    with sqlite3.connect(tmp_path / "objects.db") as other:
        plan = other.execute(
            "EXPLAIN QUERY PLAN SELECT s3_key FROM versitygw_objects WHERE cid = 'x'"
        ).fetchall()
    other.close()
    assert "idx_cid" in str(plan)


async def test_a_page_is_a_range_read_and_sorts_nothing(table: SqliteTable, tmp_path: Path) -> None:
    await table.upsert(make_rows(GUIDE, "b", ["one"]))
    with sqlite3.connect(tmp_path / "objects.db") as other:
        plan = other.execute(
            "EXPLAIN QUERY PLAN SELECT s3_key FROM versitygw_objects "
            "WHERE (bucket, s3_key) > ('b', 'a') ORDER BY bucket, s3_key LIMIT 5"
        ).fetchall()
    other.close()
    assert "SEARCH" in str(plan)
    assert "TEMP B-TREE" not in str(plan)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("ALTER TABLE versitygw_objects DROP COLUMN cid", "versitygw_objects.cid"),
        ("ALTER TABLE versitygw_objects ADD COLUMN x TEXT NOT NULL DEFAULT ''", "x"),
        ("DROP TABLE versitygw_objects; CREATE TABLE versitygw_objects (a)", "key"),
    ],
)
async def test_another_schema_is_a_mismatch_that_names_the_difference(
    table: SqliteTable, tmp_path: Path, statement: str, named: str
) -> None:
    with sqlite3.connect(tmp_path / "objects.db") as other:
        other.executescript(statement)
    other.close()
    with pytest.raises(SchemaMismatch, match=named) as caught:
        await table.ensure()
    assert caught.value.exit_code == 2


async def test_a_foreign_column_that_may_stay_empty_is_only_a_warning(
    table: SqliteTable, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "objects.db") as other:
        other.execute("ALTER TABLE versitygw_objects ADD COLUMN theirs TEXT")
    other.close()
    await table.ensure()
    await table.upsert(make_rows(GUIDE, "b", ["one"]))
    assert "theirs" in str([f.subject for f in await table.check() if f.verdict == "warn"])


async def test_a_negative_size_is_refused_as_ydb_would(table: SqliteTable) -> None:
    row = with_value(GUIDE, make_rows(GUIDE, "b", ["one"])[0], Source.SIZE, -1)
    with pytest.raises(RowsRefused, match="-1 is outside Uint64"):
        await table.upsert([row])


async def test_a_bad_call_leaves_its_neighbours_in_the_same_commit_alone(
    table: SqliteTable,
) -> None:
    good = [make_rows(GUIDE, f"b{n}", ["one"]) for n in range(MAX_GROUPED)]
    half, bad = make_rows(GUIDE, "half", ["fits", "does not"])
    bad = with_value(GUIDE, bad, Source.CID, "\udcff")

    async def refused() -> None:
        with pytest.raises(RowsRefused):
            await table.upsert([half, bad])

    async with asyncio.TaskGroup() as group:
        for number, rows in enumerate(good):
            group.create_task(table.upsert(rows))
            if number % 5 == 0:
                group.create_task(refused())
    buckets = [bucket for bucket, _ in keys_of(await table.scan(START, 100))]
    assert buckets == sorted(f"b{n}" for n in range(MAX_GROUPED))


async def test_a_full_disk_is_told_to_every_caller_and_loses_nothing_committed(
    table: SqliteTable,
) -> None:
    await table.upsert(make_rows(GUIDE, "b", ["kept"]))

    def shrink(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    writer: SqliteWriter = table._writer  # noqa: SLF001 - no disk is at hand to fill
    await writer.submit(shrink)
    more = make_rows(GUIDE, "b", [f"{n:06d}" for n in range(2_000)])
    with pytest.raises(Exception, match="full") as caught:
        await table.upsert(more)
    assert type(caught.value).__name__ == "CapacityExhausted"
    assert keys_of(await table.scan(START, 10)) == [("b", "kept")]
    await writer.submit(lambda connection: connection.execute("PRAGMA max_page_count = 1000000"))
    await table.upsert(more)
    assert await table.count() == 2_001


async def test_a_cancelled_caller_leaves_the_writer_at_work(table: SqliteTable) -> None:
    call = asyncio.create_task(table.upsert(make_rows(GUIDE, "b", ["one"])))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await table.upsert(make_rows(GUIDE, "b", ["two"]))
    assert ("b", "two") in keys_of(await table.scan(START, 10))


async def test_a_closed_table_says_so(table: SqliteTable) -> None:
    await table.close()
    with pytest.raises(WrongState):
        await table.upsert(make_rows(GUIDE, "b", ["one"]))


async def test_the_cid_table_follows_a_row_that_moves_to_another_cid(tmp_path: Path) -> None:
    table = await SqliteTable.open(tmp_path / "objects.db", EXTENDED)
    await table.ensure()
    await table.upsert(make_rows(EXTENDED, "b", ["moves", "stays"], cid="bafy-old"))
    await table.upsert(make_rows(EXTENDED, "b", ["moves"], cid="bafy-new"))
    await table.delete("b", ["stays"])
    await table.close()
    with sqlite3.connect(tmp_path / "objects.db") as other:
        assert other.execute("SELECT cid, bucket, s3_key FROM cid_index").fetchall() == [
            ("bafy-new", "b", "moves")
        ]
    other.close()
