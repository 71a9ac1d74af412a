"""The object table on a real YDB: what the stand-in cannot prove.

Opt-in: VGWM_TEST_YDB=grpc[s]://HOST:PORT/DATABASE, with VGWM_TEST_YDB_TOKEN_FILE, or _USER and
_PASSWORD_FILE, _CA_FILE. VGWM_TEST_YDB_RESTART is a command that restarts the server. The same
variable makes the contract suite (tests/integration/target_table) run against that database.
It works in a directory of its own. What it notes belongs into docs/profile.md, with version and
date.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import ydb

from core.errors import VgwmError
from core.target import profile as profiles
from core.target import ydb_statements as yql
from core.target.objects import START
from core.target.row_check import RowsRefused
from core.target.shape import TIMESTAMP_END_NS, Source
from core.target.ydb_feed import ChangeFeed
from core.target.ydb_upsert import WritePath
from tests.integration.target_table.making import make_rows, with_value
from tests.lab.missing import Missing
from tests.lab.ydb import YdbPlace, real_ydb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from core.target.objects_ydb import YdbTable

GUIDE = profiles.load("guide")
ROWS = 100_000


@pytest.fixture
def place() -> YdbPlace:
    return real_ydb()


@pytest.fixture
async def table(place: YdbPlace) -> AsyncIterator[YdbTable]:
    opened = await place.open(GUIDE)
    try:
        await opened.ensure()
        yield opened
        await place.clear(opened)
    finally:
        await opened.close()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say on the terminal what was seen: these are measurements, not expectations."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")

    def say(text: str) -> None:
        if reporter:
            reporter.write_line(f"\nSEEN ON YDB: {text}")

    return say


@pytest.fixture
def restart(place: YdbPlace) -> list[str]:
    """The command that restarts the server."""
    command = os.environ.get("VGWM_TEST_YDB_RESTART")
    if not command:
        text = f"nobody says how to restart {place.spec}"
        raise Missing(text, needs="VGWM_TEST_YDB_RESTART", optional=True)
    return shlex.split(command)


async def test_the_ddl_is_taken_twice_and_reads_back_the_same(table: YdbTable) -> None:
    await table.ensure()
    assert {finding.verdict for finding in await table.check()} == {"pass"}


async def test_bulk_upsert_is_taken_beside_an_async_index(table: YdbTable) -> None:
    rows = make_rows(GUIDE, "b", ["one", "two"])
    await table.upsert(rows)
    assert table.writer(GUIDE.table).path is WritePath.BULK
    assert await table.scan(START, 10) == rows


async def test_bulk_upsert_is_refused_beside_a_sync_index(
    table: YdbTable, note: Callable[[str], None]
) -> None:
    path = table.paths[0]
    await table.client.define(f"ALTER TABLE `{path}` ADD INDEX by_size GLOBAL SYNC ON (size)")
    await table.upsert(make_rows(GUIDE, "b", ["one"]))
    assert table.writer(GUIDE.table).path is WritePath.UPSERT
    note("a sync index made rows go by UPSERT: the refusal's text is the expected one")
    assert await table.count() == 1


@pytest.mark.parametrize("text", ["NaN", '{"a":NaN}', "{", ""])
async def test_what_is_no_json_is_refused(table: YdbTable, text: str) -> None:
    row = with_value(GUIDE, make_rows(GUIDE, "b", ["one"])[0], Source.METADATA, text)
    with pytest.raises(RowsRefused):
        await table.upsert([row])


async def test_a_time_from_2106_on(table: YdbTable, note: Callable[[str], None]) -> None:
    row = make_rows(GUIDE, "b", ["one"])[0]
    late = with_value(GUIDE, row, Source.CREATED, TIMESTAMP_END_NS // 1000)
    try:
        await table.upsert([late])
    except VgwmError as error:
        note(f"a Timestamp of 2106-01-01 is refused: {error.what}")
    else:
        note("a Timestamp of 2106-01-01 is taken")
    await table.upsert([with_value(GUIDE, row, Source.CREATED, TIMESTAMP_END_NS // 1000 - 1)])
    assert await table.count() == 1


async def test_a_page_is_a_range_read(table: YdbTable, note: Callable[[str], None]) -> None:
    parameters = {
        "$b": ("b", ydb.PrimitiveType.Utf8),
        "$k": ("k", ydb.PrimitiveType.Utf8),
        "$n": (5, ydb.PrimitiveType.Uint64),
    }
    plan = await table.client.explain(yql.page(GUIDE.objects, table.paths[0]), parameters)
    note(f"plan of a page: {plan[:2_000]}")
    assert "TableFullScan" not in plan


async def test_an_async_index_is_refused_outside_stale_mode(
    table: YdbTable, note: Callable[[str], None]
) -> None:
    text = f"SELECT s3_key FROM `{table.paths[0]}` VIEW idx_cid WHERE cid = 'x'"  # noqa: S608
    with pytest.raises(VgwmError) as caught:
        await table.client.query(text)
    note(f"an async index outside stale mode: {caught.value.what}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", list(WritePath))
async def test_rows_a_second(table: YdbTable, path: WritePath, note: Callable[[str], None]) -> None:
    table.writer(GUIDE.table).path = path
    batches = [
        make_rows(GUIDE, "b", [f"{at + n:09d}" for n in range(1_000)])
        for at in range(0, ROWS, 1_000)
    ]
    waits: list[float] = []
    room = asyncio.Semaphore(4)

    async def write(number: int) -> None:
        async with room:
            began = time.monotonic()
            await table.upsert(batches[number])
            waits.append(time.monotonic() - began)

    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(len(batches)):
            group.create_task(write(number))
    took_s = time.monotonic() - began
    p99_s = sorted(waits)[int(len(waits) * 0.99)]
    note(f"{path.value}: {ROWS / took_s:,.0f} rows/s, p99 of a call {p99_s * 1000:,.0f} ms")
    assert await table.count() == ROWS


async def test_i10_of_writers_at_once_exactly_one_replaces(
    place: YdbPlace, table: YdbTable
) -> None:
    old = make_rows(GUIDE, "b", ["one"], cid="bafy-old")
    await table.upsert(old)
    other = await place.open(GUIDE)
    try:
        async with asyncio.TaskGroup() as group:
            calls = [
                group.create_task(
                    at.replace_if(make_rows(GUIDE, "b", ["one"], cid=f"bafy-{n}"), old)
                )
                for n, at in enumerate([table, other] * 4)
            ]
    finally:
        await other.close()
    assert sorted(call.result() for call in calls) == [[]] + [[("b", "one")]] * 7


@pytest.mark.timeout(120)
async def test_i10_a_changefeed_tells_all_that_was_acknowledged_before_a_look(
    place: YdbPlace, table: YdbTable, note: Callable[[str], None]
) -> None:
    await table.upsert(make_rows(GUIDE, "b", ["ours"]))
    feed = ChangeFeed(place.spec, GUIDE.objects, place.login, directory=place.directory)
    try:
        began = time.monotonic()
        position = await feed.arm(3_600)
        note(f"a changefeed was made in {time.monotonic() - began:.1f} s")
        for turn in range(3):
            keys = [f"{turn}/\u2028{n}" for n in range(200)]
            await table.upsert(make_rows(GUIDE, "b", keys))
            await table.delete("b", keys[:100])
            began, found = time.monotonic(), set[str]()
            while True:
                page = await feed.page(position, 100)
                assert not page.gap
                found |= {one.key for one in page.changes}
                position = page.position
                await feed.trim(position)
                if page.whole:
                    break
            await feed.rest()
            note(f"a look took {time.monotonic() - began:.1f} s")
            assert set(keys) <= found
            assert await feed.gap(position) == ""
        await feed.disarm()
        assert await feed.gap(None)
    finally:
        await feed.close()


@pytest.mark.timeout(300)
async def test_i5_a_server_restarted_in_the_middle_has_every_row(
    restart: list[str], table: YdbTable
) -> None:
    batches = [make_rows(GUIDE, f"b{n:03d}", [f"{k:04d}" for k in range(500)]) for n in range(100)]
    under_way = asyncio.Event()

    async def write() -> None:
        for number, batch in enumerate(batches):
            await table.upsert(batch)
            if number == 10:
                under_way.set()

    writing = asyncio.create_task(write())
    await under_way.wait()
    await asyncio.to_thread(subprocess.run, restart, check=True)
    await writing
    assert await table.count() == 100 * 500
