from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.errors import Broken
from core.ledger import at_risk
from core.ledger.at_risk import FIRST, UNCARRIABLE
from core.ledger.greenlog import Carried, Green, GreenOp, GreenState, Stuck
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.ledger.ledger import Ledger


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    made = await scene.opened(tmp_path)
    await made.add_buckets([(b"one", "{}"), (b"two", "{}")])
    yield made
    await made.close()


def put(key: bytes, digest: bytes = b"d1", *, bucket: int = 1, seen_ns: int = 5) -> Green:
    return Green(bucket, key, GreenOp.PUT, seen_ns, b"cid", 10, digest)


async def keys(ledger: Ledger, state: GreenState) -> list[bytes]:
    return [row.key for row in await ledger.greenlog.page(state)]


async def test_a_change_is_open_until_it_was_read_back(ledger: Ledger) -> None:
    await ledger.green.begin([1, 2])
    await ledger.green.heard("triggers", [put(b"a"), put(b"b", seen_ns=3)], 7, to_end=True)
    told = at_risk.summed((await ledger.at_risk.tallies()).values())
    assert (told.puts, told.deletes, told.size_bytes, told.oldest_ns) == (2, 0, 20, 3)
    await ledger.green.settle([Carried(1, b"a", b"d1", b"d1", "", 1, 2, 3)])
    assert await keys(ledger, GreenState.WAITING) == [b"b"]
    [row] = await ledger.greenlog.page(GreenState.CARRIED)
    assert (row.key, row.ino, row.mtime_ns, row.ctime_ns) == (b"a", 1, 2, 3)
    stand = await ledger.greenlog.stand()
    assert (stand.position, stand.carried, stand.feed) == (7, 1, "triggers")


async def test_a_newer_change_stays_open_when_the_older_one_is_settled(ledger: Ledger) -> None:
    await ledger.green.begin([1])
    await ledger.green.heard("triggers", [put(b"a")], 1, to_end=True)
    await ledger.green.heard("triggers", [put(b"a", b"d2", seen_ns=9)], 2, to_end=True)
    await ledger.green.settle([Carried(1, b"a", b"d1", b"d1")])
    [row] = await ledger.greenlog.page(GreenState.WAITING)
    assert (row.digest, row.seen_ns) == (b"d2", 5)  # the oldest that blue lacks counts


async def test_the_same_row_heard_again_is_no_new_change(ledger: Ledger) -> None:
    await ledger.green.begin([1])
    await ledger.green.heard("merge", [put(b"a")], 0, to_end=True)
    await ledger.green.settle([Carried(1, b"a", b"d1", b"d1")])
    await ledger.green.heard("merge", [put(b"a")], 0, to_end=True)
    assert not await keys(ledger, GreenState.WAITING)
    # what was carried was newer than what had been heard: its word comes later
    await ledger.green.heard("merge", [put(b"a", b"d2")], 0, to_end=True)
    await ledger.green.settle([Carried(1, b"a", b"d2", b"d3")])
    await ledger.green.heard("merge", [put(b"a", b"d3")], 0, to_end=True)
    assert not await keys(ledger, GreenState.WAITING)


async def test_what_blue_cannot_hold_counts_apart_and_may_be_tried_again(ledger: Ledger) -> None:
    await ledger.green.begin([1])
    await ledger.green.heard("triggers", [put(b"a"), put(b"b")], 1, to_end=True)
    stuck = [Stuck(1, b"a", b"d1", "no", True), Stuck(1, b"b", b"d1", "later", False)]  # noqa: FBT003 - a tuple's cells
    await ledger.green.settle([], stuck)
    told = at_risk.summed((await ledger.at_risk.tallies()).values())
    assert (told.puts, told.uncarriable) == (2, 1)
    assert await keys(ledger, GreenState.UNCARRIABLE) == [b"a"]
    [row] = await ledger.greenlog.page(GreenState.WAITING)
    assert (row.key, row.why, row.tries) == (b"b", "later", 1)
    await ledger.green.heard("triggers", [put(b"a", b"d2")], 2, to_end=True)
    assert not await keys(ledger, GreenState.UNCARRIABLE)
    await ledger.green.settle([Carried(1, b"b", b"d1", b"d1")])
    [carried] = await ledger.greenlog.page(GreenState.CARRIED)
    await ledger.green.again([carried])
    assert await keys(ledger, GreenState.WAITING) == [b"a", b"b"]


async def test_the_flips_time_is_that_of_the_first_bucket_and_stays(ledger: Ledger) -> None:
    first = await ledger.green.begin([1])
    again = await ledger.green.begin([1, 2])
    assert (again.since_ns, again.buckets) == (first.since_ns, (1, 2))
    await ledger.green.end([1])
    both = await ledger.green.end([2])
    assert both.buckets == ()
    later = await ledger.green.begin([1])
    assert later.since_ns > first.since_ns


async def test_a_second_flip_begins_with_nothing(ledger: Ledger) -> None:
    await ledger.green.begin([1])
    await ledger.green.heard("triggers", [put(b"a")], 1, to_end=True)
    await ledger.green.end([1])
    assert await keys(ledger, GreenState.WAITING) == [b"a"]  # the list of what was lost
    assert await ledger.greenlog.any_of([1])
    await ledger.green.begin([1])
    assert not await ledger.greenlog.any_of([1])


async def test_a_page_ends_where_the_next_begins_across_buckets(ledger: Ledger) -> None:
    await ledger.green.begin([1, 2])
    changes = [put(b"%02d" % n, bucket=1 + n % 2) for n in range(20)]
    await ledger.green.heard("triggers", changes, 1, to_end=True)
    found, after = [], (0, b"")
    while page := await ledger.greenlog.page(GreenState.WAITING, after, 3):
        found += [row.place for row in page]
        after = page[-1].place
    assert found == sorted((1 + n % 2, b"%02d" % n) for n in range(20))


async def test_a_ledger_of_schema_4_gets_the_greenlog_of_now(tmp_path: Path) -> None:
    await (await scene.opened(tmp_path)).close()
    (tmp_path / "ledger.db.sum").unlink()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as conn:
        conn.execute("DROP TABLE greenlog")
        conn.execute(
            "CREATE TABLE greenlog(bid INTEGER NOT NULL, key BLOB NOT NULL, ver BLOB NOT NULL,"
            " op TEXT NOT NULL, seen INTEGER NOT NULL, cid BLOB, size INTEGER, st INTEGER NOT NULL,"
            " why TEXT, PRIMARY KEY(bid,key,ver)) WITHOUT ROWID"
        )
        conn.execute("PRAGMA user_version=4")
    ledger = await scene.opened(tmp_path)
    try:
        await ledger.check_schema()
        await ledger.green.begin([])
        await ledger.green.heard("triggers", [put(b"a")], 1, to_end=True)
        assert await keys(ledger, GreenState.WAITING) == [b"a"]
    finally:
        await ledger.close()


async def test_a_committed_bucket_stays_greens_until_it_is_flipped_anew(ledger: Ledger) -> None:
    await ledger.green.begin([1, 2])
    await ledger.green.end([1], keep=True)
    both = await ledger.green.end([2])
    assert (both.buckets, both.kept) == ((), (1,))
    again = await ledger.green.begin([1])
    assert (again.buckets, again.kept) == ((1,), ())


async def test_a_value_that_turned_on_the_disk_is_found_after_an_unclean_end(
    tmp_path: Path,
) -> None:
    ledger = await scene.opened(tmp_path)
    await ledger.add_buckets([(b"one", "{}")])
    await ledger.green.begin([1])
    await ledger.green.heard("triggers", [put(b"a")], 1, to_end=True)
    await ledger.close()
    (tmp_path / "ledger.db.sum").unlink()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as conn:
        triggers = conn.execute(
            "SELECT name FROM sqlite_schema WHERE type='trigger' AND tbl_name='greenlog'"
        ).fetchall()
        assert len(triggers) == 3
        texts = conn.execute(
            "SELECT sql FROM sqlite_schema WHERE type='trigger' AND tbl_name='greenlog'"
        ).fetchall()
        for (name,) in triggers:
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute("UPDATE greenlog SET st=2")  # at risk no more, says the disk
        for (text,) in texts:
            conn.execute(text)
    with pytest.raises(Broken, match="greenlog"):
        await scene.opened(tmp_path)


async def test_what_is_at_risk_is_listed_by_its_place_what_waits_before_what_cannot_go(
    ledger: Ledger,
) -> None:
    await ledger.green.begin([1, 2])
    names = [b"%d" % n for n in range(6)]
    changes = [put(name, bucket=bucket) for bucket in (1, 2) for name in names]
    await ledger.green.heard("triggers", changes, 1, to_end=True)
    await ledger.green.settle(
        [Carried(1, b"0", b"d1", b"d1")],
        [Stuck(1, b"3", b"d1", "no", True), Stuck(2, b"1", b"d1", "no", True)],  # noqa: FBT003 - a tuple's cells
    )
    waits = [(0, 1, key) for key in (b"1", b"2", b"4", b"5")]
    waits += [(0, 2, key) for key in (b"0", b"2", b"3", b"4", b"5")]
    cannot = [(1, 1, b"3"), (1, 2, b"1")]
    for buckets in ([1, 2], [1], [2], []):
        for first, expected in ((FIRST, waits + cannot), (UNCARRIABLE, cannot)):
            mine = [place for place in expected if place[1] in buckets]
            for at in range(len(mine) + 2):
                page = await ledger.at_risk.page(buckets, first, at, 3)
                assert page.total == len(mine)
                assert [row.place for row in page.rows] == mine[at : at + 3]
            after, seen = first, []
            while rows := await ledger.at_risk.behind(buckets, after, 2):
                seen += [row.place for row in rows]
                after = rows[-1].place
            assert seen == mine
    told = (await ledger.at_risk.tallies())[2]
    assert (told.puts, told.uncarriable, told.oldest_ns) == (len(names), 1, 5)


@pytest.mark.usefixtures("ledger")
async def test_names_at_risk_are_read_from_the_index_of_what_is_not_carried(
    tmp_path: Path,
) -> None:
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as conn:
        asked: list[str] = []
        conn.set_trace_callback(asked.append)
        at_risk.tallies(conn)
        at_risk.behind(conn, [1], FIRST, 5)
        at_risk.page(conn, [1], FIRST, 0, 5)
        conn.set_trace_callback(None)
        for query in asked:
            plan = " ".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {query}"))
            assert "greenlog_open" in plan, (query, plan)
            assert "TEMP B-TREE" not in plan, (query, plan)
    assert len(asked) == 3
