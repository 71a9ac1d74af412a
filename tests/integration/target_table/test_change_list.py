"""The list of changes of a SQLite object table, whoever writes the table."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

from core.target import profile as profiles
from core.target import table_sets
from core.target.change_list import ChangeList
from core.target.objects_sqlite import SqliteTable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GUIDE = profiles.load("guide")
INSERT = (
    "INSERT INTO versitygw_objects VALUES(?,?,'c',1,1,1,'{}',2)"
    " ON CONFLICT(bucket,s3_key) DO UPDATE SET metadata='{\"again\":1}'"
)


@asynccontextmanager
async def listed(tmp_path: Path) -> AsyncIterator[tuple[SqliteTable, ChangeList]]:
    table = await SqliteTable.open(tmp_path / "objects.db", GUIDE)
    await table.ensure()
    changes = ChangeList(tmp_path / "objects.db", GUIDE.objects)
    try:
        yield table, changes
    finally:
        await changes.close()
        await table.close()


def foreign(tmp_path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Write as another process does."""
    with closing(sqlite3.connect(tmp_path / "objects.db", isolation_level=None)) as conn:
        for text, bound in statements:
            conn.execute(text, bound)


async def test_every_kind_of_write_of_another_process_is_listed_in_order(tmp_path: Path) -> None:
    async with listed(tmp_path) as (_, changes):
        begin = await changes.arm()
        foreign(
            tmp_path,
            (INSERT, ("b", "k1")),
            (INSERT, ("b", "k2")),
            (INSERT, ("b", "k1")),
            ("DELETE FROM versitygw_objects WHERE s3_key=?", ("k2",)),
            ("INSERT OR REPLACE INTO versitygw_objects VALUES('b','k3','c',1,1,1,'{}',2)", ()),
        )
        page = await changes.read(begin, 10)
        assert [one.key for one in page] == ["k1", "k2", "k1", "k2", "k3"]
        assert [one.position for one in page] == sorted(one.position for one in page)
        assert all(one.at_ns > 10**18 for one in page)
        assert [one.key for one in await changes.read(page[2].position, 1)] == ["k2"]


async def test_arming_again_loses_nothing_and_numbers_go_on(tmp_path: Path) -> None:
    async with listed(tmp_path) as (_, changes):
        await changes.arm()
        foreign(tmp_path, (INSERT, ("b", "k1")))
        first = await changes.arm()
        await changes.trim(first)
        foreign(tmp_path, (INSERT, ("b", "k2")))
        [one] = await changes.read(first, 10)
        assert one.key == "k2"
        assert one.position > first == await changes.end() - 1


async def test_what_our_own_table_writes_is_listed_as_well(tmp_path: Path) -> None:
    async with listed(tmp_path) as (table, changes):
        begin = await changes.arm()
        await table.upsert([("b", "k", "c", 1, 1, 1, "{}", 2)])
        await table.delete("b", ["k"])
        assert [one.key for one in await changes.read(begin, 10)] == ["k", "k"]


async def test_a_swapped_table_is_not_taken_for_one_that_is_heard(tmp_path: Path) -> None:
    async with listed(tmp_path) as (table, changes):
        assert not await changes.armed()
        await changes.arm()
        assert await changes.armed()
        new = await table.beside(table_sets.NEW)
        await new.ensure()
        await table.swap(table_sets.old_tag(10**18))
        assert not await changes.armed()
        position = await changes.arm()
        foreign(tmp_path, (INSERT, ("b", "k")))
        assert [one.key for one in await changes.read(position, 10)] == ["k"]


async def test_a_list_that_somebody_dropped_is_seen_and_made_anew(tmp_path: Path) -> None:
    async with listed(tmp_path) as (_, changes):
        await changes.arm()
        foreign(tmp_path, ("DROP TABLE vgwm_changes", ()))
        assert not await changes.armed()
        position = await changes.arm()
        foreign(tmp_path, (INSERT, ("b", "k")))
        assert [one.key for one in await changes.read(position, 10)] == ["k"]


async def test_disarmed_it_leaves_nothing_behind(tmp_path: Path) -> None:
    async with listed(tmp_path) as (table, changes):
        await changes.arm()
        await changes.disarm()
        assert not await changes.armed()
        foreign(tmp_path, (INSERT, ("b", "k")))
        assert not [one for one in await table.check() if one.verdict == "fail"]
        with closing(sqlite3.connect(tmp_path / "objects.db")) as conn:
            names = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema")]
        assert not [name for name in names if "vgwm" in name]
