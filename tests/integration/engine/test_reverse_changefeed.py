"""What green did, as a stand-in for YDB tells it: tested against that, not against YDB."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.engine.reversing import feed as feeds
from core.engine.reversing.feed import Feed
from core.engine.reversing.judging import RowJudge
from core.ledger.greenlog import GreenWrites
from core.target import profile as profiles
from core.target import ydb_feed
from core.target.changes import CHANGEFEED, MERGE
from core.target.open_changes import open_changes
from core.target.open_table import open_target_table
from tests.fakes.ydb_process import YdbProcess
from tests.integration.engine.greening import Green, agree, carry_all, feed_on, logged
from tests.integration.engine.ground import engine_on, make_ground, migrate
from tests.integration.engine.ipfs_ground import nodes_under

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.target.objects import ObjectTable


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
