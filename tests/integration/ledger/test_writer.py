from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from core.errors import Broken
from core.ledger.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

ASK = """
import sqlite3, sys
conn = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
for line in sys.stdin:
    print(conn.execute("SELECT count(*) FROM t WHERE n=?", (int(line),)).fetchone()[0], flush=True)
"""


def insert(n: int) -> Callable[[sqlite3.Connection], int]:
    def change(conn: sqlite3.Connection) -> int:
        conn.execute("INSERT INTO t(n) VALUES(?)", (n,))
        return n

    return change


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    made = await Writer.start(tmp_path / "t.db", create=True)
    await made.submit(_table)
    yield made
    await made.close()


def _table(conn: sqlite3.Connection) -> None:
    conn.execute("CREATE TABLE t(n INTEGER PRIMARY KEY)")


def numbers(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as conn:
        return [n for (n,) in conn.execute("SELECT n FROM t ORDER BY n")]


async def test_i5_a_future_resolves_only_when_another_process_sees_the_commit(
    writer: Writer, tmp_path: Path
) -> None:
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, str(tmp_path / "t.db"), stdin=-1, stdout=-1
    )
    assert other.stdin
    assert other.stdout
    for n in range(60):
        await writer.submit(insert(n))
        other.stdin.write(b"%d\n" % n)
        assert await other.stdout.readline() == b"1\n"
    other.stdin.close()
    assert await other.wait() == 0


async def test_changes_that_wait_are_committed_together(writer: Writer, tmp_path: Path) -> None:
    entered, go = threading.Event(), threading.Event()

    def hold(conn: sqlite3.Connection) -> int:
        entered.set()
        assert go.wait(30)
        return insert(0)(conn)

    first = writer.submit(hold)
    await asyncio.to_thread(entered.wait, 30)
    commits: list[int] = []

    def noting(n: int, conn: sqlite3.Connection) -> int:
        with closing(sqlite3.connect(tmp_path / "t.db")) as outside:
            commits.append(outside.execute("SELECT count(*) FROM t").fetchone()[0])
        return insert(n)(conn)

    rest = [writer.submit(partial(noting, n)) for n in range(1, 8)]
    go.set()
    assert await asyncio.gather(first, *rest) == list(range(8))
    # The one that waited passed the group's 50 ms or not; none of the rest saw another's commit.
    assert len(set(commits)) == 1
    assert numbers(tmp_path / "t.db") == list(range(8))


async def test_a_group_ends_after_its_rows(writer: Writer, tmp_path: Path) -> None:
    entered, go = threading.Event(), threading.Event()
    seen: list[int] = []

    def hold(_: sqlite3.Connection) -> None:
        entered.set()
        assert go.wait(30)

    def many(start: int, conn: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(tmp_path / "t.db")) as outside:
            seen.append(outside.execute("SELECT count(*) FROM t").fetchone()[0])
        conn.executemany("INSERT INTO t(n) VALUES(?)", [(start + n,) for n in range(3_000)])

    first = writer.submit(hold)
    await asyncio.to_thread(entered.wait, 30)
    rest = [writer.submit(partial(many, start)) for start in (0, 3_000, 6_000)]
    go.set()
    await asyncio.gather(first, *rest)
    # 4,000 rows fill a group: the third change meets the first two committed, at the latest.
    assert seen[0] == 0
    assert seen[2] >= 6_000 or seen[1] >= 3_000


async def test_a_change_that_raises_is_undone_alone(writer: Writer, tmp_path: Path) -> None:
    def half(conn: sqlite3.Connection) -> None:
        insert(100)(conn)
        message = "half way"
        raise LookupError(message)

    before, bad, after = (writer.submit(each) for each in (insert(1), half, insert(2)))
    assert await before == 1
    with pytest.raises(LookupError, match="half way"):
        await bad
    assert await after == 2
    assert numbers(tmp_path / "t.db") == [1, 2]


async def test_a_refused_statement_is_our_error(writer: Writer, tmp_path: Path) -> None:
    twice = [writer.submit(insert(1)), writer.submit(insert(1)), writer.submit(insert(2))]
    done = await asyncio.gather(*twice, return_exceptions=True)
    assert done[0] == 1
    assert isinstance(done[1], Broken)
    assert done[2] == 2
    assert numbers(tmp_path / "t.db") == [1, 2]


async def test_a_cancelled_wait_neither_stops_the_writer_nor_undoes_the_change(
    writer: Writer, tmp_path: Path
) -> None:
    entered, go = threading.Event(), threading.Event()

    def hold(conn: sqlite3.Connection) -> int:
        entered.set()
        assert go.wait(30)
        return insert(5)(conn)

    waiting = writer.submit(hold)
    await asyncio.to_thread(entered.wait, 30)
    waiting.cancel()
    go.set()
    assert await writer.submit(insert(6)) == 6
    assert numbers(tmp_path / "t.db") == [5, 6]


async def test_what_is_queued_is_written_before_the_end(writer: Writer, tmp_path: Path) -> None:
    futures = [writer.submit(insert(n)) for n in range(50)]
    await writer.close()
    assert all(future.done() for future in futures)
    assert numbers(tmp_path / "t.db") == list(range(50))


async def test_lag_is_the_age_of_the_change_at_hand_and_nothing_when_idle(
    writer: Writer,
) -> None:
    entered, go = threading.Event(), threading.Event()

    def hold(_: sqlite3.Connection) -> None:
        entered.set()
        assert go.wait(30)

    assert writer.lag_s() == 0.0
    held = writer.submit(hold)
    await asyncio.to_thread(entered.wait, 30)
    assert writer.lag_s() > 0.0
    go.set()
    await held
    await writer.submit(insert(1))
    assert writer.lag_s() == 0.0


async def test_a_busy_event_loop_does_not_starve_the_writer(writer: Writer) -> None:
    assert sys.getswitchinterval() <= 0.0001
    rows = [(n,) for n in range(200)]

    def many(conn: sqlite3.Connection) -> None:
        conn.executemany("INSERT INTO t(n) VALUES(?)", rows)

    future = writer.submit(many)
    while not future.done():
        sum(range(20_000))
        await asyncio.sleep(0)
    await future
