"""What green did, as a list of changes tells it and as a look at all does, against a model."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.engine.reversing import feed as feeds
from core.engine.reversing import merging
from core.engine.reversing.feed import Feed
from core.engine.reversing.judging import RowJudge
from core.ledger.greenlog import Carried, GreenOp, GreenState, GreenWrites
from core.target import profile as profiles
from core.target import ydb_feed
from core.target.change_list import ChangeList
from core.target.changes import CHANGEFEED, MERGE, TRIGGERS
from core.target.open_changes import open_changes
from core.target.open_table import open_target_table
from core.target.shape import Source
from tests.fakes.ydb_process import YdbProcess
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.engine.ipfs_ground import nodes_under

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

    from core.engine.engine import Engine
    from core.target.changes import Change
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey, Value

STEPS = 150
KEYS = [f"d{n % 7}/k{n:04d}" for n in range(20)] + [f"new/{n:02d}" for n in range(20)]


class Green:
    """A gateway of green's that writes at random, and a model of what blue has to learn."""

    def __init__(
        self,
        table: ObjectTable,
        profile: Profile,
        seed: int,
        migrated: Collection[tuple[str, str]] = (),
    ) -> None:
        self._table = table
        self._profile = profile
        self._random = random.Random(seed)  # noqa: S311 - test data
        self.migrated = set(migrated)
        self.told: dict[tuple[str, str], Row | None] = {}

    def moves_to(self, table: ObjectTable) -> None:
        """Write over another connection from now on."""
        self._table = table

    async def step(self) -> None:
        """Put, change or delete one key."""
        name = (f"bucket{self._random.randrange(2)}", self._random.choice(KEYS))
        present = next(iter(await self._table.read([name])), None)
        if self._random.random() < 0.3:
            await self._table.delete(name[0], [name[1]])
            if present is not None:
                self.told[name] = None
            return
        row = self.row_of(name)
        await self._table.upsert([row])
        self.told[name] = row

    def row_of(self, name: tuple[str, str]) -> Row:
        cid = cids.text(cids.parse(CID)[:4] + self._random.randbytes(32))
        values: dict[Source, Value] = {
            Source.BUCKET: name[0],
            Source.KEY: name[1],
            Source.CID: cid,
            Source.SIZE: self._random.randrange(9_000),
            Source.METADATA: '{"etag":"green","v":1}',
        }
        return tuple(values.get(column.source) for column in self._profile.objects.columns)


CID = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


@asynccontextmanager
async def feed_on(engine: Engine, *, by: str) -> AsyncIterator[tuple[Feed, ObjectTable, Profile]]:
    """Arm all buckets, and open a feed of one kind."""
    profile = profiles.load(engine.workspace.target.profile)
    table = await open_target_table(engine.workspace, profile)
    changes = await open_changes(engine.workspace, profile)
    try:
        position = 0 if by == MERGE else await changes.arm()
        await engine.ledger.green.armed(by, position, keeps_s=0)
        await engine.ledger.green.begin([row.id for row in await engine.ledger.buckets()])
        judge = RowJudge(profile, engine.workspace.id)
        yield Feed(engine.ledger, table, judge, changes), table, profile
    finally:
        await changes.close()
        await table.close()


async def logged(engine: Engine) -> dict[tuple[str, str], bool]:
    """Return what the greenlog says of each key: whether it stands on green."""
    names = {row.id: row.name.decode() for row in await engine.ledger.buckets()}
    page = await engine.ledger.greenlog.page(None, limit=10_000)
    return {(names[row.bucket_id], row.key.decode()): row.op is GreenOp.PUT for row in page}


async def agree(engine: Engine, feed: Feed, green: Green, *, by: str) -> None:
    """Listen, then hold the greenlog against the model."""
    await feed.listen()
    found = await logged(engine)
    told = {name: row is not None for name, row in green.told.items()}
    for name, stands in told.items():
        # a look at all cannot see what came and went between two of them; nor need blue know
        if not stands and name not in green.migrated and by == MERGE and name not in found:
            continue
        assert found.pop(name) is stands, name
    assert not found


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


async def carry_all(engine: Engine) -> None:
    """Note all that waits as carried, as it is."""
    page = await engine.ledger.greenlog.page(GreenState.WAITING, limit=10_000)
    done = [Carried(*row.place, row.digest, row.digest) for row in page]
    await engine.ledger.green.settle(done)


async def test_what_green_puts_back_as_it_was_still_has_to_go_to_blue(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=TRIGGERS) as (feed, table, made):
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
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=TRIGGERS) as (feed, table, made):
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
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=TRIGGERS) as (feed, table, made):
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
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=TRIGGERS) as (feed, table, made):
            one = next(row for row in await engine.ledger.buckets() if row.name == b"bucket1")
            await engine.ledger.green.end([one.id])
            changes = await open_changes(engine.workspace, made)
            await changes.disarm()
            await changes.close()
            await table.upsert([Green(table, made, 1).row_of(("bucket0", "unheard"))])
            await engine.reverses.arm(["bucket1"])
            await feed.listen()
            assert await logged(engine) == {("bucket0", "unheard"): True}


async def test_a_table_that_tells_no_changes_is_compared_whole_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is the stand-in for YDB, which is not YDB."""
    ground = make_ground(tmp_path, objects=20)
    with (
        YdbProcess(tmp_path / "stand-in.db", "--feeds", "off") as server,
        nodes_under(ground, Knobs(workers=1), monkeypatch, table=f"ydb:{server.spec}"),
    ):
        async with engine_on(ground) as engine:
            assert (await migrate(engine)).state == "done"
            await engine.reverses.arm([])
            assert (await engine.ledger.greenlog.stand()).feed == MERGE
            assert "Changefeeds are not supported" in (await said(engine))[-1]
            async with feed_on(engine, by=MERGE) as (feed, table, made):
                await feed.listen()
                assert not await logged(engine)
                green = Green(table, made, 3, ground.bodies)
                for _ in range(40):
                    await green.step()
                await agree(engine, feed, green, by=MERGE)


async def said(engine: Engine) -> list[str]:
    """Return the events of the reverse copy."""
    return [row.text for row in await engine.ledger.events(0, 10_000) if row.kind == "reverse"]


async def test_a_changefeed_tells_what_green_did_through_kills_and_tears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is the stand-in for YDB, which is not YDB; its feed is 100 ms behind."""
    monkeypatch.setattr(feeds, "PAGE", 5)
    ground = make_ground(tmp_path, objects=20)
    memory = tmp_path / "stand-in.db"
    with (
        YdbProcess(memory, "--feeds", "100") as server,
        nodes_under(ground, Knobs(workers=1), monkeypatch, table=f"ydb:{server.spec}"),
    ):
        async with engine_on(ground) as engine:
            assert (await migrate(engine)).state == "done"
            await engine.reverses.arm([])
            stand = await engine.ledger.greenlog.stand()
            assert (stand.feed, stand.keeps_s) == (CHANGEFEED, 48 * 3600)
            async with feed_on(engine, by=CHANGEFEED) as (feed, table, made):
                green = Green(table, made, 5, ground.bodies)
                for _ in range(30):
                    await green.step()
                await agree(engine, feed, green, by=CHANGEFEED)
                await carry_all(engine)

            # killed on either side of the ledger's commit: told once more, and nothing is lost
            def killed(*_: object, **__: object) -> None:
                raise OSError("killed")

            async with feed_of(engine) as (feed, table):
                green.moves_to(table)
                for _ in range(10):
                    await green.step()
                with monkeypatch.context() as dying:
                    dying.setattr(ydb_feed.ChangeFeed, "trim", killed)
                    with pytest.raises(OSError, match="killed"):
                        await feed.listen()
                with monkeypatch.context() as dying:
                    dying.setattr(GreenWrites, "heard", killed)
                    with pytest.raises(OSError, match="killed"):
                        await feed.listen()
                for _ in range(10):
                    await green.step()
            async with feed_of(engine) as (feed, table):
                green.moves_to(table)
                await agree(engine, feed, green, by=CHANGEFEED)
                assert not [text for text in await said(engine) if "compared" in text]
                # its retention has passed while nobody read it
                for _ in range(10):
                    await green.step()
                with closing(sqlite3.connect(memory, timeout=10)) as conn, conn:
                    conn.execute("DELETE FROM __messages")
                await agree(engine, feed, green, by=MERGE)
                assert "unread; the whole table is compared" in (await said(engine))[-1]
                assert (await engine.ledger.greenlog.stand()).feed == CHANGEFEED
                await green.step()
                await agree(engine, feed, green, by=MERGE)
            # the job, the watch and a way back read it in turns
            await engine.reverses.ensure("test")
            for _ in range(3):
                assert await engine.reverses.wrote() is True
            await engine.reverses.halt("test")
            await engine.reverses.end([])
        with closing(sqlite3.connect(memory)) as conn:
            assert conn.execute("SELECT count(*) FROM __topics").fetchone() == (0,)


@asynccontextmanager
async def feed_of(engine: Engine) -> AsyncIterator[tuple[Feed, ObjectTable]]:
    """Open the feed that is armed, as an engine that begins anew does."""
    profile = profiles.load(engine.workspace.target.profile)
    table = await open_target_table(engine.workspace, profile)
    changes = await open_changes(engine.workspace, profile)
    try:
        yield Feed(engine.ledger, table, RowJudge(profile, engine.workspace.id), changes), table
    finally:
        await changes.close()
        await table.close()


async def test_i7_a_look_at_all_knows_of_what_was_there_when_it_began(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=MERGE) as (feed, table, _):
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
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=TRIGGERS) as (feed, table, made):
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
    ground = make_ground(tmp_path, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=TRIGGERS) as (feed, table, made):
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
