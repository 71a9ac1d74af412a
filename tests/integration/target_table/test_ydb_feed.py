"""The changefeed of an object table, told by a stand-in: tested against that, not against YDB."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import uuid
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from core.errors import NoAnswer
from core.target import profile as profiles
from core.target import ydb_reading
from core.target.changes import NoFeed
from core.target.objects_ydb import YdbTable
from core.target.open_table import TableLogin
from core.target.table_sets import NEW, old_tag
from core.target.ydb_client import YdbClient
from core.target.ydb_feed import ChangeFeed
from tests.fakes.ydb_process import ROOT, YdbProcess
from tests.integration.target_table.making import make_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

GUIDE = profiles.load("guide")
HOUR_S = 3_600.0
HOSTILE = ['q"uo\\te', "\u2028line", "\U0001f600", "a/b c", "nul\x00", "ü" * 30]


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the shared stand-in keeps."""
    return tmp_path_factory.mktemp("ydb") / "stand-in.db"


@pytest.fixture(scope="module")
def server(memory: Path) -> Iterator[YdbProcess]:
    """One stand-in for all: each test works in a directory of its own."""
    with YdbProcess(memory) as process:
        yield process


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[YdbProcess]:
    """A stand-in of the test's own: not started, for the test chooses how it is."""
    process = YdbProcess(tmp_path / "odd.db")
    yield process
    process.kill()


@asynccontextmanager
async def opened(server: YdbProcess) -> AsyncIterator[tuple[YdbTable, ChangeFeed]]:
    """A table with one row of ours, so that there is a snapshot, and its changefeed."""
    folder = uuid.uuid4().hex
    table = await YdbTable.open(server.spec, GUIDE, directory=folder, patience_s=20)
    feed = feed_of(server, folder)
    try:
        await table.ensure()
        await table.upsert(make_rows(GUIDE, "b", ["ours"]))
        yield table, feed
    finally:
        await feed.close()
        await table.close()


def feed_of(server: YdbProcess, folder: str) -> ChangeFeed:
    return ChangeFeed(server.spec, GUIDE.objects, TableLogin(), directory=folder)


def folder_of(table: YdbTable) -> str:
    return table.paths[0].split("/")[2]


async def look(feed: ChangeFeed, position: int, *, limit: int = 1_000) -> tuple[list[str], int]:
    """Read to the end and commit; the keys as they came."""
    keys: list[str] = []
    try:
        while True:
            page = await feed.page(position, limit)
            assert not page.gap
            assert len(page.changes) <= limit
            keys += [one.key for one in page.changes]
            position = page.position
            await feed.trim(position)
            if page.whole:
                return keys, position
    finally:
        await feed.rest()


def behind(memory: Path, *texts: str) -> None:
    """Do to the stand-in's memory what only a server does."""
    with closing(sqlite3.connect(memory, timeout=10)) as conn:
        for text in texts:
            conn.execute(text)
        conn.commit()


def topics_of(memory: Path, table: YdbTable) -> int:
    with closing(sqlite3.connect(memory)) as conn:
        text = "SELECT count(*) FROM __topics WHERE path = ?"
        return int(conn.execute(text, (table.paths[0],)).fetchone()[0])


async def test_i10_a_look_ends_behind_all_that_was_acknowledged_before_it(
    odd: YdbProcess,
) -> None:
    """The feed shows a change 300 ms behind its commit: a reader of what is there would miss it."""
    odd.start("--feeds", "300")
    async with opened(odd) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", ["k1", "key2"]))
        await table.delete("b", ["ours"])
        keys, position = await look(feed, position)
        assert sorted(keys) == ["k1", "key2", "ours"]
        keys, position = await look(feed, position)
        assert keys == []
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        assert (await look(feed, position))[0] == ["k1"]


async def test_each_kind_of_write_comes_with_its_key_and_time_page_by_page(
    server: YdbProcess,
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", HOSTILE))
        first = await feed.page(position, 1_000)
        assert all(abs(one.at_ns - first.changes[0].at_ns) < 60 * 10**9 for one in first.changes)
        assert all(one.at_ns > 10**18 for one in first.changes)
        await feed.rest()  # not trimmed: it comes once more
        keys, position = await look(feed, position, limit=2)
        assert sorted(keys) == sorted(HOSTILE)


async def test_i5_what_was_not_committed_comes_again_to_another_reader(
    server: YdbProcess,
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        _, position = await look(feed, position)
        await table.upsert(make_rows(GUIDE, "b", ["k2"]))
        page = await feed.page(position, 10)
        assert [one.key for one in page.changes] == ["k2"]
        await feed.close()  # as a killed engine: read, and not committed
        other = feed_of(server, folder_of(table))
        try:
            assert await other.gap(page.position) == ""
            keys, _ = await look(other, page.position)
            assert keys == ["k2"]
        finally:
            await other.close()


READER = """
import asyncio, sys
from core.target import profile
from core.target.open_table import TableLogin
from core.target.ydb_feed import ChangeFeed

async def main():
    spec, folder, position = sys.argv[1:]
    feed = ChangeFeed(spec, profile.load("guide").objects, TableLogin(), directory=folder)
    page = await feed.page(int(position), 3)
    print(len(page.changes), page.position, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_i5_a_reader_that_is_killed_gives_what_it_held_to_the_next(
    server: YdbProcess,
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", [f"k{n}" for n in range(10)]))
        words = [server.spec, folder_of(table), str(position)]
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", READER, *words, cwd=ROOT, stdout=subprocess.PIPE
        )
        try:
            assert child.stdout is not None
            told = (await child.stdout.readline()).split()
            assert int(told[0]) > 0
        finally:
            child.kill()
            await child.wait()
        assert await feed.gap(int(told[1])) == ""
        keys, _ = await look(feed, int(told[1]))
        assert sorted(keys) == [f"k{n}" for n in range(10)]


async def test_a_reader_in_the_middle_of_a_look_holds_up_no_other_for_good(
    server: YdbProcess,
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", [f"k{n}" for n in range(20)]))
        await feed.page(position, 1)
        other = feed_of(server, folder_of(table))
        try:
            waiting = asyncio.create_task(look(other, position))
            await asyncio.sleep(0)
            await feed.rest()
            keys, _ = await waiting
            assert len(keys) == 20
        finally:
            await other.close()


async def test_a_server_that_does_not_do_it_is_told_from_one_that_is_silent(
    odd: YdbProcess,
) -> None:
    odd.start("--feeds", "off")
    async with opened(odd) as (_, feed):
        with pytest.raises(NoFeed, match="not supported"):
            await feed.arm(HOUR_S)
        await feed.disarm()


async def test_i5_one_whose_answer_was_lost_is_taken_as_it_is(
    server: YdbProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(server) as (_, feed):
        plain = YdbClient.define

        async def twice(client: YdbClient, text: str) -> None:
            await plain(client, text)
            await plain(client, text)

        with monkeypatch.context() as lost:
            lost.setattr(YdbClient, "define", twice)
            position = await feed.arm(HOUR_S)
            assert await feed.gap(position) == ""
            await feed.disarm()
        assert await feed.gap(None)


async def test_a_consumer_that_is_refused_leaves_no_changefeed_behind(
    odd: YdbProcess, tmp_path: Path
) -> None:
    odd.start("--fault", "AlterTopic=UNAUTHORIZED:1")
    async with opened(odd) as (table, feed):
        with pytest.raises(NoFeed, match="UNAUTHORIZED"):
            await feed.arm(HOUR_S)
        assert topics_of(tmp_path / "odd.db", table) == 0


async def test_armed_again_it_goes_on_and_disarmed_it_leaves_nothing(
    server: YdbProcess, memory: Path
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        assert await feed.arm(HOUR_S) == position
        keys, position = await look(feed, position)
        assert keys == ["k1"]
        assert await feed.gap(position) == ""
        assert not [one for one in await table.check() if one.verdict == "fail"]
        await feed.disarm()
        await feed.disarm()
        assert "gone" in await feed.gap(None)
        assert topics_of(memory, table) == 0


TEARS = {
    "unread": ["DELETE FROM __messages"],
    "gone": ["DELETE FROM __consumers"],
    "more of the changefeed": ["UPDATE __consumers SET committed = committed + 1"],
    "another one": [
        "UPDATE __consumers SET committed = 0",
        "UPDATE __ends SET next = 0",
        "DELETE FROM __messages",
    ],
}


async def test_i7_a_torn_feed_is_seen_and_made_whole_by_arming(
    server: YdbProcess, memory: Path
) -> None:
    async with opened(server) as (table, feed):
        for why, done in TEARS.items():
            _, position = await look(feed, await feed.arm(HOUR_S))
            await table.upsert(make_rows(GUIDE, "b", ["k1", "key2"]))
            behind(memory, *done)
            assert why in await feed.gap(position)
            position = await feed.arm(HOUR_S)
            assert await feed.gap(position) == ""
            await table.upsert(make_rows(GUIDE, "b", ["k2"]))
            assert "k2" in (await look(feed, position))[0]


async def test_changes_that_go_while_they_are_read_are_missed_by_name(
    server: YdbProcess, memory: Path
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", [f"k{n}" for n in range(9)]))
        # what a description shows is whole: the first offset there is was committed
        behind(memory, "DELETE FROM __messages WHERE off BETWEEN 3 AND 5")
        assert await feed.gap(position) == ""
        page = await feed.page(position, 100)
        assert "while it was read" in page.gap


async def test_a_table_without_a_snapshot_is_never_said_to_be_read_to_its_end(
    server: YdbProcess,
) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.delete("b", ["ours"])
        page = await feed.page(position, 10)
        assert "no snapshot" in page.gap
        assert not page.whole


async def test_a_swapped_table_is_not_taken_for_one_that_is_heard(server: YdbProcess) -> None:
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        new = await table.beside(NEW)
        await new.ensure()
        await table.swap(old_tag(10**18))
        assert "gone" in await feed.gap(position)


async def test_i7_a_feed_that_tells_nothing_is_silent_and_not_empty(
    odd: YdbProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ydb_reading, "SILENT_S", 0.3)
    odd.start("--feeds", "600000")
    async with opened(odd) as (_, feed):
        position = await feed.arm(HOUR_S)
        with pytest.raises(NoAnswer):
            await feed.page(position, 10)


async def test_a_feed_that_keeps_changes_for_too_short_is_made_anew(server: YdbProcess) -> None:
    async with opened(server) as (table, feed):
        _, position = await look(feed, await feed.arm(HOUR_S))
        assert position
        assert await feed.arm(48 * HOUR_S) == 0
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        assert (await look(feed, 0))[0] == ["k1"]


async def test_a_server_that_comes_back_goes_on_at_what_is_committed(odd: YdbProcess) -> None:
    odd.start()
    async with opened(odd) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        _, position = await look(feed, position)
        odd.kill()
        odd.start()
        await table.upsert(make_rows(GUIDE, "b", ["k2"]))
        assert (await look(feed, position))[0] == ["k2"]
