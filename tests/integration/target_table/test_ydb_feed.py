"""The changefeed of an object table, told by a stand-in: tested against that, not against YDB."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
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
from tests.fakes.ydb_process import YdbProcess
from tests.integration.target_table.making import make_rows

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

GUIDE = profiles.load("guide")
HOUR_S = 3_600.0
HOSTILE = ['q"uo\\te', "\u2028line", "\U0001f600", "a/b c", "nul\x00", "ü" * 30]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[YdbProcess]:
    process = YdbProcess(tmp_path / "stand-in.db")
    yield process
    process.kill()


@asynccontextmanager
async def opened(server: YdbProcess) -> AsyncIterator[tuple[YdbTable, ChangeFeed]]:
    """A table with one row of ours, so that there is a snapshot, and its changefeed."""
    table = await YdbTable.open(server.spec, GUIDE, patience_s=20)
    feed = feed_of(server)
    try:
        await table.ensure()
        await table.upsert(make_rows(GUIDE, "b", ["ours"]))
        yield table, feed
    finally:
        await feed.close()
        await table.close()


def feed_of(server: YdbProcess) -> ChangeFeed:
    return ChangeFeed(server.spec, GUIDE.objects, TableLogin())


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


def behind(tmp_path: Path, *texts: str) -> None:
    """Do to the stand-in's memory what only a server does."""
    with closing(sqlite3.connect(tmp_path / "stand-in.db", timeout=10)) as conn:
        for text in texts:
            conn.execute(text)
        conn.commit()


async def test_i10_a_look_ends_behind_all_that_was_acknowledged_before_it(
    server: YdbProcess,
) -> None:
    """The feed shows a change 300 ms behind its commit: a reader of what is there would miss it."""
    server.start("--feeds", "300")
    async with opened(server) as (table, feed):
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
    server.start()
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
    server.start()
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        _, position = await look(feed, position)
        await table.upsert(make_rows(GUIDE, "b", ["k2"]))
        page = await feed.page(position, 10)
        assert [one.key for one in page.changes] == ["k2"]
        await feed.close()  # as a killed engine: read, and not committed
        other = feed_of(server)
        try:
            assert await other.gap(page.position) == ""
            keys, _ = await look(other, page.position)
            assert keys == ["k2"]
        finally:
            await other.close()


async def test_a_reader_in_the_middle_of_a_look_holds_up_no_other_for_good(
    server: YdbProcess,
) -> None:
    server.start()
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", [f"k{n}" for n in range(20)]))
        await feed.page(position, 1)
        other = feed_of(server)
        try:
            waiting = asyncio.create_task(look(other, position))
            await asyncio.sleep(0)
            await feed.rest()
            keys, _ = await waiting
            assert len(keys) == 20
        finally:
            await other.close()


async def test_a_server_that_does_not_do_it_is_told_from_one_that_is_silent(
    server: YdbProcess,
) -> None:
    server.start("--feeds", "off")
    async with opened(server) as (_, feed):
        with pytest.raises(NoFeed, match="not supported"):
            await feed.arm(HOUR_S)
        await feed.disarm()


async def test_i5_one_whose_answer_was_lost_is_taken_as_it_is(
    server: YdbProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
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
    server: YdbProcess, tmp_path: Path
) -> None:
    server.start("--fault", "AlterTopic=UNAUTHORIZED:1")
    async with opened(server) as (_, feed):
        with pytest.raises(NoFeed, match="UNAUTHORIZED"):
            await feed.arm(HOUR_S)
        with closing(sqlite3.connect(tmp_path / "stand-in.db")) as conn:
            assert conn.execute("SELECT count(*) FROM __topics").fetchone() == (0,)


async def test_armed_again_it_goes_on_and_disarmed_it_leaves_nothing(
    server: YdbProcess, tmp_path: Path
) -> None:
    server.start()
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
        with closing(sqlite3.connect(tmp_path / "stand-in.db")) as conn:
            assert conn.execute("SELECT count(*) FROM __topics").fetchone() == (0,)


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
    server: YdbProcess, tmp_path: Path
) -> None:
    server.start()
    async with opened(server) as (table, feed):
        for why, done in TEARS.items():
            _, position = await look(feed, await feed.arm(HOUR_S))
            await table.upsert(make_rows(GUIDE, "b", ["k1", "key2"]))
            behind(tmp_path, *done)
            assert why in await feed.gap(position)
            position = await feed.arm(HOUR_S)
            assert await feed.gap(position) == ""
            await table.upsert(make_rows(GUIDE, "b", ["k2"]))
            assert "k2" in (await look(feed, position))[0]


async def test_changes_that_go_while_they_are_read_are_missed_by_name(
    server: YdbProcess, tmp_path: Path
) -> None:
    server.start()
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", [f"k{n:03d}" for n in range(300)]))
        page = await feed.page(position, 10)
        assert len(page.changes) == 10
        behind(tmp_path, "DELETE FROM __messages WHERE off BETWEEN 150 AND 160")
        while not page.gap and not page.whole:
            page = await feed.page(page.position, 100)
        assert "while it was read" in page.gap


async def test_a_table_without_a_snapshot_is_never_said_to_be_read_to_its_end(
    server: YdbProcess,
) -> None:
    server.start()
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.delete("b", ["ours"])
        page = await feed.page(position, 10)
        assert "no snapshot" in page.gap
        assert not page.whole


async def test_a_swapped_table_is_not_taken_for_one_that_is_heard(server: YdbProcess) -> None:
    server.start()
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        new = await table.beside(NEW)
        await new.ensure()
        await table.swap(old_tag(10**18))
        assert "gone" in await feed.gap(position)


async def test_i7_a_feed_that_tells_nothing_is_silent_and_not_empty(
    server: YdbProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ydb_reading, "SILENT_S", 0.3)
    server.start("--feeds", "600000")
    async with opened(server) as (_, feed):
        position = await feed.arm(HOUR_S)
        with pytest.raises(NoAnswer):
            await feed.page(position, 10)


async def test_a_feed_that_keeps_changes_for_too_short_is_made_anew(server: YdbProcess) -> None:
    server.start()
    async with opened(server) as (table, feed):
        _, position = await look(feed, await feed.arm(HOUR_S))
        assert position
        assert await feed.arm(48 * HOUR_S) == 0
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        assert (await look(feed, 0))[0] == ["k1"]


async def test_a_server_that_comes_back_goes_on_at_what_is_committed(server: YdbProcess) -> None:
    server.start()
    async with opened(server) as (table, feed):
        position = await feed.arm(HOUR_S)
        await table.upsert(make_rows(GUIDE, "b", ["k1"]))
        _, position = await look(feed, position)
        server.kill()
        server.start()
        with contextlib.suppress(NoAnswer):
            await table.upsert(make_rows(GUIDE, "b", ["k2"]))
        assert (await look(feed, position))[0] == ["k2"]
