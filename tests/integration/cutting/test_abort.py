"""An abort gives back what it names, as it was confirmed, and each slice stands where it stands."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import Cutover, DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.cutover.cutover_plan import Kind
from core.cutover.gate import Gate
from core.cutover.mode import Mode
from core.cutover.states import State
from core.engine.cutting.looking import look
from core.errors import Refused, WrongState
from core.model import JobKind, JobState
from core.verdict import Verdict
from tests.integration.cutting.scene import Scene, modes
from tests.integration.engine.ground import engine_on, make_ground, migrate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from core.engine.cutting.look import SliceLook
    from core.engine.engine import Engine


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The world of every engine of a test, as if it were configured."""
    made = Scene()
    monkeypatch.setattr("core.engine.cutting.outside.Outside", lambda *_: made)
    return made


@pytest.fixture
async def engine(tmp_path: Path, scene: Scene) -> AsyncIterator[Engine]:
    """One whose gates are open; it depends on the scene."""
    assert scene.lbs
    ground = make_ground(tmp_path, objects=3, buckets=2)
    ground.workspace.mkdir()
    write(
        ground.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=ground.source),
            target=DirTarget(path=ground.target),
            knobs=Knobs(workers=1, freeze_budget=3600),
            cutover=Cutover(slices={"first": ("bucket0",), "second": ("bucket1",)}),
        ),
    )
    async with engine_on(ground) as opened:

        async def open_gates(plan: object) -> None:
            await asyncio.sleep(0)
            del plan

        opened.cutovers.plans.require = open_gates  # type: ignore[method-assign]
        await migrate(opened)
        yield opened


@asynccontextmanager
async def held(engine: Engine, scene: Scene) -> AsyncIterator[int]:
    """Yield the job that holds the writes of the slice `first` back, and stays there."""
    entered = asyncio.Event()

    async def wait() -> None:
        entered.set()
        await asyncio.Event().wait()

    scene.hooks["canary"] = wait
    engine.jobs._grace_s = 0.1  # noqa: SLF001 - what hangs here never ends by itself
    plan = await engine.cutovers.plans.compose(Kind.CUTOVER, "first")
    args = {"plan": plan.hash, "slice": "first"}
    job = await engine.start_job(JobKind.CUTOVER, args, "ann", "start")
    async with asyncio.timeout(30):
        await entered.wait()
    yield job


async def _seen(engine: Engine, asked: str) -> dict[str, SliceLook]:
    return {one.name: one for one in (await look(engine, asked)).slices}


async def test_an_abort_of_another_slice_leaves_the_one_at_work_alone(
    engine: Engine, scene: Scene
) -> None:
    async with held(engine, scene) as job:
        with pytest.raises(WrongState, match="nothing of slice second is held back"):
            await engine.cutovers.abort("second", "bob")
        assert modes(scene) == {Mode.GREEN_RO}
        assert (await look(engine, "second")).off.abort
        assert await engine.cutovers.abort("first", "bob") == job
        await engine.wait(job)
        assert modes(scene) == {Mode.BLUE}


async def test_i8_the_engine_holds_an_abort_to_the_plan_that_was_shown(
    engine: Engine, scene: Scene
) -> None:
    async with held(engine, scene) as job:
        shown = await engine.cutovers.plans.compose(Kind.ABORT, "first")
        with pytest.raises(Refused, match=f"as it is now, {shown.hash}; nothing was done"):
            await engine.cutovers.abort("first", "bob", plan="ffffffff")
        assert modes(scene) == {Mode.GREEN_RO}
        # what is taken on meanwhile does not stand in the way of giving writes back
        await engine.cutovers.acknowledge("diffs", "read", "bob")
        assert await engine.cutovers.abort("first", "bob", plan=shown.hash) == job
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state is JobState.CANCELLED


async def test_a_slice_shows_its_own_job_its_own_gates_and_how_its_last_run_left_it(
    engine: Engine, scene: Scene
) -> None:
    async def known(slices: Sequence[Sequence[str]]) -> list[list[Gate]]:
        await asyncio.sleep(0)
        shut = Gate(
            name="preflight",
            verdict=Verdict.FAIL,
            evidence="-",
            at_ns=time.time_ns(),
            limit_s=600,
        )
        return [[] if "bucket0" in buckets else [shut] for buckets in slices]

    engine.cutovers.gathering.known = known  # type: ignore[method-assign]
    before = await _seen(engine, "second")
    assert (before["first"].state, before["second"].state) == (State.READY, State.PLANNED)
    async with held(engine, scene) as job:
        now = await _seen(engine, "second")
        assert (now["first"].job, now["first"].state) == (job, State.SWITCH_READS)
        assert (now["second"].job, now["second"].state) == (0, State.PLANNED)
        await engine.cutovers.abort("first", "bob")
        await engine.wait(job)
    behind = await _seen(engine, "second")
    assert (behind["first"].job, behind["first"].state) == (0, State.READY)
    assert behind["first"].why
    assert not behind["second"].why
