"""Cutovers as jobs of an engine: real rounds and proofs, slices, aborts, and what engines leave.

The world is a stand-in, and the gates are left open: test_gates.py has them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import Cutover, DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.cutover.cutover_plan import Kind, Strategy
from core.cutover.machine import Step
from core.cutover.mode import Mode, Side
from core.cutover.rollback_plan import BackWish
from core.cutover.states import State
from core.engine.cutting import final_round
from core.engine.cutting.final_round import last_round
from core.engine.cutting.looking import look
from core.engine.reins import Reins
from core.errors import BadInput, Refused, WrongState
from core.model import JobKind, JobState
from tests.integration.cutting.opened import opened
from tests.integration.cutting.scene import Scene, modes, plan_of, until
from tests.integration.engine.ground import make_ground, migrate

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.copying.errand import Errand
    from core.engine.engine import Engine
    from core.ledger.rows import JobRow
    from tests.integration.engine.ground import Ground

SLICES: dict[str, tuple[str, ...]] = {"first": ("bucket0",), "second": ("bucket1",)}


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The world of every engine of a test, as if it were configured."""
    made = Scene()
    monkeypatch.setattr("core.engine.cutting.outside.Outside", lambda *_: made)
    # real walkers and proofs on a crowded host: how long a fence may last is test_driver's matter
    monkeypatch.setattr("core.cutover.limits.LEAST_PAUSE_S", 600.0)
    return made


def _ground(folder: Path, slices: dict[str, tuple[str, ...]], buckets: int = 2) -> Ground:
    made = make_ground(folder, objects=5, buckets=buckets)
    made.workspace.mkdir()
    write(
        made.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=made.source),
            target=DirTarget(path=made.target),
            knobs=Knobs(workers=1, freeze_budget=3600),
            cutover=Cutover(slices=slices),
        ),
    )
    return made


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return _ground(tmp_path, {})


async def test_the_last_round_brings_what_was_written_and_deleted_before_the_fence(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await migrate(engine)
        ground.put("bucket0", "new", b"new")

        async def written() -> None:
            ground.put("bucket1", "newer", b"put behind the round before the fence")
            await asyncio.sleep(0)

        scene.hooks["fence"] = written
        (ground.source / "bucket0" / "d1/k0001").unlink()
        row = await _end(engine, await _start(engine))
        assert row.state is JobState.DONE, row.result
        rounds = await engine.ledger.rounds.rounds(2, row.id)
        assert (rounds[1].kind, rounds[1].found.added, rounds[1].found.deleted) == ("full", 1, 1)
        assert (rounds[0].kind, rounds[0].found.added, rounds[0].found.deleted) == ("last", 1, 0)
        proof = await engine.ledger.proof(row.id)
        assert proof is not None
        assert proof.state == "done"
        assert modes(scene) == {Mode.GREEN}


async def test_under_the_fence_no_window_holds_up_what_clients_wait_for(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await migrate(engine)
        ground.put("bucket0", "new", b"put before the fence")

        async def written() -> None:
            ground.put("bucket1", "newer", b"put behind the round before it")
            await asyncio.sleep(0)

        scene.hooks["fence"] = written
        now_min = (engine.started_ns // 60_000_000_000) % 1440
        opens, closes = (now_min + 120) % 1440, (now_min + 180) % 1440
        text = f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"
        await engine.set_knobs({"windows": text, "bandwidth": "64KiB/s"}, "ann")
        row = await _end(engine, await _start(engine))
        assert row.state is JobState.DONE, row.result
        assert modes(scene) == {Mode.GREEN}


async def test_a_big_bang_copies_under_the_fence_and_proves_it_there(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        job = await engine.start_job(JobKind.PLAN, {"strategy": "big-bang"}, "ann", "plan")
        await engine.wait(job)
        ground.put("bucket0", "late", b"put after the plan")
        assert (await engine.ledger.counters()).migrated == 0
        plan = await engine.cutovers.plans.compose(Kind.CUTOVER, "all")
        assert plan.strategy is Strategy.BIG_BANG
        assert any("FINAL: everything copied" in line for line in plan.steps)
        row = await _end(engine, await _start(engine))
        assert row.state is JobState.DONE, row.result
        assert modes(scene) == {Mode.GREEN}
        assert (await engine.ledger.counters()).migrated == len(ground.bodies)
        proof = await engine.ledger.proof(row.id)
        assert proof is not None
        assert proof.state == "done"


async def test_a_target_that_lost_a_row_is_found_under_the_fence_and_blue_writes_on(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await migrate(engine)
        (next(ground.target.glob("**/*.car"))).unlink()
        row = await _end(engine, await _start(engine))
        assert row.state is JobState.FAILED
        assert "the last verification did not come about" in row.result
        assert modes(scene) == {Mode.BLUE}
        assert not scene.held


async def test_an_abort_gives_writes_back_and_is_refused_once_green_may_write(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await migrate(engine)
        entered = asyncio.Event()

        async def wait() -> None:
            entered.set()
            await asyncio.Event().wait()

        scene.hooks["canary"] = wait
        job = await _start(engine)
        await entered.wait()
        assert scene.held
        engine.jobs._grace_s = 0.1  # noqa: SLF001 - what hangs here never ends by itself
        assert await engine.cutovers.abort("all", "bob") == job
        row = await _end(engine, job)
        assert row.state is JobState.CANCELLED
        assert modes(scene) == {Mode.BLUE}
        assert scene.writer is Side.BLUE

        scene.hooks.clear()
        await _end(engine, await _start(engine, request="again"))
        assert modes(scene) == {Mode.GREEN}
        with pytest.raises(WrongState, match="nothing of slice all is held back"):
            await engine.cutovers.abort("all", "bob")


async def test_a_slice_goes_by_itself_and_the_other_is_synced_on(
    tmp_path: Path, scene: Scene
) -> None:
    async with opened(_ground(tmp_path, SLICES)) as engine:
        await migrate(engine)
        row = await _end(engine, await _start(engine, slice_="first"))
        assert row.state is JobState.DONE, row.result
        proof = await engine.ledger.proof(row.id)
        assert proof is not None
        assert proof.args["bucket"] == "bucket0"
        seen = {one.name: one.state for one in (await look(engine, "second")).slices}
        assert seen["first"] is State.GREEN_LIVE
        assert seen["second"] is not State.GREEN_LIVE
        await engine.cutovers.require_blue(JobKind.SYNC)
        with pytest.raises(WrongState, match="slice first is at green"):
            await _start(engine, request="all of it")
        for lb in scene.lbs:  # the other slice's lines are at blue
            lb.mode = Mode.BLUE
        scene.held = False
        row = await _end(engine, await _start(engine, slice_="second", request="second"))
        assert row.state is JobState.DONE, row.result
        flips = [one.slice for one in await engine.ledger.cutovers.flips()]
        assert flips == ["first", "second"]
        with pytest.raises(Refused, match="green is live"):
            await engine.start_job(JobKind.SYNC, {}, "ann", "late")


async def test_everything_is_not_cut_over_at_once_while_slices_are_named(
    tmp_path: Path, scene: Scene
) -> None:
    async with opened(_ground(tmp_path, SLICES)) as engine:
        await migrate(engine)
        for act in (Kind.CUTOVER, Kind.REHEARSE):
            with pytest.raises(WrongState, match="each goes by itself, first, second"):
                await engine.cutovers.require_state(act, "all")
        with pytest.raises(WrongState, match="each goes by itself"):
            await _start(engine)
        seen = await look(engine)
        assert "vgwm.yaml names slices" in seen.off.start[0]
        assert [one.name for one in seen.slices] == ["first", "second"]
        with pytest.raises(BadInput, match="no slice rest; no bucket is left for it"):
            await _start(engine, slice_="rest")
        assert all(lb.told == [] for lb in scene.lbs)


async def test_the_rest_is_what_no_slice_names_and_stays_what_was_switched(
    tmp_path: Path, scene: Scene
) -> None:
    async with opened(_ground(tmp_path, {"first": ("bucket0",)}, buckets=3)) as engine:
        await migrate(engine)
        row = await _end(engine, await _start(engine, slice_="rest"))
        assert row.state is JobState.DONE, row.result
        proof = await engine.ledger.proof(row.id)
        assert proof is not None
        assert proof.args["bucket"] == "bucket1,bucket2"
        assert modes(scene) == {Mode.GREEN}
        await engine.ledger.add_buckets([(b"later", "{}")])
        seen = {one.name: (one.state, one.buckets) for one in (await look(engine)).slices}
        assert seen["rest"] == (State.GREEN_LIVE, ("bucket1", "bucket2"))
        assert seen["first"][1] == ("bucket0",)
        back = await engine.rollbacks.plan(BackWish(slice="rest"))
        assert back.facts.buckets == ("bucket1", "bucket2")
        await engine.cutovers.require_blue(JobKind.SYNC)  # first, and later, are blue's


async def test_what_clients_of_another_slice_do_does_not_fail_the_last_round_of_one(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    del scene

    async def walked(*_: object) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(final_round, "_round", walked)
    ground = _ground(tmp_path, SLICES)
    async with opened(ground) as engine:
        await migrate(engine)
        reins = Reins(id=99, kind=JobKind.CUTOVER)
        with closing(sqlite3.connect(ground.workspace / "ledger.db", timeout=60)) as ledger:
            ledger.execute(
                "UPDATE objects SET st=2 WHERE key=CAST('large.bin' AS BLOB) AND"
                " bid=(SELECT bid FROM buckets WHERE name=CAST('bucket1' AS BLOB))"
            )
            ledger.commit()
        left = {
            buckets: await last_round(engine.premises, reins, _nothing, buckets)
            for buckets in (("bucket0",), ("bucket1",), ())
        }
        dirty = ["1 keys changed and are not carried"]
        assert left == {("bucket0",): [], ("bucket1",): dirty, (): dirty}


async def test_a_fence_that_no_job_is_behind_is_lifted_by_the_next_engine(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await migrate(engine)
        book = engine.cutovers._book("0a1b2c3d-99", "all", "ann", 99)  # noqa: SLF001 - an engine's rows
        await book.plan(plan_of().stored(), {"kind": "cutover"})
        await book.intent(State.FENCE, Step.BLUE_RO, {"deadline_ns": 1})
        for lb in scene.lbs:
            lb.mode = Mode.BLUE_RO
        scene.held = True
    async with opened(ground) as engine:

        async def blue() -> bool:
            return modes(scene) == {Mode.BLUE}

        await until(blue)
        job = engine.jobs.running(JobKind.CUTOVER)
        if job is not None:
            await engine.wait(job.id)
        rows = await engine.ledger.cutovers.of_run("0a1b2c3d-99")
        assert (rows[-1].state, rows[-1].step) == ("CATCHUP", "enter")
        assert scene.writer is Side.BLUE


async def test_an_engine_that_is_stopped_under_the_fence_leaves_blue_writing(
    ground: Ground, scene: Scene
) -> None:
    entered = asyncio.Event()

    async def wait() -> None:
        entered.set()
        await asyncio.Event().wait()

    async with opened(ground) as engine:
        await migrate(engine)
        scene.hooks["read_back"] = wait
        job = await _start(engine)
        await entered.wait()
        assert modes(scene) == {Mode.BLUE_RO}
    assert modes(scene) == {Mode.BLUE}
    assert scene.writer is Side.BLUE
    scene.hooks.clear()
    async with opened(ground) as engine:
        row = await _end(engine, job)
        assert row.state is JobState.FAILED
        assert "the engine ended in CATCHUP" in row.result


async def test_two_operators_who_press_at_once_begin_one_cutover(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        await migrate(engine)
        plan = await engine.cutovers.plans.compose(Kind.CUTOVER, "all")
        args = {"plan": plan.hash}
        both = await asyncio.gather(
            engine.start_job(JobKind.CUTOVER, args, "ann", "a"),
            engine.start_job(JobKind.CUTOVER, args, "bob", "b"),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in both) == ["WrongState", "int"]
        await _end(engine, next(one for one in both if isinstance(one, int)))
        assert [lb.told.count(Mode.GREEN) for lb in scene.lbs] == [1, 1]


async def _start(engine: Engine, slice_: str = "all", request: str = "start") -> int:
    plan = await engine.cutovers.plans.compose(Kind.CUTOVER, slice_)
    args = {"plan": plan.hash, "slice": slice_}
    return await engine.start_job(JobKind.CUTOVER, args, "ann", request)


async def _nothing(reins: Reins, errand: Errand | None = None) -> None:
    await asyncio.sleep(0)
    del reins, errand


async def _end(engine: Engine, job: int) -> JobRow:
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return row
