"""A copy to nodes that lie, stall, fill up or refuse us: it ends whole, and says what it met."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.model import JobKind, JobState
from tests.fakes.http_server import Reply
from tests.integration.engine.ground import Ground, engine_on, make_ground, run_job
from tests.integration.engine.ipfs_ground import COPIES, Nodes, nodes_under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from core.engine.engine import Engine
    from core.ledger.rows import JobRow

KNOBS = Knobs(workers=2, batch_size=10)


@dataclass(frozen=True, slots=True)
class Outside:
    """A ground over stand-in nodes."""

    ground: Ground
    nodes: Nodes

    async def begin(self, engine: Engine) -> int:
        """Plan, then begin a copy; return its number."""
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        return await engine.start_job(JobKind.COPY, {}, "op1", "copy-1")

    async def end(self, engine: Engine, job: int) -> None:
        """Wait for the copy's end, which must be whole: rows, copies, pins, counters."""
        async with asyncio.timeout(40):
            await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert (row.state, row.reason) == (JobState.DONE, "")
        await engine.ledger.recount()
        counted = await engine.ledger.counters()
        objects = len(self.ground.bodies)
        assert (counted.migrated, counted.failed) == (objects, 0)
        path = f"file:{self.ground.workspace}/objects.db?mode=ro"
        with closing(sqlite3.connect(path, uri=True)) as base:
            assert base.execute("SELECT count(*) FROM versitygw_objects").fetchone() == (objects,)
        for root, pin in self.nodes.cluster.pins.items():
            holders = [p for p in self.nodes.cluster.peers if p.id in pin.allocations]
            assert len(holders) == COPIES
            assert all(peer.kubo.holds(root) is not None for peer in holders)
            assert all(root in peer.kubo.pins for peer in holders)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    ground = make_ground(tmp_path, objects=40)
    with nodes_under(ground, KNOBS, monkeypatch) as nodes:
        yield Outside(ground, nodes)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - other tasks' and threads' work
            await asyncio.sleep(0.02)


async def paused(engine: Engine, job: int) -> JobRow:
    """Wait until the ledger says that the job is paused."""
    async with asyncio.timeout(30):
        while True:
            row = await engine.ledger.job(job)
            assert row is not None
            if row.state is JobState.PAUSED:
                return row
            await asyncio.sleep(0.02)


async def told(engine: Engine, kind: str) -> list[str]:
    return [e.text for e in await engine.ledger.last_events(1000) if e.kind == kind]


async def test_i9_revoked_credentials_pause_the_job_until_they_are_back(outside: Outside) -> None:
    cluster = outside.nodes.cluster
    async with engine_on(outside.ground) as engine:
        job = await outside.begin(engine)
        await until(lambda: cluster.pins)
        cluster.refuses = True
        row = await paused(engine, job)
        assert row.reason.startswith("no right: ")
        assert "answered 401" in row.reason
        assert "Set target.cluster_user" in row.reason or "Put back" in row.reason
        assert engine.looks.held() == row.reason
        cluster.refuses = False
        await outside.end(engine, job)
        assert any("goes on by itself" in text for text in await told(engine, "job"))


async def test_nodes_without_room_pause_the_job_until_there_is_some(outside: Outside) -> None:
    kubos = outside.nodes.kubos
    for kubo in kubos:
        kubo.storage_max = 0
    async with engine_on(outside.ground) as engine:
        job = await outside.begin(engine)
        row = await paused(engine, job)
        assert row.reason.startswith("no room: 0 of 2 nodes can take a bundle: kubo-1 is full")
        for kubo in kubos:
            kubo.storage_max = 50_000_000_000
        await outside.end(engine, job)


async def test_resume_tries_at_once_and_pauses_again_with_the_same_reason(outside: Outside) -> None:
    for kubo in outside.nodes.kubos:
        kubo.storage_max = 0
    async with engine_on(outside.ground) as engine:
        job = await outside.begin(engine)
        reason = (await paused(engine, job)).reason
        await engine.resume(job, "op1")
        assert (await paused(engine, job)).reason == reason
        await engine.cancel(job, "op1")
        async with asyncio.timeout(10):
            await engine.wait(job)
        ended = await engine.ledger.job(job)
        assert ended is not None
        assert ended.state is JobState.CANCELLED


async def test_a_node_that_says_slow_down_is_left_alone_and_told_of(outside: Outside) -> None:
    asked = Reply(429, b'{"Message":"slow down"}', {"Retry-After": "2"})
    outside.nodes.kubos[0].orders.append(lambda _request: asked)
    async with engine_on(outside.ground) as engine:
        job = await outside.begin(engine)
        await outside.end(engine, job)
        assert len(await told(engine, "node_left_out")) == 1
        assert any("kubo-1 answered 429" in text for text in await told(engine, "node_left_out"))


async def test_a_peer_whose_pins_fail_loses_them_to_others(outside: Outside) -> None:
    sick = outside.nodes.cluster.peers[0]
    sick.lies = ("pin_error", "disk on fire")
    async with engine_on(outside.ground) as engine:
        job = await outside.begin(engine)
        await until(lambda: sick.recovered)
        await until(lambda: sick.recovered.count(sick.recovered[0]) >= 3)
        while not await told(engine, "pin_moved"):  # noqa: ASYNC110 - a row has no event
            await asyncio.sleep(0.05)
        assert any("disk on fire" in text for text in await told(engine, "pin_recovered"))
        assert any("its pin is withdrawn" in text for text in await told(engine, "pin_moved"))
        [first, *_] = await told(engine, "node_left_out")
        assert first.startswith("kubo-1 is left out")
        sick.lies = None
        await outside.end(engine, job)


async def test_a_job_that_an_earlier_engine_began_waits_for_its_target(outside: Outside) -> None:
    cluster = outside.nodes.cluster
    async with engine_on(outside.ground) as engine:
        job = await outside.begin(engine)
        await until(lambda: cluster.pins)
    for peer in cluster.peers:
        peer.down = True
    async with engine_on(outside.ground) as engine:
        reins = engine.jobs.running(JobKind.COPY)
        assert reins is not None
        await until(lambda: "target" in reins.waits)
        assert "without an answer: cluster-1" in reins.waits["target"]
        for peer in cluster.peers:
            peer.down = False
        await outside.end(engine, job)
