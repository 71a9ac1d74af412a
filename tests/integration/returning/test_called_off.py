"""A way back that is called off gives writes to one side, however it is broken off (I10)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.cutover.machine import Step
from core.cutover.mode import Mode
from core.cutover.states import Phase, State
from core.engine.reins import JobCancelled, Reins
from core.engine.returning import fencing_green
from core.engine.returning.back_run import BackRun
from core.errors import NoAnswer, Refused
from core.ledger.cutovers import CutoverDraft
from core.model import JobKind, JobState
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate
from tests.integration.returning.ground import World, until
from tests.unit.cutover.wobbly import Whim

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 20
SILENT = NoAnswer(what="Kubo is silent", where="-", remedy="-")


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fencing_green, "OPEN_S", 5.0)


@pytest.fixture
def reins() -> Reins:
    return Reins(id=1, kind=JobKind.ROLLBACK)


def _hang(world: World, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let R2 hang where no checkpoint is; tell when it does."""
    hangs = asyncio.Event()

    async def finish(reins: Reins) -> None:
        del reins
        hangs.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(world.copy, "finish", finish)
    return hangs


async def test_one_that_has_to_be_broken_off_opens_green(
    world: World, reins: Reins, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = _hang(world, monkeypatch)
    work = asyncio.create_task(world.back(reins=reins))
    await asyncio.wait_for(hangs.wait(), LIMIT_S)
    reins.cancel("called off")
    work.cancel()  # as a job's grace ends
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(work, LIMIT_S)
    assert {one.mode for one in world.balancers} == {Mode.GREEN}
    assert await world.state() == State.GREEN_LIVE


async def test_the_end_of_the_engine_leaves_the_fence_to_the_next_one(
    world: World, reins: Reins, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = _hang(world, monkeypatch)
    work = asyncio.create_task(world.back(reins=reins))
    await asyncio.wait_for(hangs.wait(), LIMIT_S)
    reins.leaving = True
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(work, LIMIT_S)
    assert {one.mode for one in world.balancers} == {Mode.GREEN_RO}


async def test_a_load_balancer_that_is_silent_when_green_is_opened_is_told_once_it_wakes(
    world: World, reins: Reins
) -> None:
    silent = world.balancers[1]
    silent.whims = [Whim.DO, Whim.HANG]
    world.copy.errors = [SILENT] * 1_000
    work = asyncio.create_task(world.back(reins=reins))
    await until(lambda: world.green.proofs > 0)
    reins.cancel("called off")
    await until(lambda: silent.told[-1:] == [Mode.GREEN])
    work.cancel()  # whoever has no patience changes nothing
    silent.wake()
    with pytest.raises(JobCancelled):
        await asyncio.wait_for(work, LIMIT_S)
    assert {one.mode for one in world.balancers} == {Mode.GREEN}


async def test_who_is_not_open_again_is_named_where_the_slice_is_said_to_be_live(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing_green, "OPEN_S", 0.2)
    world.balancers[1].whims = [Whim.DO, Whim.HANG]
    world.copy.cannot = frozenset({b"a"})
    await world.accepted(b"a")
    with pytest.raises(Refused, match="green is open again, but for lb-2"):
        await world.back()
    rows = await world.ledger.cutovers.newest()
    assert (rows[0].state, "lb-2" in rows[0].data) == (State.GREEN_LIVE, True)


async def test_r4_is_not_called_off(world: World, reins: Reins) -> None:
    silent = world.balancers[1]
    silent.whims = [Whim.DO, Whim.DO, Whim.LATE]
    work = asyncio.create_task(world.back(reins=reins))
    await until(lambda: silent.told[-1:] == [Mode.BLUE])
    reins.cancel("called off")
    work.cancel()
    await asyncio.sleep(0)
    silent.wake()
    await asyncio.wait_for(work, LIMIT_S)
    assert {one.mode for one in world.balancers} == {Mode.BLUE}
    assert await world.state() == State.CATCHUP


@pytest.mark.parametrize("behind", [False, True], ids=["before R4", "in R4"])
async def test_one_that_nobody_drives_comes_to_one_side(
    world: World, reins: Reins, monkeypatch: pytest.MonkeyPatch, *, behind: bool
) -> None:
    await world.accepted(b"a")
    facts = await world.facts()
    hangs = asyncio.Event()

    async def hang(*_: object) -> list[object]:
        hangs.set()
        await asyncio.Event().wait()
        return []

    with monkeypatch.context() as patch:
        at: object = world.blue if behind else world.copy
        patch.setattr(at, "canary" if behind else "finish", hang)
        work = asyncio.create_task(world.back(facts, reins))
        await asyncio.wait_for(hangs.wait(), LIMIT_S)
        reins.leaving = True
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(work, LIMIT_S)
    found = await world.ground(facts)
    (row,) = await world.ledger.cutovers.newest()
    found.diary.run = row.run
    await BackRun(found, Reins(id=2, kind=JobKind.ROLLBACK)).rescue()
    side = Mode.BLUE if behind else Mode.GREEN
    assert {one.mode for one in world.balancers} == {side}
    assert await world.state() == (State.CATCHUP if behind else State.GREEN_LIVE)


async def test_an_engine_looks_for_them_when_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fencing_green, "OPEN_S", 0.0)
    ground = make_ground(tmp_path, objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    async with engine_on(ground) as engine:
        await migrate(engine)
        made = await World.over(engine, tmp_path)
        await made.flip()
        await engine.ledger.cutting.append(
            CutoverDraft(
                run="0a1b2c3d-20",
                slice="all",
                state=State.FENCE_GREEN,
                step=Step.DRAIN,
                phase=Phase.DONE,
                actor="tester",
                plan=(await made.facts()).text.encode(),
            )
        )
    async with engine_on(ground) as engine:
        (job,) = [one for one in await engine.ledger.jobs() if one.kind is JobKind.ROLLBACK]
        await engine.wait(job.id)
        ended = await engine.ledger.job(job.id)
        assert ended is not None
        assert ended.state is JobState.DONE, ended.result
        (row,) = await engine.ledger.cutovers.newest()
        assert row.state == State.GREEN_LIVE
