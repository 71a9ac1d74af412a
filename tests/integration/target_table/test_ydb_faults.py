"""What goes wrong between us and YDB, done by a stand-in: tested against that, not against YDB."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from core.config.secret import Secret
from core.errors import BadInput, Broken, Denied, NoAnswer, NodeUnreachable, SchemaMismatch
from core.target import profile as profiles
from core.target.objects import START
from core.target.objects_ydb import YdbTable
from core.target.open_table import TableLogin, open_table
from core.target.row_check import RowsRefused
from core.target.shape import Source
from core.target.table_sets import NEW, old_tag
from core.target.ydb_upsert import MAX_ROWS, WritePath
from tests.fakes.ydb_process import ROOT, YdbProcess
from tests.integration.target_table.making import keys_of, make_rows, with_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

GUIDE = profiles.load("guide")
BULK_REFUSED = "bulk upsert refused"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[YdbProcess]:
    """A stand-in of the test's own: not started, for the test chooses its faults."""
    process = YdbProcess(tmp_path / "stand-in.db")
    yield process
    process.kill()


@contextlib.asynccontextmanager
async def opened(
    server: YdbProcess, *, patience_s: float = 20, login: TableLogin | None = None
) -> AsyncIterator[YdbTable]:
    table = await YdbTable.open(server.spec, GUIDE, login, patience_s=patience_s)
    try:
        yield table
    finally:
        await table.close()


async def test_an_overloaded_server_gets_every_row_all_the_same(server: YdbProcess) -> None:
    server.start("--fault", "BulkUpsert=OVERLOADED:0.5")
    async with opened(server) as table:
        await table.ensure()
        rows = make_rows(GUIDE, "b", [f"{n:05d}" for n in range(5_000)])
        await table.upsert(rows)
        assert await table.count() == len(rows)


async def test_a_server_that_stays_overloaded_is_no_answer_and_gets_fewer_rows_a_call(
    server: YdbProcess,
) -> None:
    server.start("--fault", "BulkUpsert=OVERLOADED:1")
    async with opened(server, patience_s=0.8) as table:
        await table.ensure()
        with pytest.raises(NoAnswer) as caught:
            await table.upsert(make_rows(GUIDE, "b", [f"{n:05d}" for n in range(1_000)]))
        assert caught.value.exit_code == 4
        assert table.writer("versitygw_objects").rows_a_call < MAX_ROWS


@pytest.mark.parametrize(
    "fault",
    [
        "BulkUpsert=UNAVAILABLE:first2",
        "BulkUpsert=UNDETERMINED:first2",
        "BulkUpsert=SESSION_BUSY:first2",
        "ExecuteQuery=BAD_SESSION:first2",
        "ExecuteQuery=ABORTED:first2",
        "ExecuteQuery=TIMEOUT:first2",
        "DescribeTable=OVERLOADED:first2",
        "CreateSession=OVERLOADED:first2",
    ],
)
async def test_what_may_go_through_later_is_tried_again(server: YdbProcess, fault: str) -> None:
    server.start("--fault", fault)
    async with opened(server) as table:
        await table.ensure()
        rows = make_rows(GUIDE, "b", ["one", "two"])
        await table.upsert(rows)
        assert await table.scan(START, 10) == rows


async def test_a_conflict_of_two_transactions_lets_exactly_one_win(server: YdbProcess) -> None:
    server.start()
    async with opened(server) as first, opened(server) as second:
        await first.ensure()
        old = make_rows(GUIDE, "b", ["one"], cid="bafy-old")
        await first.upsert(old)
        async with asyncio.TaskGroup() as group:
            calls = [
                group.create_task(
                    table.replace_if(make_rows(GUIDE, "b", ["one"], cid=f"bafy-{n}"), old)
                )
                for n, table in enumerate([first, second] * 4)
            ]
        lost = [call.result() for call in calls]
        assert lost.count([]) == 1
        assert lost.count([("b", "one")]) == len(lost) - 1


async def test_i5_a_server_killed_and_started_again_has_every_row(server: YdbProcess) -> None:
    server.start()
    async with opened(server, patience_s=30) as table:
        await table.ensure()
        batches = [
            make_rows(GUIDE, f"b{n:02d}", [f"{k:04d}" for k in range(500)]) for n in range(30)
        ]
        under_way = asyncio.Event()

        async def write() -> None:
            for number, batch in enumerate(batches):
                await table.upsert(batch)
                if number == 3:
                    under_way.set()

        writing = asyncio.create_task(write())
        await under_way.wait()
        server.kill()
        assert not writing.done()
        await asyncio.to_thread(server.start)
        await writing
        assert await table.count() == 30 * 500


async def test_i7_a_server_that_stays_away_is_unreachable_not_failed(server: YdbProcess) -> None:
    server.start()
    async with opened(server, patience_s=0) as table:
        await table.ensure()
        server.kill()
        with pytest.raises(NodeUnreachable) as caught:
            await table.upsert(make_rows(GUIDE, "b", ["one"]))
        assert caught.value.exit_code == 4


async def test_the_right_password_is_taken(server: YdbProcess) -> None:
    server.start("--user", "vgwm", "--password", "right")
    login = TableLogin(user="vgwm", password=Secret("right"))
    async with opened(server, login=login) as table:
        await table.ensure()


@pytest.mark.parametrize(
    "login",
    [
        None,
        TableLogin(user="vgwm", password=Secret("canary-wrong-password")),
        TableLogin(token=Secret("canary-wrong-token")),
    ],
    ids=["nobody", "password", "token"],
)
async def test_i9_wrong_credentials_are_denied_and_not_repeated_in_any_text(
    server: YdbProcess, login: TableLogin | None, caplog: pytest.LogCaptureFixture
) -> None:
    server.start("--user", "vgwm", "--password", "right")
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Denied) as caught:
        await YdbTable.open(server.spec, GUIDE, login)
    assert caught.value.exit_code == 6
    assert "canary" not in str(caught.value) + repr(login) + caplog.text


async def test_a_login_that_ends_in_the_middle_is_denied(server: YdbProcess) -> None:
    server.start("--fault", "BulkUpsert=UNAUTHORIZED:1")
    async with opened(server) as table:
        await table.ensure()
        with pytest.raises(Denied):
            await table.upsert(make_rows(GUIDE, "b", ["one"]))


async def test_another_database_is_bad_input(server: YdbProcess) -> None:
    server.start()
    with pytest.raises(BadInput, match="not exists") as caught:
        await YdbTable.open(f"{server.spec}-other", GUIDE)
    assert caught.value.exit_code == 2


async def test_a_closed_port_is_unreachable_at_once(server: YdbProcess) -> None:
    server.start()
    server.kill()
    with pytest.raises(NodeUnreachable, match="Connect"):  # the SDK would say that time ran out
        await YdbTable.open(server.spec, GUIDE)


async def test_a_silent_login_leaves_the_event_loop_free(server: YdbProcess) -> None:
    server.start("--user", "vgwm", "--fault", "Login=HANG:1")
    login = TableLogin(user="vgwm", password=Secret("any"))
    opening = asyncio.create_task(YdbTable.open(server.spec, GUIDE, login))
    turns = 0
    while not opening.done():
        await asyncio.sleep(0.01)
        turns += 1
    with pytest.raises(NodeUnreachable):
        await opening
    assert turns > 20  # asked in the loop, it would let it turn once or twice


async def test_another_schema_is_a_mismatch_that_names_it(server: YdbProcess) -> None:
    server.start()
    async with opened(server) as table:
        await table.ensure()
        await define(table, "ALTER TABLE versitygw_objects DROP COLUMN size")
        with pytest.raises(SchemaMismatch, match=r"versitygw_objects\.size: the column is missing"):
            await table.ensure()


async def test_a_schema_that_moves_stops_the_job_with_2_and_with_7_once_rows_are_there(
    server: YdbProcess,
) -> None:
    server.start()
    async with opened(server) as fresh, opened(server) as used:
        await fresh.ensure()
        await used.upsert(make_rows(GUIDE, "b", ["one"]))
        await define(fresh, "ALTER TABLE versitygw_objects DROP COLUMN pin_status")
        with pytest.raises(SchemaMismatch, match="pin_status"):
            await fresh.upsert(make_rows(GUIDE, "b", ["two"]))
        with pytest.raises(Broken, match="pin_status") as caught:
            await used.upsert(make_rows(GUIDE, "b", ["two"]))
        assert caught.value.exit_code == 7


async def test_a_sync_index_is_seen_and_rows_go_by_upsert(server: YdbProcess) -> None:
    server.start()
    async with opened(server) as table:
        await define(table, SYNC_TABLE)
        await table.ensure()
        assert table.writer("versitygw_objects").path is WritePath.UPSERT
        warned = [f.subject for f in await table.check() if f.verdict == "warn"]
        assert warned == ["versitygw_objects index by_cid"]
        rows = make_rows(GUIDE, "b", [f"{n:05d}" for n in range(1_500)])
        await table.upsert(rows)
        assert await table.scan(START, 2_000) == rows


async def test_a_sync_index_met_while_writing_switches_once_and_says_so(
    server: YdbProcess, caplog: pytest.LogCaptureFixture
) -> None:
    server.start()
    async with opened(server) as table:
        await define(table, SYNC_TABLE)  # and nobody checks
        rows = make_rows(GUIDE, "b", [f"{n:05d}" for n in range(3_000)])
        await table.upsert(rows)
        await table.upsert(rows)
        assert await table.count() == len(rows)
        assert len([r for r in caplog.records if BULK_REFUSED in r.getMessage()]) == 1


async def test_a_row_that_the_server_refuses_is_named_and_the_others_are_written(
    server: YdbProcess,
) -> None:
    server.start()
    async with opened(server) as table:
        await table.ensure()
        rows = make_rows(GUIDE, "b", [f"{n:03d}" for n in range(200)])
        bad = [("b", "007"), ("b", "150")]
        rows = [
            with_value(GUIDE, row, Source.METADATA, "{no json") if row[:2] in bad else row
            for row in rows
        ]
        with pytest.raises(RowsRefused, match="Invalid JSON") as caught:
            await table.upsert(rows)
        assert list(caught.value.keys) == bad
        assert keys_of(await table.scan(START, 300)) == [
            key for key in keys_of(rows) if key not in bad
        ]


async def test_a_name_behind_address_translation_needs_no_discovery(server: YdbProcess) -> None:
    server.start("--advertise", "no-such-host.invalid")
    table = await YdbTable.open(f"{server.spec}?discovery=off", GUIDE, patience_s=5)
    try:
        await table.ensure()
        await table.upsert(make_rows(GUIDE, "b", ["one"]))
        assert await table.count() == 1
    finally:
        await table.close()


@pytest.mark.parametrize("then", ["server.kill()", "pass", "raise RuntimeError('ours')"])
async def test_the_process_ends_whatever_becomes_of_the_server(tmp_path: Path, then: str) -> None:
    """A driver that nobody stopped keeps asyncio.run from returning, for ever."""
    program = textwrap.dedent(
        f"""
        import asyncio, contextlib, pathlib
        from core.errors import VgwmError
        from core.target import profile
        from core.target.open_table import open_table
        from tests.fakes.ydb_process import YdbProcess

        async def main():
            guide = profile.load("guide")
            with contextlib.suppress(VgwmError):
                await open_table("ydb:grpc://localhost:1/local", guide, None)
            with YdbProcess(pathlib.Path({str(tmp_path / "stand-in.db")!r})) as server:
                with contextlib.suppress(VgwmError):
                    await open_table("ydb:" + server.spec + "-other", guide, None)
                table = await open_table("ydb:" + server.spec, guide, None)
                try:
                    await table.ensure()
                    {then}
                finally:
                    await table.close()

        with contextlib.suppress(RuntimeError):
            asyncio.run(main())
        """
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=False,
        timeout=50,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_a_cancelled_opening_leaves_nothing_running(server: YdbProcess) -> None:
    server.start("--fault", "ListEndpoints=HANG:1")
    opening = asyncio.create_task(open_table(f"ydb:{server.spec}", GUIDE, None))
    await asyncio.sleep(0.3)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}] == []


SYNC_TABLE = """
    CREATE TABLE versitygw_objects (
      bucket Utf8 NOT NULL, s3_key Utf8 NOT NULL, cid Utf8, size Uint64, created_at Timestamp,
      updated_at Timestamp, metadata Json, pin_status Uint32,
      INDEX by_cid GLOBAL SYNC ON (cid), PRIMARY KEY (bucket, s3_key))
"""


async def define(table: YdbTable, text: str) -> None:
    """Somebody else's DDL."""
    await table.client.define(text)


@pytest.mark.parametrize(
    "fault", ["RenameTables=UNAVAILABLE:first2", "ListDirectory=ABORTED:first1"]
)
async def test_a_swap_is_tried_again_and_done_once(server: YdbProcess, fault: str) -> None:
    server.start("--fault", fault)
    async with opened(server) as table:
        await table.ensure()
        await table.upsert(make_rows(GUIDE, "b", ["old"]))
        new = await table.beside(NEW)
        await new.ensure()
        await new.upsert(make_rows(GUIDE, "b", ["new"]))
        old = old_tag(1_764_590_400_123_456_789)
        await table.swap(old)
        assert keys_of(await table.scan(START, 10)) == [("b", "new")]
        assert [one.tag for one in await table.sets()] == [old]
