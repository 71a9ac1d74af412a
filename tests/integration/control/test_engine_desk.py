"""The API over a real engine in this process: jobs, knobs, events, epochs, the ledger at rest."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import write
from core.control.client import Client, job_of
from core.control.ledger_desk import ledger_desk
from core.control.live import EngineDesk
from core.control.server import build_app
from core.control.wire import state as wire
from core.engine.engine import Engine
from core.engine.reins import WALK
from core.errors import BadInput, EngineDown, NoPlan, Refused
from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.reins import Reins

HOSTILE = b"evil\x1b[2J\xe2\x80\xae.txt"


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """A workspace over three objects, one with a hostile name."""
    bucket = tmp_path / "gw" / "photos"
    bucket.mkdir(parents=True)
    os.setxattr(bucket, "user.acl", b'{"Owner":"AKBLUE1","Grantees":[]}')
    for name in (b"a.jpg", b"b.jpg", HOSTILE):
        with open(os.fsencode(bucket) + b"/" + name, "wb") as file:  # noqa: PTH123 - a name in bytes
            file.write(name * 10)
    folder = tmp_path / "ws"
    folder.mkdir()
    write(
        folder / "vgwm.yaml",
        Workspace(
            id="9f2c1a7e",
            source=PosixSource(path=tmp_path / "gw"),
            target=DirTarget(path=tmp_path / "out"),
            knobs=Knobs(workers=1),
        ),
    )
    return folder


@pytest.fixture
async def engine(ws: Path) -> AsyncIterator[Engine]:
    engine = await Engine.open(ws)
    yield engine
    await engine.close()


@pytest.fixture
async def client(engine: Engine) -> AsyncIterator[Client]:
    async with Client(build_app(EngineDesk(engine))) as client:
        yield client


async def run(client: Client, kind: str) -> wire.Snapshot:
    job = await client.start_job(kind, {}, actor="op1")
    last: wire.Snapshot | None = None
    async for now in client.follow_job(job, every_s=0.05):
        last = now
    assert last is not None
    ended = job_of(last, job)
    assert ended is not None
    assert ended.state == JobState.DONE, ended
    return last


async def test_the_main_job_by_the_api(client: Client) -> None:
    planned = await run(client, "plan")
    assert (planned.totals.objects, planned.workspace.planned) == (3, True)
    copied = await run(client, "copy")
    assert (copied.totals.migrated, copied.totals.remaining) == (3, 0)
    made = await client.plan()
    assert (made.objects, made.hash) == (3, copied.workspace.plan_hash)


async def test_a_copy_without_a_plan_is_refused_and_leaves_no_job(client: Client) -> None:
    with pytest.raises(NoPlan):
        await client.start_job("copy", {}, actor="op1")
    assert (await client.snapshot()).jobs == []


async def test_an_unknown_kind_names_the_known_ones(client: Client) -> None:
    with pytest.raises(BadInput, match="plan, copy"):
        await client.start_job("explode", {}, actor="op1")


async def test_an_act_for_an_earlier_engine_is_refused(engine: Engine) -> None:
    desk = EngineDesk(engine)
    with pytest.raises(Refused, match="epoch"):
        await desk.stop(wire.Act(actor="op1", expected_epoch=engine.epoch - 1))
    assert not desk.ending.is_set()


async def test_a_knob_is_durable_and_attributed_and_told(client: Client, ws: Path) -> None:
    await client.set_knobs({"bandwidth": "50MiB/s"}, actor="op1")
    now = await client.snapshot()
    (knob,) = [one for one in now.knobs if one.name == "bandwidth"]
    assert (knob.value, knob.actor) == ("50MiB/s", "op1")
    told = await client.events()
    assert any("bandwidth" in event.text and event.who == "op1" for event in told.events)
    async with ledger_desk(ws) as rest:
        (kept,) = [one for one in (await rest.snapshot()).knobs if one.name == "bandwidth"]
    assert kept.value == "50MiB/s"


async def test_knobs_are_set_all_or_none(client: Client) -> None:
    before = (await client.snapshot()).knobs
    with pytest.raises(BadInput):
        await client.set_knobs({"workers": "2", "batch_size": "0"}, actor="op1")
    assert (await client.snapshot()).knobs == before


async def test_events_have_no_gap_across_pages(client: Client) -> None:
    await run(client, "plan")
    seen: list[int] = []
    while True:
        page = await client.events(seen[-1] if seen else 0)
        seen += [event.seq for event in page.events]
        if not page.events:
            break
    assert seen == list(range(1, len(seen) + 1))


async def test_i4_beside_the_engine_the_ledger_says_the_same(client: Client, ws: Path) -> None:
    await run(client, "plan")
    copied = await run(client, "copy")
    async with ledger_desk(ws) as rest, Client(build_app(rest)) as reader:
        at_rest = await reader.snapshot()
        with pytest.raises(EngineDown):
            await reader.pause(1, actor="op1")
    assert at_rest.totals == copied.totals
    assert at_rest.engine.state == "down"


async def test_i7_a_running_job_says_what_it_waits_for(client: Client, engine: Engine) -> None:
    silent, came = asyncio.Event(), asyncio.Event()

    async def walk(reins: Reins) -> None:
        reins.quiet_s = 0.0
        with reins.awaiting(WALK, "no page came\x1b[2J"):
            await asyncio.sleep(0.01)
            silent.set()
            await came.wait()

    job = await engine.jobs.start(JobKind.PLAN, {}, "op1", "r1", walk)
    await silent.wait()
    now = job_of(await client.snapshot(), job)
    assert now is not None
    assert (now.state, now.reason[:12]) == (JobState.RUNNING, "no page came")
    assert "\x1b" not in now.reason
    came.set()
    await engine.wait(job)


async def test_what_the_ledger_calls_running_does_not_run_without_an_engine(ws: Path) -> None:
    engine = await Engine.open(ws)
    try:
        async with Client(build_app(EngineDesk(engine))) as client:
            await run(client, "plan")
            await client.set_knobs({"workers": "0"}, actor="op1")
            job = await client.start_job("copy", {}, actor="op1")
    finally:
        await engine.close()
    async with ledger_desk(ws) as rest:
        shown = job_of(await rest.snapshot(), job)
    assert shown is not None
    assert shown.state == JobState.INTERRUPTED


async def test_a_place_that_is_none_is_bad_input(client: Client) -> None:
    with pytest.raises(BadInput):
        await client.failures(after="nowhere")
