"""What an engine finds, and what another has done meanwhile: no run on a world that was not shown.

The world is a stand-in, the gates are left open: test_gates.py has them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.config.schema import DirTarget, PosixSource, Workspace
from core.config.workspace import FILE_NAME, write
from core.cutover.cutover_plan import Kind
from core.cutover.machine import Step
from core.cutover.mode import Mode
from core.cutover.states import State
from core.errors import Refused
from core.ledger.rows import EventDraft
from core.model import ENDED, JobKind, JobState
from tests.integration.cutting.opened import opened
from tests.integration.cutting.scene import Scene, modes, plan_of, until
from tests.integration.engine.ground import make_ground

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from core.cutover.cutover_plan import CutoverPlan
    from core.engine.engine import Engine
    from core.ledger.rows import JobRow
    from tests.integration.engine.ground import Ground

OTHER = "0a1b2c3d-98"
"""A run that is not the one under test."""


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The world of every engine of a test, as if it were configured."""
    made = Scene()
    monkeypatch.setattr("core.engine.cutting.outside.Outside", lambda *_: made)
    return made


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    made = make_ground(tmp_path, objects=1, buckets=1)
    made.workspace.mkdir()
    write(
        made.workspace / FILE_NAME,
        Workspace(
            id="0a1b2c3d",
            source=PosixSource(path=made.source),
            target=DirTarget(path=made.target),
            knobs=Knobs(workers=1, freeze_budget=3600),
        ),
    )
    return made


async def test_a_fence_is_lifted_though_the_engine_before_failed_at_it(
    ground: Ground, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(ground) as engine:
        await _held(engine, scene)

    async def fails(*_: object) -> None:
        await asyncio.sleep(0)
        raise Refused(what="it stumbles", where="x", remedy="-")

    with monkeypatch.context() as broken:
        broken.setattr("core.engine.cutting.cutovers.Cutovers._settle", fails)
        async with opened(ground) as engine:
            await _ended(engine)
    assert modes(scene) == {Mode.BLUE_RO}
    async with opened(ground) as engine:
        await _ended(engine)
        assert modes(scene) == {Mode.BLUE}


async def test_a_fence_that_a_job_of_the_copy_stands_beside_is_lifted_first(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        job = await _stored(engine, JobKind.SYNC)
        await engine.ledger.job_state(job, JobState.PAUSED, reason="paused by ann")
        await _held(engine, scene)
    async with opened(ground) as engine:
        await _ended(engine)
        assert modes(scene) == {Mode.BLUE}
        assert (await _row(engine, job)).state in ENDED


async def test_i8_a_run_that_had_not_begun_is_not_begun_by_the_next_engine(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:
        plan = await engine.cutovers.plans.compose(Kind.CUTOVER, "all")
        job = await _stored(engine, JobKind.CUTOVER, plan.stored())
    async with opened(ground) as engine:
        await _ended(engine)
        row = await _row(engine, job)
        assert row.state is JobState.FAILED
        assert "ended before the run began: nothing was switched" in row.result
        assert all(lb.told == [] for lb in scene.lbs)
        assert not await engine.ledger.cutovers.newest()


async def test_i8_a_slice_that_another_switched_since_the_confirmation_is_left_alone(
    ground: Ground, scene: Scene
) -> None:
    async with opened(ground) as engine:

        async def switched() -> None:
            await _flipped(engine)

        _behind_confirmation(engine, switched)
        row = await _run(engine, Kind.CUTOVER)
        assert row.state is JobState.FAILED
        assert "slice all is GREEN_LIVE" in row.result
        assert all(lb.told == [] for lb in scene.lbs)
        newest = await engine.ledger.cutovers.newest()
        assert [(one.run, one.state) for one in newest] == [(OTHER, "GREEN_LIVE")]


async def test_i8_what_went_back_since_the_confirmation_is_not_committed(
    ground: Ground, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.engine.cutting.cutovers._require_watched", lambda *_: None)
    assert scene.lbs
    async with opened(ground) as engine:
        await _flipped(engine)

        async def back() -> None:
            book = engine.cutovers._book(OTHER, "all", "ann", 98)  # noqa: SLF001 - an engine's rows
            await book.undone(State.SWITCH_BACK, Step.T_FLIP, "back")
            await book.done(State.CATCHUP, Step.ENTER, {})

        _behind_confirmation(engine, back)
        row = await _run(engine, Kind.COMMIT)
        assert row.state is JobState.FAILED
        assert "only one that is GREEN_LIVE is committed" in row.result
        assert (await engine.ledger.cutovers.newest())[0].state == "CATCHUP"
        assert not (await engine.ledger.greenlog.stand()).buckets


def _behind_confirmation(engine: Engine, then: Callable[[], Awaitable[None]]) -> None:
    """Let something happen between a confirmation and the job that it is of."""
    ask = engine.cutovers.plans.confirmed

    async def meanwhile(kind: Kind, slice_: str, confirmed: str) -> CutoverPlan:
        plan = await ask(kind, slice_, confirmed)
        await then()
        return plan

    engine.cutovers.plans.confirmed = meanwhile  # type: ignore[method-assign]


async def _run(engine: Engine, act: Kind) -> JobRow:
    plan = await engine.cutovers.plans.compose(act, "all")
    args = {"act": act.value, "plan": plan.hash}
    job = await engine.start_job(JobKind.CUTOVER, args, "ann", "start")
    await engine.wait(job)
    return await _row(engine, job)


async def _flipped(engine: Engine) -> None:
    """Let another run have brought everything to green."""
    book = engine.cutovers._book(OTHER, "all", "ann", 98)  # noqa: SLF001 - an engine's rows
    await book.plan(plan_of().stored(), {"kind": "cutover"})
    await book.done(State.SWITCH_WRITES, Step.T_FLIP, {})
    await book.intent(State.GREEN_LIVE, Step.WATCH, {})


async def _held(engine: Engine, scene: Scene) -> None:
    """Let writes be held back with no job behind it, as a killed engine leaves them."""
    book = engine.cutovers._book(OTHER, "all", "ann", 98)  # noqa: SLF001 - an engine's rows
    await book.plan(plan_of().stored(), {"kind": "cutover"})
    await book.intent(State.FENCE, Step.BLUE_RO, {"deadline_ns": 1})
    for lb in scene.lbs:
        lb.mode = Mode.BLUE_RO
    scene.held = True


async def _stored(engine: Engine, kind: JobKind, plan: bytes | None = None) -> int:
    """Store a job that nobody begins, as an engine does that ends right then."""
    draft = EventDraft(kind="job", text="asked for", actor="ann")
    return await engine.ledger.add_job(kind, {}, "ann", f"of {kind}", draft, plan=plan)


async def _ended(engine: Engine) -> None:
    """Return once no cutover is at work any more."""

    async def ended() -> bool:
        await asyncio.sleep(0)
        return engine.jobs.running(JobKind.CUTOVER) is None

    async with asyncio.timeout(20):
        await until(ended)


async def _row(engine: Engine, job: int) -> JobRow:
    row = await engine.ledger.job(job)
    assert row is not None
    return row
