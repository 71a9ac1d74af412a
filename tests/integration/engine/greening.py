"""A gateway of green's that writes at random, and what the ledger hears of it against a model."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.dag import cid as cids
from core.engine.reversing.feed import Feed
from core.engine.reversing.judging import RowJudge
from core.ledger.greenlog import Carried, GreenOp, GreenState
from core.target import profile as profiles
from core.target.changes import MERGE
from core.target.open_changes import open_changes
from core.target.open_table import open_target_table
from core.target.shape import Source
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection
    from pathlib import Path

    from core.engine.engine import Engine
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, Value

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


async def carry_all(engine: Engine) -> None:
    """Note all that waits as carried, as it is."""
    page = await engine.ledger.greenlog.page(GreenState.WAITING, limit=10_000)
    done = [Carried(*row.place, row.digest, row.digest) for row in page]
    await engine.ledger.green.settle(done)


@asynccontextmanager
async def migrated_feed(
    folder: Path, *, by: str
) -> AsyncIterator[tuple[Engine, Feed, ObjectTable, Profile]]:
    """Migrate eight objects, and open a feed of one kind."""
    ground = make_ground(folder, objects=8)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        async with feed_on(engine, by=by) as (feed, table, profile):
            yield engine, feed, table, profile
