"""The assessment by the API: as it runs, at rest, what is said of it; each order obeyed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.knobs import Knobs
from core.control.client import Client
from core.control.ledger_desk import ledger_desk
from core.control.live import EngineDesk
from core.control.server import build_app
from core.control.wire import checks as wire_checks
from core.control.wire import state as wire
from core.engine.engine import Engine
from core.errors import BadInput, EngineDown, LeaseHeld, Refused
from tests.integration.engine.ground import make_ground, make_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    ground = make_ground(tmp_path, objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=0))
    return ground.workspace


@pytest.fixture
async def desk(ws: Path) -> AsyncIterator[EngineDesk]:
    engine = await Engine.open(ws)
    try:
        yield EngineDesk(engine)
    finally:
        await engine.close()


@pytest.fixture
async def client(desk: EngineDesk) -> AsyncIterator[Client]:
    async with Client(build_app(desk)) as made:
        yield made


def row(found: wire_checks.Checks, check: str) -> wire_checks.Check:
    return next(one for one in found.checks if one.id == check)


async def test_rows_come_in_one_by_one_and_the_run_ends_with_all(client: Client) -> None:
    assert (await client.checks()).run is None
    job = await client.start_job("assess", {}, actor="op1")
    seen: set[int] = set()
    async for _now in client.follow_job(job, every_s=0.005):
        found = await client.checks()
        run = found.run
        assert run is not None
        waiting = [one for one in found.checks if one.asked]
        if waiting and run.rows:
            # of the first run: whoever is not waited for has answered
            assert all(one.asked or one.measured_ns is not None for one in found.checks)
            assert run.answered <= run.rows == len(found.checks)
            seen.add(len(waiting))
    last = await client.checks()
    assert last.run is not None
    assert (last.run.state, last.run.answered) == ("done", len(last.checks))
    assert all(one.measured_ns is not None and not one.asked for one in last.checks)
    assert len(seen) > 1, "they were never seen to wait"


async def test_at_rest_the_ledger_answers_the_same(ws: Path) -> None:
    engine = await Engine.open(ws)
    async with Client(build_app(EngineDesk(engine))) as client:
        job = await client.start_job("assess", {"only": "source,backups"}, actor="op1")
        await engine.wait(job)
        await client.acknowledge("backups", "tape", actor="op1")
        live = await client.checks()
    await engine.close()
    async with ledger_desk(ws) as desk, Client(build_app(desk)) as client:
        rest = await client.checks()
        with pytest.raises(EngineDown):
            await client.acknowledge("backups", "again", actor="op1")
        with pytest.raises(EngineDown):
            await client.note("windows", "Sunday", actor="op1")
    assert msgspec.structs.replace(rest, at_ns=live.at_ns) == live


async def test_a_reason_is_stored_once_however_often_it_is_sent(
    desk: EngineDesk, client: Client
) -> None:
    job = await client.start_job("assess", {"only": "backups"}, actor="op1")
    async for _ in client.follow_job(job, every_s=0.01):
        pass
    order = wire_checks.AckRequest(actor="op1", reason="on tape", request_id="r1")
    for _ in range(2):
        await desk.acknowledge("backups", order)
    ack = row(await client.checks(), "backups").ack
    assert ack is not None
    assert (ack.actor, ack.reason) == ("op1", "on tape")
    told = [(one.who, one.text) for one in (await client.events()).events]
    assert told.count(("op1", "backups taken on: on tape")) == 1


async def test_a_reason_of_somebody_who_does_not_steer_is_refused(client: Client) -> None:
    await client.note("windows", "Sunday", actor="op1")
    with pytest.raises(LeaseHeld):
        await client.note("windows", "Monday", actor="op2")
    note = row(await client.checks(), "windows").note
    assert note is not None
    assert note.text == "Sunday"


async def test_i9_a_reason_holds_no_secret_and_no_control_characters(client: Client) -> None:
    await client.note("windows", "ask op1, password=hunter22\x1b[2J", actor="op1")
    note = row(await client.checks(), "windows").note
    assert note is not None
    assert "hunter22" not in note.text
    assert "\x1b" not in note.text


@pytest.mark.parametrize("check", ["a/b", "..", "%2e", "no such", "é"])
async def test_an_odd_name_is_no_check(client: Client, check: str) -> None:
    with pytest.raises(BadInput):
        await client.acknowledge(check, "because", actor="op1")


async def test_what_is_no_warning_is_refused_with_412(client: Client) -> None:
    with pytest.raises(Refused, match="only a warning"):
        await client.acknowledge("host", "because", actor="op1")
    assert isinstance(await client.snapshot(), wire.Snapshot)
