"""What green did, as a list of changes tells it and as a look at all does, against a model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.reversing import feed as feeds
from core.engine.reversing import merging
from core.ledger.greenlog import GreenOp, GreenState
from core.target.change_list import ChangeList
from core.target.changes import MERGE, TRIGGERS
from core.target.open_changes import open_changes
from tests.integration.engine.greening import (
    Green,
    agree,
    carry_all,
    feed_on,
    logged,
    migrated_feed,
)
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate

if TYPE_CHECKING:
    from pathlib import Path

    from core.target.changes import Change
    from core.target.shape import Row, RowKey

STEPS = 150


@pytest.mark.parametrize("by", [TRIGGERS, MERGE])
@pytest.mark.parametrize("profile", ["guide", "extended"])
async def test_a_feed_tells_what_green_did_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, by: str
) -> None:
    monkeypatch.setattr(merging, "PAGE", 7)  # so that pages end everywhere
    monkeypatch.setattr(feeds, "PAGE", 5)
    ground = make_ground(tmp_path, objects=20)
    make_workspace(ground, Knobs(workers=1), profile=profile)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=by) as (feed, table, made):
            await feed.listen()
            assert not await logged(engine)  # all rows are ours
            green = Green(table, made, STEPS, ground.bodies)
            for number in range(STEPS):
                await green.step()
                if number % 17 == 0:
                    await agree(engine, feed, green, by=by)
                if number % 40 == 0:
                    await carry_all(engine)
            await agree(engine, feed, green, by=by)
            waiting = await engine.ledger.greenlog.page(GreenState.WAITING, limit=10_000)
            assert waiting
            await carry_all(engine)
            await feed.listen()
            assert not await engine.ledger.greenlog.page(GreenState.WAITING)


async def test_what_green_puts_back_as_it_was_still_has_to_go_to_blue(tmp_path: Path) -> None:
    async with migrated_feed(tmp_path, by=TRIGGERS) as (engine, feed, table, made):
        [ours] = await table.read([("bucket0", "d1/k0001")])
        green = Green(table, made, 1)
        await table.upsert([green.row_of(("bucket0", "d1/k0001"))])
        await feed.listen()
        await carry_all(engine)
        await table.upsert([ours])
        await feed.listen()
        [row] = await engine.ledger.greenlog.page(GreenState.WAITING)
        assert row.op is GreenOp.PUT
        assert row.key == b"d1/k0001"


async def test_a_bucket_that_blue_still_writes_is_not_heard(tmp_path: Path) -> None:
    async with migrated_feed(tmp_path, by=TRIGGERS) as (engine, feed, table, made):
        one = next(row for row in await engine.ledger.buckets() if row.name == b"bucket1")
        await engine.ledger.green.end([one.id])
        green = Green(table, made, 1)
        await table.upsert([green.row_of(("bucket1", "k")), green.row_of(("nobody", "k"))])
        await table.upsert([green.row_of(("bucket0", "k"))])
        await feed.listen()
        assert await logged(engine) == {("bucket0", "k"): True}


async def test_a_bucket_that_is_armed_between_two_pages_is_heard_from_its_first_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices go over one by one: the list of the first is being read when the second is armed."""
    monkeypatch.setattr(feeds, "PAGE", 2)
    plain, armed = ChangeList.read, list[str]()
    async with migrated_feed(tmp_path, by=TRIGGERS) as (engine, feed, table, made):
        one = next(row for row in await engine.ledger.buckets() if row.name == b"bucket1")
        await engine.ledger.green.end([one.id])
        green = Green(table, made, 1)

        async def read(changes: ChangeList, after: int, limit: int) -> list[Change]:
            page = await plain(changes, after, limit)
            if not armed:
                armed.append("bucket1")
                await engine.reverses.arm(armed)
                await table.upsert([green.row_of(("bucket1", "first"))])
            return page

        monkeypatch.setattr(ChangeList, "read", read)
        keys = [f"k{number}" for number in range(4)]
        await table.upsert([green.row_of(("bucket0", key)) for key in keys])
        await feed.listen()
        assert await logged(engine) == {
            ("bucket1", "first"): True,
            **{("bucket0", key): True for key in keys},
        }


async def test_a_gap_before_another_slice_is_armed_is_looked_through(tmp_path: Path) -> None:
    async with migrated_feed(tmp_path, by=TRIGGERS) as (engine, feed, table, made):
        one = next(row for row in await engine.ledger.buckets() if row.name == b"bucket1")
        await engine.ledger.green.end([one.id])
        changes = await open_changes(engine.workspace, made)
        await changes.disarm()
        await changes.close()
        await table.upsert([Green(table, made, 1).row_of(("bucket0", "unheard"))])
        await engine.reverses.arm(["bucket1"])
        await feed.listen()
        assert await logged(engine) == {("bucket0", "unheard"): True}


async def test_i7_a_look_at_all_knows_of_what_was_there_when_it_began(tmp_path: Path) -> None:
    async with migrated_feed(tmp_path, by=MERGE) as (engine, feed, table, _):
        scan, ends = table.scan, []

        async def slow(after: RowKey, limit: int) -> list[Row]:
            ends.append(time.time_ns())
            return await scan(after, limit)

        table.scan = slow  # type: ignore[method-assign] # to see when it is read
        await feed.listen()
        assert (await engine.ledger.greenlog.stand()).heard_ns <= ends[0]


async def test_a_gap_that_was_not_looked_through_to_its_end_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with migrated_feed(tmp_path, by=TRIGGERS) as (engine, feed, table, made):
        changes = await open_changes(engine.workspace, made)
        await changes.disarm()
        await changes.close()
        await table.upsert([Green(table, made, 1).row_of(("bucket0", "unheard"))])

        def dying(*_: object) -> None:
            raise OSError("killed")

        with monkeypatch.context() as broken:
            broken.setattr(merging.Merge, "pages", dying)
            with pytest.raises(OSError, match="killed"):
                await feed.listen()
        await feed.listen()
        assert await logged(engine) == {("bucket0", "unheard"): True}


async def test_what_a_ledger_that_was_put_back_never_heard_is_found_again(tmp_path: Path) -> None:
    """The list was trimmed for the ledger that is gone: its newest backup knows less."""
    async with migrated_feed(tmp_path, by=TRIGGERS) as (engine, feed, table, made):
        green, ids = Green(table, made, 1), [row.id for row in await engine.ledger.buckets()]
        before = (await engine.ledger.greenlog.stand()).position
        await table.upsert([green.row_of(("bucket0", "early"))])
        await feed.listen()
        await engine.ledger.green.end(ids)
        await engine.ledger.green.begin(ids)  # which forgets what was heard
        await engine.ledger.green.heard(TRIGGERS, (), before, to_end=True)
        await table.upsert([green.row_of(("bucket0", "late"))])
        await feed.listen()
        assert await logged(engine) == {("bucket0", "early"): True, ("bucket0", "late"): True}
        told = [row.text for row in await engine.ledger.last_events(9)]
        await feed.listen()
        assert [row.text for row in await engine.ledger.last_events(9)] == told  # once
