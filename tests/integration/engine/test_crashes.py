"""What a crash leaves to the next engine; and workers that are killed from outside."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.ledger import backup
from core.ledger.ledger import Ledger
from core.ledger.mark import Mark
from core.model import JobKind, JobState
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate, run_job
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from core.engine.engine import Engine

SMALL = Knobs(workers=1, batch_size=5)


async def _worker_pid(engine: Engine) -> int:
    while not (pids := [view.pid for view in engine.looks.workers() if view.pid]):  # noqa: ASYNC110 - a view has no event
        await asyncio.sleep(0.005)
    return pids[0]


async def test_a_worker_that_is_killed_is_replaced_and_said_with_its_signal(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=200)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        copy = await engine.start_job(JobKind.COPY, {}, "op1", "copy-1")
        os.kill(await _worker_pid(engine), signal.SIGKILL)
        await engine.wait(copy)
        row = await engine.ledger.job(copy)
        told = [e.text for e in await engine.ledger.events(0, 1_000) if e.kind == "worker_died"]
    assert row is not None
    assert row.state == "done", row.result
    assert len(told) == 1
    assert "worker 0 died (killed by SIGKILL), another takes its place" in told[0]
    assert "out-of-memory killer" in told[0]
    assert bodies(ground.target) == ground.bodies


async def test_a_job_that_was_being_cancelled_is_not_taken_up_again(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=3)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        job = await engine.ledger.add_job(JobKind.COPY, {}, "op1", "copy-1")
        await engine.ledger.job_state(job, JobState.CANCELLING)
    async with engine_on(ground) as engine:
        assert engine.jobs.reins() == []
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state is JobState.CANCELLED
        assert (await engine.ledger.counters()).migrated == 0


async def test_i5_a_job_that_was_stored_and_not_begun_is_begun(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=3)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        job = await engine.ledger.add_job(JobKind.COPY, {}, "op1", "copy-1")
    async with engine_on(ground) as engine:
        await engine.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "done", row.result
    assert bodies(ground.target) == ground.bodies


async def test_a_backup_is_made_at_the_end_of_a_job_and_the_copy_goes_on_from_it(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=30)
    make_workspace(ground, SMALL)
    ledger = ground.workspace / "ledger.db"
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
    kept = Mark.read(backup.place_of(ledger))
    assert kept is not None
    assert kept.fits(backup.place_of(ledger))
    planned = backup.place_of(ledger).read_bytes()
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.COPY)).state == "done"
        epoch = engine.epoch
    backup.place_of(ledger).write_bytes(planned)
    kept.write(backup.place_of(ledger))
    shutil.copyfile(backup.place_of(ledger), ledger)
    async with engine_on(ground) as engine:
        assert engine.epoch > epoch
        assert any("restored backup" in e.text for e in await engine.ledger.last_events(9))
        assert (await migrate(engine)).state == "done"
        counted = await engine.ledger.counters()
    assert counted.migrated == len(ground.bodies)
    assert bodies(ground.target) == ground.bodies


async def test_i4_a_copy_is_not_done_while_a_bundle_is_left_that_nobody_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=10)
    make_workspace(ground, SMALL)

    async def forgets(_ledger: Ledger) -> None:
        """Leave every bundle in its state, as a fault of ours would."""

    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        [first, *_] = await engine.ledger.open_bundles(0, 1)
        await engine.ledger.copying([first.id], "local")
        with monkeypatch.context() as patched:
            patched.setattr(Ledger, "reset_copying", forgets)
            left = await run_job(engine, JobKind.COPY)
        assert left.state == "failed"
        assert left.result is not None
        assert f"bundle {first.id} is under way" in left.result
        await engine.ledger.reset_copying()
        again = await run_job(engine, JobKind.COPY)
        assert again.state == "done", again.result
    assert bodies(ground.target) == ground.bodies
