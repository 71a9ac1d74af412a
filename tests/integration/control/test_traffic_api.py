"""The API about traffic, over a real engine and over a ledger at rest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import Cutover, DirTarget, PosixSource, Workspace
from core.config.workspace import write
from core.control.client import Client
from core.control.crossing.job import job_of
from core.control.ledger_desk import ledger_desk
from core.control.live import EngineDesk
from core.control.server import build_app
from core.control.wire import cutover as wire_cutover
from core.control.wire import state as wire
from core.engine.engine import Engine
from core.errors import BadInput, NoPlan, Refused, WrongState
from core.ledger.cutovers import FLIP, CutoverDraft
from core.ledger.greenlog import Green, GreenOp, Stuck

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def ws(tmp_path: Path) -> Path:
    """A workspace of two buckets, one in a slice of its own; no load balancer is named."""
    for bucket in ("photos", "docs"):
        (tmp_path / "gw" / bucket).mkdir(parents=True)
        (tmp_path / "gw" / bucket / "a").write_bytes(b"a" * 100)
    folder = tmp_path / "photo-move"
    folder.mkdir()
    write(
        folder / "vgwm.yaml",
        Workspace(
            id="9f2c1a7e",
            source=PosixSource(path=tmp_path / "gw"),
            target=DirTarget(path=tmp_path / "out"),
            knobs=Knobs(workers=1),
            cutover=Cutover(slices={"pictures": ("photos",)}),
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
    desk = EngineDesk(engine)
    async with Client(build_app(desk)) as client:
        yield client
    await desk.aclose()


def wish(act: str, slice_: str = "") -> wire_cutover.CutoverRequest:
    return wire_cutover.CutoverRequest(actor="op1", act=act, slice=slice_)


async def made(client: Client, asked: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
    plan = await client.make_cutover(asked)
    while plan.state == "making":
        plan = await client.cutover_plan(plan.id)
    return plan


async def live(engine: Engine, slice_: str) -> None:
    """Let a slice stand as after its flip."""
    for state, step in (("SWITCH_WRITES", FLIP), ("GREEN_LIVE", "watch")):
        row = CutoverDraft(
            run="9f2c1a7e-9", slice=slice_, state=state, step=step, phase="done", actor="op1"
        )
        await engine.ledger.cutting.append(row)


async def test_every_slice_has_a_place_and_gates_that_nobody_asked_are_unknown(
    client: Client,
) -> None:
    now = await client.cutover("pictures")
    assert [(one.name, one.buckets) for one in now.slices] == [("pictures", ("photos",))]
    assert (now.slice, now.word) == ("pictures", "pictures")
    assert (await client.cutover()).word == "photo-move"
    gates = {gate.name: gate for gate in now.gates}
    assert gates["shadow"].verdict == "unknown"
    assert not gates["shadow"].open
    assert "gate shadow" in now.off.start
    assert [step.number for step in now.steps][-3:] == ["10", "11", "12"]
    assert [step.past_return for step in now.steps][-3:] == [False, True, True]


async def test_i7_who_may_write_is_unknown_without_a_load_balancer_that_says_so(
    client: Client,
) -> None:
    now = await client.cutover("pictures")
    assert {one.name: one.writable for one in now.slices} == {"pictures": "unknown"}


async def test_a_slice_that_is_none_is_bad_input(client: Client) -> None:
    for ask in (
        client.cutover("none"),
        client.rollback("none"),
        client.rollback("all", "sideways"),
    ):
        with pytest.raises(BadInput):
            await ask
    for asked in (wish("fly"), wish("cutover", "none"), wish("rollback", "none")):
        with pytest.raises(BadInput):
            await client.make_cutover(asked)


async def test_a_start_is_refused_with_its_gates_and_with_another_hash(client: Client) -> None:
    plan = await made(client, wish("cutover", "pictures"))
    assert (plan.hash, plan.args["plan"]) == (plan.args["plan"], plan.hash)
    assert plan.command == "vgwm cutover start --slice pictures"
    assert plan.off
    with pytest.raises(Refused) as caught:
        await client.start_job(plan.kind, plan.args, actor="op1")
    assert "gate" in caught.value.what
    with pytest.raises(Refused):
        await client.start_job(plan.kind, plan.args | {"plan": "00000000"}, actor="op1")


async def test_with_slices_named_everything_has_a_plan_that_says_why_it_cannot_begin(
    client: Client, engine: Engine
) -> None:
    await engine.ledger.add_buckets([(b"photos", "{}"), (b"docs", "{}")])
    plan = await made(client, wish("cutover"))
    assert "each goes by itself, pictures, rest" in plan.off
    with pytest.raises(WrongState, match="each goes by itself"):
        await client.start_job(plan.kind, plan.args, actor="op1")
    rest = await made(client, wish("cutover", "rest"))
    assert rest.command == "vgwm cutover start --slice rest"
    assert "each goes by itself" not in rest.off
    now = await client.cutover()
    assert [(one.name, one.buckets) for one in now.slices] == [
        ("pictures", ("photos",)),
        ("rest", ("docs",)),
    ]


async def test_an_abort_where_nothing_is_held_back_is_the_wrong_state(client: Client) -> None:
    with pytest.raises(WrongState):
        await client.start_job("cutover", {"act": "abort", "slice": "all"}, actor="op1")


async def test_a_warning_of_a_gate_is_taken_on_by_name(client: Client) -> None:
    await client.acknowledge("gate:diffs", "read them", actor="op1")
    gates = {gate.name: gate for gate in (await client.cutover()).gates}
    assert gates["diffs"].acked == "op1"
    with pytest.raises(BadInput):
        await client.acknowledge("gate:none", "why", actor="op1")


async def test_after_the_flip_the_snapshot_tells_the_state_and_the_data_at_risk(
    client: Client, engine: Engine
) -> None:
    before = await client.snapshot()
    assert (before.slices, before.risk) == ([], None)
    await live(engine, "pictures")
    now = await client.snapshot()
    assert [(one.name, one.state, one.number) for one in now.slices] == [
        ("pictures", "GREEN_LIVE", "12")
    ]
    assert now.risk is not None


async def test_a_way_back_is_planned_anew_at_each_look_and_names_its_word(
    client: Client, engine: Engine
) -> None:
    assert "green does not serve it" in (await client.rollback("pictures")).off
    await live(engine, "pictures")
    plan = await client.make_cutover(wish("rollback", "pictures"))
    now = await client.rollback("pictures")
    async with asyncio.timeout(20):
        while now.hash != plan.hash:  # what is looked at is up to a second old
            await asyncio.sleep(0.1)
            now = await client.rollback("pictures")
    assert (now.word, now.number, now.state) == ("pictures", "12", "GREEN_LIVE")
    assert [step.number for step in now.steps] == ["R1", "R2", "R3", "R4"]
    assert (plan.kind, plan.off) == ("rollback", "")
    assert plan.args == {"slice": "pictures", "way": "quick", "plan": now.hash}
    assert plan.runbook.startswith("# Back to blue")


async def test_a_rollback_takes_the_lease_over_and_says_so(client: Client) -> None:
    await client.take_lease(actor="op1")
    with pytest.raises(Refused) as caught:  # of the plan, not of the lease
        await client.start_job("rollback", {"plan": "00000000"}, actor="op3")
    assert "steers" not in caught.value.what
    events = (await client.events()).events
    assert [one.text for one in events if one.kind == "lease"] == ["took over from op1: rollback"]


async def test_without_peers_the_cluster_says_why(client: Client) -> None:
    now = await client.cluster()
    assert (now.peers, now.why) == ((), "the target is a folder: it has no peers")


async def test_a_ledger_at_rest_tells_the_same_and_that_nobody_can_begin(
    client: Client, engine: Engine, ws: Path
) -> None:
    await live(engine, "pictures")
    alive = await client.cutover("pictures")
    async with ledger_desk(ws) as rest, Client(build_app(rest)) as reader:
        now = await reader.cutover("pictures")
        plan = await reader.make_cutover(wish("cutover", "pictures"))
        back = await reader.rollback("pictures")
        assert (await reader.snapshot()).slices[0].state == "GREEN_LIVE"
        with pytest.raises(WrongState):
            await reader.cutover_plan(1)
    assert [(one.name, one.state) for one in now.slices] == [
        (one.name, one.state) for one in alive.slices
    ]
    assert now.hash == alive.hash == plan.hash
    assert "no engine runs" in now.off.start
    assert back.hash == (await client.make_cutover(wish("rollback", "pictures"))).hash


async def test_a_new_workspace_has_no_cutover(ws: Path) -> None:
    async with ledger_desk(ws) as rest, Client(build_app(rest)) as reader:
        with pytest.raises(NoPlan):
            await reader.cutover()
        snapshot: wire.Snapshot = await reader.snapshot()
        assert snapshot.slices == []


async def test_i7_a_green_that_nobody_watches_has_an_unknown_gate(
    client: Client, engine: Engine, ws: Path
) -> None:
    await live(engine, "pictures")
    async with ledger_desk(ws) as rest, Client(build_app(rest)) as reader:
        gates = (await reader.rollback("pictures")).gates
    assert [(one.name, one.verdict, one.open) for one in gates] == [("watch", "unknown", False)]
    assert (await client.rollback("all")).gates == ()


async def test_a_cutover_tells_the_forecast_of_a_freeze_and_how_far_the_target_is_behind(
    client: Client,
) -> None:
    before = await client.cutover()
    assert (before.forecast_s, before.lag_s, before.round) == (None, None, None)
    assert before.budget_s == 60.0
    for kind, args in (("plan", {}), ("copy", {}), ("sync", {"mode": "once"})):
        job = await client.start_job(kind, args, actor="op1")
        async for _ in client.follow_job(job, every_s=0.05):
            pass
    now = await client.cutover()
    told = await client.sync()
    assert now.lag_s is not None
    assert (now.round, now.forecast_s) == (told.rounds[0].id, told.forecast.freeze_s)


async def test_i8_a_plan_of_a_world_that_moved_is_refused_with_the_difference(
    client: Client,
) -> None:
    plan = await made(client, wish("cutover", "pictures"))
    await client.set_knobs({"freeze_budget": "90s"}, actor="op1")
    with pytest.raises(Refused) as caught:
        await client.start_job(plan.kind, plan.args, actor="op1")
    assert f"the world has moved since plan {plan.hash}: limits:" in caught.value.what


@pytest.mark.parametrize("act", ["cutover", "rehearse", "abort", "commit", "rollback"])
async def test_a_plans_job_is_the_one_that_a_command_begins(client: Client, act: str) -> None:
    asked = wish(act, "pictures")
    plan = await made(client, asked)
    job = job_of(asked, plan.hash)
    assert (plan.kind, plan.args) == (job.kind, job.args)


async def test_what_is_at_risk_is_named_and_counted_slice_by_slice(
    client: Client, engine: Engine, ws: Path
) -> None:
    await engine.ledger.add_buckets([(b"photos", "{}"), (b"docs", "{}")])
    photos, docs = (row.id for row in await engine.ledger.buckets())
    await live(engine, "pictures")
    await engine.ledger.green.begin([photos, docs])
    told = [
        Green(bucket, b"%d" % n, GreenOp.PUT, 5, b"cid", 10, b"d")
        for bucket in (photos, docs)
        for n in range(5)
    ]
    await engine.ledger.green.heard("triggers", told, 1, to_end=True)
    stuck = Stuck(photos, b"3", b"d", "on blue other keys lie below it", uncarriable=True)
    await engine.ledger.green.settle([], [stuck])
    async with ledger_desk(ws) as rest, Client(build_app(rest)) as reader:
        for asked in (client, reader):
            page = await asked.risk_names("at-risk", "pictures", at=3, limit=2)
            assert [one.object for one in page.rows] == ["photos/4", "photos/3"]
            assert (page.total, page.at, page.next) == (5, 3, "")
            assert [one.why for one in page.rows] == ["", "on blue other keys lie below it"]
            seen, after = [], ""
            while True:
                page = await asked.risk_names("at-risk", after=after, limit=3)
                seen += [one.object for one in page.rows]
                if not (after := page.next):
                    break
            assert len(seen) == len(set(seen)) == 10
            (cannot,) = (await asked.risk_names("cannot-carry", "pictures")).rows
            assert (cannot.object, cannot.cannot, cannot.op) == ("photos/3", True, "put")
            for wrong in (
                asked.risk_names("all"),
                asked.risk_names("at-risk", "none"),
                asked.risk_names("at-risk", after="0.1"),
            ):
                with pytest.raises(BadInput):
                    await wrong
        (short,) = (await reader.snapshot()).slices
        whole = (await reader.snapshot()).risk
        mine = (await reader.cutover("pictures")).risk
    assert whole is not None
    assert short.risk is not None
    assert mine is not None
    assert (whole.writes, short.risk.writes, mine.writes) == (10, 5, 5)
    look = await client.cutover("pictures")
    assert look.risk is not None
    assert (look.risk.writes, look.risk.uncarriable, look.strategy) == (5, 1, "rolling")


async def test_a_big_bang_says_so_and_waits_for_no_gate_of_a_copy(client: Client) -> None:
    job = await client.start_job("plan", {"strategy": "big-bang"}, actor="op1")
    async for _ in client.follow_job(job, every_s=0.05):
        pass
    now, plan = await client.cutover("pictures"), await made(client, wish("cutover", "pictures"))
    assert (now.strategy, plan.strategy) == ("big-bang", "big-bang")
    assert any("everything copied" in step.text for step in plan.steps)
    for off in (now.off.start, plan.off):
        assert off
        assert all(line.startswith("gate ") for line in off.splitlines())
        assert "gate verified" not in off


async def test_every_way_back_is_looked_at_with_the_plan_that_begins_it(
    client: Client, engine: Engine
) -> None:
    await live(engine, "pictures")
    for way, origin, to, why in (
        ("full", "", "", "no backup of the gateway's own files"),
        ("data", "/backup/gw", "/data/gw.new", "cutover.blue.restart names no command"),
    ):
        asked = wire_cutover.CutoverRequest(
            actor="op1", act="rollback", slice="pictures", way=way, origin=origin, to=to
        )
        plan = await client.make_cutover(asked)
        now = await client.rollback("pictures", way, origin=origin, to=to)
        async with asyncio.timeout(20):
            while now.hash != plan.hash:  # what is looked at is up to a second old
                await asyncio.sleep(0.1)
                now = await client.rollback("pictures", way, origin=origin, to=to)
        assert (now.way, plan.way) == (way, way)
        assert why in now.off or "one slice cannot have a tree of its own" in now.off
        assert f"--{way}" in plan.command
    for wrong in ({"origin": "gw", "to": "/new"}, {"origin": "/gw"}, {}):
        with pytest.raises(BadInput):
            await client.rollback("pictures", "data", **wrong)
    with pytest.raises(BadInput):
        await client.rollback("pictures", "quick", origin="/gw", to="/new")
