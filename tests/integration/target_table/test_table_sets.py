"""Sets of tables beside those in use: SQLite, and the stand-in for YDB, which is not YDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.errors import Broken, Refused
from core.target.bucket_rows import BucketFacts, bucket_row
from core.target.objects import START
from core.target.objects_sqlite import SqliteTable
from core.target.objects_ydb import YdbTable
from core.target.table_sets import NEW, old_tag
from core.target.ydb_client import CALL
from core.target.ydb_wire import describe
from tests.integration.target_table.making import keys_of, make_rows

if TYPE_CHECKING:
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

OLD = old_tag(1_764_590_400_123_456_789)
LATER = old_tag(1_764_590_401_123_456_789)


async def filled(table: ObjectTable, profile: Profile, keys: list[str]) -> ObjectTable:
    """A new set beside a table, with rows."""
    new = await table.beside(NEW)
    await new.ensure()
    await new.upsert(make_rows(profile, "b", keys))
    await new.upsert_buckets(
        [bucket_row(profile, BucketFacts(name=keys[0], document="{}", made_ns=1))]
    )
    return new


async def keys(table: ObjectTable) -> list[str]:
    return [key for _, key in keys_of(await table.scan(START, 100))]


async def test_a_set_beside_has_the_profiles_columns_and_touches_nothing(
    table: ObjectTable, profile: Profile
) -> None:
    await table.upsert(make_rows(profile, "b", ["one"]))
    new = await filled(table, profile, ["two", "x"])
    assert {finding.verdict for finding in await new.check()} <= {"pass", "warn"}
    assert await keys(new) == ["two", "x"]
    assert await keys(table) == ["one"]
    assert [one.tag for one in await table.sets()] == [NEW]
    assert len((await table.sets())[0].tables) == len(profile.tables)


async def test_a_swap_puts_the_new_tables_in_use_and_keeps_the_old(
    table: ObjectTable, profile: Profile
) -> None:
    await table.upsert(make_rows(profile, "b", ["one"]))
    await table.build_index()
    await filled(table, profile, ["two", "x"])
    await table.swap(OLD)
    # the index on CIDs came with the swap: nothing is missing, nothing is warned of
    assert {finding.verdict for finding in await table.check()} == {"pass"}
    await table.build_index()
    assert await keys(table) == ["two", "x"]
    assert [str(row[0]) for row in await table.scan_buckets()] == ["two"]
    assert await keys(await table.beside(OLD)) == ["one"]
    assert [one.tag for one in await table.sets()] == [OLD]
    assert {finding.verdict for finding in await table.check()} == {"pass"}
    again = make_rows(profile, "b", ["two"], cid="bafy-other")
    await table.upsert(again)
    assert (await table.read([("b", "two")])) == again


async def test_a_swap_repeats_and_a_second_one_keeps_both(
    table: ObjectTable, profile: Profile
) -> None:
    await table.upsert(make_rows(profile, "b", ["one"]))
    await filled(table, profile, ["two"])
    await table.swap(OLD)
    await table.swap(OLD)
    assert await keys(table) == ["two"]
    await filled(table, profile, ["three"])
    await table.swap(LATER)
    assert await keys(table) == ["three"]
    assert [one.tag for one in await table.sets()] == [OLD, LATER]


async def test_a_swap_where_no_table_was_in_use(fresh: ObjectTable, profile: Profile) -> None:
    await filled(fresh, profile, ["two"])
    await fresh.swap(OLD)
    assert await keys(fresh) == ["two"]
    assert await fresh.sets() == []


async def test_a_set_that_is_not_whole_takes_nobodys_place(
    table: ObjectTable, profile: Profile
) -> None:
    await table.upsert(make_rows(profile, "b", ["one"]))
    await filled(table, profile, ["two"])
    await drop_one(table, f"{profile.tables[-1].name}_{NEW}")
    with pytest.raises(Broken, match="new tables"):
        await table.swap(OLD)
    assert await keys(table) == ["one"]


async def test_a_swap_never_stands_over_an_older_set(table: ObjectTable, profile: Profile) -> None:
    await table.upsert(make_rows(profile, "b", ["one"]))
    await filled(table, profile, ["two"])
    await table.swap(OLD)
    await filled(table, profile, ["three"])
    with pytest.raises(Refused, match="there already"):
        await table.swap(OLD)
    assert await keys(table) == ["two"]
    assert await keys(await table.beside(OLD)) == ["one"]


async def test_a_drop_takes_one_set_and_repeats(table: ObjectTable, profile: Profile) -> None:
    await table.upsert(make_rows(profile, "b", ["one"]))
    await filled(table, profile, ["two"])
    await table.swap(OLD)
    await filled(table, profile, ["three"])
    for _ in range(2):
        await table.drop(OLD)
    assert [one.tag for one in await table.sets()] == [NEW]
    assert await keys(table) == ["two"]


async def drop_one(table: ObjectTable, name: str) -> None:
    """Remove one table behind the house's back."""
    if isinstance(table, SqliteTable):
        await table._writer.submit(lambda c: c.execute(f"DROP TABLE {name}"))  # noqa: SLF001
    elif isinstance(table, YdbTable):
        root = table.paths[0].rpartition("/")[0]
        await table.client.define(f"DROP TABLE `{root}/{name}`")


async def index_names(table: ObjectTable) -> list[str]:
    """The names of the indexes that the object table in use has."""
    if isinstance(table, SqliteTable):
        text = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?"
        name = table._objects.name  # noqa: SLF001 - a look from outside
        rows = await table._reader.run(lambda c: c.execute(text, (name,)).fetchall())  # noqa: SLF001
        return [str(name) for (name,) in rows if not str(name).startswith("sqlite_autoindex")]
    assert isinstance(table, YdbTable)
    found = await describe(table.client.driver, table.paths[0], CALL)
    return [index.name for index in found.indexes]


async def test_an_index_has_the_profiles_name_after_a_swap(
    table: ObjectTable, profile: Profile
) -> None:
    """Who reads through it names it."""
    await table.upsert(make_rows(profile, "b", ["one"]))
    await table.build_index()
    new = await filled(table, profile, ["two"])
    await new.build_index()
    await table.swap(OLD)
    assert await index_names(table) == (
        [profile.objects.index.name] if profile.objects.index else []
    )
