"""Acts over a real ledger: the lease, repeats, and engines that were started again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.config.knobs import Knobs
from core.control.client import Client, job_of
from core.control.live import EngineDesk
from core.control.server import build_app
from core.control.wire import state as wire
from core.engine.engine import Engine
from core.errors import BadInput, EngineDown, LeaseHeld, Refused
from core.model import JobState
from tests.integration.control.answering import answering
from tests.integration.engine.ground import make_ground, make_workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    ground = make_ground(tmp_path, objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=0))
    return ground.workspace


@asynccontextmanager
async def desk_on(ws: Path) -> AsyncIterator[EngineDesk]:
    engine = await Engine.open(ws)
    try:
        yield EngineDesk(engine)
    finally:
        await engine.close()


async def texts(desk: EngineDesk, kind: str) -> list[tuple[str, str]]:
    events = (await desk.events(0, 1_000)).events
    return [(event.who, event.text) for event in events if event.kind == kind]


def workers(count: int, **more: object) -> wire.KnobRequest:
    order = wire.KnobRequest(values={"workers": str(count)}, actor="op1", request_id="r1")
    return msgspec.structs.replace(order, **more)


async def test_the_first_act_takes_the_lease_and_the_snapshot_names_its_holder(ws: Path) -> None:
    async with desk_on(ws) as desk, Client(build_app(desk)) as client:
        assert (await client.snapshot()).lease is None
        await client.set_knobs({"workers": "0"}, actor="op1")
        lease = (await client.snapshot()).lease
    assert lease is not None
    assert lease.holder == "op1"


async def test_an_act_of_another_is_refused_and_does_nothing(ws: Path) -> None:
    async with desk_on(ws) as desk, Client(build_app(desk)) as client:
        await client.set_knobs({"workers": "0"}, actor="op1")
        acts = (
            client.set_knobs({"workers": "3"}, actor="op2"),
            client.start_job("plan", {}, actor="op2"),
            client.pause(1, actor="op2"),
            client.stop_engine(actor="op2"),
            client.take_lease(actor="op2"),
        )
        for act in acts:
            with pytest.raises(LeaseHeld, match="op1"):
                await act
        now = await client.snapshot()
        assert not desk.ending.is_set()
    assert now.jobs == []
    assert [knob.value for knob in now.knobs if knob.name == "workers"] == ["0"]


async def test_a_takeover_says_who_from_whom_and_why(ws: Path) -> None:
    async with desk_on(ws) as desk:
        async with Client(build_app(desk)) as first:
            await first.set_knobs({"workers": "0"}, actor="op1")
        async with Client(build_app(desk), takeover="op1 is asleep") as second:
            await second.set_knobs({"workers": "3"}, actor="op2")
            lease = (await second.snapshot()).lease
        assert lease is not None
        assert lease.holder == "op2"
        assert await texts(desk, "lease") == [("op2", "took over from op1: op1 is asleep")]


async def test_a_reason_where_nobody_else_steers_is_no_takeover(ws: Path) -> None:
    async with desk_on(ws) as desk, Client(build_app(desk), takeover="in case") as client:
        await client.set_knobs({"workers": "0"}, actor="op1")
        await client.set_knobs({"workers": "1"}, actor="op1")
        assert await texts(desk, "lease") == []


async def test_an_act_that_comes_to_nothing_locks_nobody_out(ws: Path) -> None:
    async with desk_on(ws) as desk, Client(build_app(desk)) as client:
        with pytest.raises(BadInput):
            await client.set_knobs({"workers": "many"}, actor="op1")
        assert (await client.snapshot()).lease is None
        await client.take_lease(actor="op2")
        with pytest.raises(BadInput):
            await client.set_knobs({"workers": "many"}, actor="op2")
        lease = (await client.snapshot()).lease
    assert lease is not None
    assert lease.holder == "op2"


async def test_looks_of_a_client_that_acted_keep_its_lease(
    ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_on(ws) as desk, Client(build_app(desk)) as client:
        heard: list[str] = []
        monkeypatch.setattr(desk, "hear", heard.append)
        await client.snapshot()
        await client.take_lease(actor="öp 1")
        await client.snapshot()
    assert heard == ["öp 1"]


async def test_another_epoch_is_refused_with_both_and_nothing_is_done(ws: Path) -> None:
    async with desk_on(ws):
        pass
    async with desk_on(ws) as desk:
        with pytest.raises(Refused, match=r"epoch 2, not 1") as caught:
            await desk.set_knobs(workers(3, expected_epoch=1))
        assert caught.value.exit_code == 5
        assert await texts(desk, "knobs") == []
        assert (await desk.snapshot()).lease is None


async def test_a_repeated_command_is_done_once(ws: Path) -> None:
    async with desk_on(ws) as desk:
        await desk.set_knobs(workers(3))
        await desk.set_knobs(workers(4, request_id="r2"))
        await desk.set_knobs(workers(3))
        assert [text for _, text in await texts(desk, "knobs")] == [
            "set workers 0 -> 3",
            "set workers 3 -> 4",
        ]


async def test_a_repeat_is_answered_across_a_restart_although_epoch_and_holder_are_others(
    ws: Path,
) -> None:
    asked = wire.JobRequest(kind="copy", actor="op1", request_id="j1", expected_epoch=1)
    paused = wire.Act(actor="op1", request_id="p1", expected_epoch=1)
    async with desk_on(ws) as desk:
        await desk.start_job(wire.JobRequest(kind="plan", actor="op1", request_id="plan"))
        job = await desk.start_job(asked)
        await desk.act(job, "pause", paused)
        await desk.set_knobs(workers(3, expected_epoch=1))
    async with desk_on(ws) as desk:
        await desk.take_lease(wire.Command(actor="op2"))
        await desk.act(job, "resume", wire.Act(actor="op2", request_id="p2"))
        assert await desk.start_job(asked) == job
        await desk.act(job, "pause", paused)
        await desk.set_knobs(workers(3, expected_epoch=1))
        now = await desk.snapshot()
    found = job_of(now, job)
    assert found is not None
    assert found.state == JobState.RUNNING
    assert len([one for one in now.jobs if one.kind == "copy"]) == 1


async def test_a_repeated_stop_does_not_end_the_next_engine(ws: Path) -> None:
    stop = wire.Act(actor="op1", request_id="s1")
    async with desk_on(ws) as desk:
        await desk.stop(stop)
        assert desk.ending.is_set()
    async with desk_on(ws) as desk:
        await desk.stop(stop)
        assert not desk.ending.is_set()


async def test_one_id_for_two_commands_is_bad_input(ws: Path) -> None:
    async with desk_on(ws) as desk:
        await desk.set_knobs(workers(3))
        with pytest.raises(BadInput, match="r1"):
            await desk.set_knobs(workers(4))


@pytest.mark.parametrize("member", ["actor", "request_id", "takeover"])
async def test_words_that_would_swell_the_ledger_are_bad_input(ws: Path, member: str) -> None:
    async with desk_on(ws) as desk:
        with pytest.raises(BadInput, match=member):
            await desk.set_knobs(workers(3, **{member: "x" * 501}))
        assert await texts(desk, "knobs") == []


async def test_a_refused_command_may_be_repeated_and_is_then_obeyed(ws: Path) -> None:
    async with desk_on(ws) as desk:
        await desk.take_lease(wire.Command(actor="op2"))
        with pytest.raises(LeaseHeld):
            await desk.set_knobs(workers(3))
        await desk.set_knobs(workers(3, takeover="agreed by phone"))
        assert [text for _, text in await texts(desk, "knobs")] == ["set workers 0 -> 3"]


async def test_what_is_remembered_is_bounded(ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ledger.requests.KEPT", 3)
    async with desk_on(ws) as desk:
        for count in range(1, 6):
            await desk.set_knobs(workers(count, request_id=f"r{count}"))
        kept = [await desk._engine.ledger.obeyed(f"r{count}") for count in range(1, 6)]  # noqa: SLF001 - no API lists them
    assert [one is not None for one in kept] == [False, False, True, True, True]


async def test_a_command_whose_answer_was_lost_is_asked_again_and_done_once(
    ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await Engine.open(ws)
    try:
        async with answering(engine), Client(ws) as client:
            await client.snapshot()
            call, lost = client._call, 0  # noqa: SLF001 - the answer is lost behind the engine

            async def lose_first(*words: str, **more: object) -> httpx.Response:
                nonlocal lost
                answer = await call(*words, **more)  # type: ignore[arg-type] # as it was called
                if lost < 2:
                    lost += 1
                    raise EngineDown(what="broke off", where="", remedy="")
                return answer

            monkeypatch.setattr(client, "_call", lose_first)
            await client.set_knobs({"workers": "3"}, actor="op1")
            told = [event for event in (await client.events()).events if event.kind == "knobs"]
    finally:
        await engine.close()
    assert lost == 2
    assert [event.text for event in told] == ["set workers 0 -> 3"]


async def test_a_command_for_an_engine_that_ended_well_is_not_waited_with(
    ws: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.control.client.BACK_S", 3_600.0)
    engine = await Engine.open(ws)
    try:
        async with Client(ws) as client:
            async with answering(engine):
                await client.snapshot()
            async with asyncio.timeout(60):
                with pytest.raises(EngineDown):
                    await client.set_knobs({"workers": "3"}, actor="op1")
    finally:
        await engine.close()
