"""Events across lost links and engines: all of them, in order, none twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.feed import EventFeed
from core.control.wire import state as wire
from core.engine.engine import Engine
from core.errors import EngineDown, NoAnswer
from core.ledger.rows import EventDraft
from tests.integration.control.answering import answering
from tests.integration.engine.ground import make_ground, make_workspace

if TYPE_CHECKING:
    from pathlib import Path


async def happen(engine: Engine, count: int, word: str) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            draft = EventDraft(kind="test", text=f"{word} {number}")
            group.create_task(engine.ledger.event(draft))


async def test_a_client_that_lost_its_link_has_every_event_once_across_a_restart(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, Knobs(workers=0))
    got: list[wire.Event] = []
    async with Client(ground.workspace) as client:
        feed = EventFeed(client, 0)
        engine = await Engine.open(ground.workspace)
        try:
            async with answering(engine):
                await happen(engine, 500, "before")
                got += await feed.up_to((await client.snapshot()).last_seq)
            await happen(engine, 3_000, "unseen")
            with pytest.raises(EngineDown):
                await client.snapshot()
            assert await feed.up_to(10_000) == []
        finally:
            await engine.close()
        engine = await Engine.open(ground.workspace)
        try:
            await happen(engine, 500, "after")
            async with answering(engine):
                last = (await client.snapshot()).last_seq
                got += await feed.up_to(last)
        finally:
            await engine.close()
    assert [event.seq for event in got] == list(range(1, last + 1))
    assert sum(event.kind == "test" for event in got) == 4_000


class Breaking:
    """Pages of two events; some requests find no engine, or a silent one."""

    def __init__(self, last: int, broken: dict[int, Exception]) -> None:
        self.last = last
        self.broken = broken
        self.asked = 0

    async def events(self, since: int = 0) -> wire.Events:
        self.asked += 1
        if self.asked in self.broken:
            raise self.broken[self.asked]
        page = [
            wire.Event(seq=seq, ts_ns=0, kind="test", level="info", who="x", text="")
            for seq in range(since + 1, min(since + 2, self.last) + 1)
        ]
        return wire.Events(events=page, last_seq=page[-1].seq if page else since)


async def test_a_link_that_breaks_between_pages_loses_and_doubles_nothing() -> None:
    down = EngineDown(what="", where="", remedy="")
    silent = NoAnswer(what="", where="", remedy="")
    feed = EventFeed(Breaking(9, {2: down, 4: silent, 5: silent}), 0)
    got: list[int] = []
    for _ in range(5):
        got += [event.seq for event in await feed.up_to(9)]
    assert got == list(range(1, 10))


async def test_a_feed_that_is_told_of_more_than_there_is_ends() -> None:
    feed = EventFeed(Breaking(3, {}), 0)
    assert len(await feed.up_to(100)) == 3
