"""The life of jobs: broken off, paused over a restart, and bundles that came back."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, cast

import pytest

from core.config.knobs import Knobs
from core.engine.jobs import Jobs
from core.engine.reins import WALK
from core.errors import CapacityExhausted
from core.model import BlockCounts, Cid, JobKind
from tests.integration.engine.ground import (
    engine_on,
    make_ground,
    make_workspace,
    run_job,
)
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.model import JobState

SMALL = Knobs(workers=1, batch_size=10)


async def test_a_cancelled_job_that_does_not_end_by_itself_is_broken_off(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)

    async def never(_reins: Reins) -> None:
        await asyncio.Event().wait()

    async with engine_on(ground) as engine:
        jobs = Jobs(engine.ledger, grace_s=0.01)
        job = await jobs.start(JobKind.COPY, {}, "op1", "r1", never)
        await jobs.cancel(job, "op1")
        await jobs.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "cancelled"


async def test_a_walk_that_waits_for_its_source_is_broken_off_at_once(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    silent = asyncio.Event()

    async def walk(reins: Reins) -> None:
        reins.quiet_s = 0.0
        with reins.awaiting(WALK, "no page came"):
            await asyncio.sleep(0.01)
            silent.set()
            await asyncio.Event().wait()

    async with engine_on(ground) as engine:
        jobs = Jobs(engine.ledger, grace_s=3_600)
        job = await jobs.start(JobKind.PLAN, {}, "op1", "r1", walk)
        await silent.wait()
        assert jobs.waits(job).startswith("no page came since ")
        await jobs.cancel(job, "op1")
        await jobs.wait(job)
        assert jobs.waits(job) == ""
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.state == "cancelled"


class Full:
    """A ledger that has no room for the next states of jobs. room: of how many it has none yet."""

    def __init__(self, ledger: Ledger, refusals: int) -> None:
        self._ledger = ledger
        self.refusals = refusals

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def job_state(self, job: int, state: JobState, **more: object) -> None:
        if self.refusals:
            self.refusals -= 1
            raise CapacityExhausted(what="the ledger is full", where="ledger", remedy="Make room.")
        await self._ledger.job_state(job, state, **more)  # type: ignore[arg-type] # handed on


async def test_i5_a_jobs_end_waits_for_room_in_the_ledger_and_is_stored_then(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        full = Full(engine.ledger, 0)
        jobs = Jobs(cast("Ledger", full), again_s=0.01)

        async def ends(_reins: Reins) -> None:
            full.refusals = 3

        job = await jobs.start(JobKind.VERIFY, {}, "op1", "r1", ends)
        await jobs.wait(job)
        row = await engine.ledger.job(job)
        assert row is not None
        assert (row.state, full.refusals) == ("done", 0)
        assert jobs.running(JobKind.VERIFY) is None


async def test_a_job_that_found_no_room_to_begin_holds_up_no_other(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        jobs = Jobs(cast("Ledger", Full(engine.ledger, 1)))

        async def never(_reins: Reins) -> None:
            await asyncio.Event().wait()

        with pytest.raises(CapacityExhausted):
            await jobs.start(JobKind.VERIFY, {}, "op1", "r1", never)
        assert jobs.running(JobKind.VERIFY) is None
        job = await jobs.start(JobKind.VERIFY, {}, "op1", "r1", never)
        assert jobs.running(JobKind.VERIFY) is not None
        await jobs.close()
        assert job


async def test_a_paused_copy_is_still_paused_after_a_restart(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=100)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        copy = await engine.start_job(JobKind.COPY, {}, "op1", "copy-1")
        await engine.pause(copy, "op1")
    async with engine_on(ground) as engine:
        reins = engine.jobs.running("copy")
        assert reins is not None
        assert reins.held
        await engine.resume(copy, "op1")
        await engine.wait(copy)
        row = await engine.ledger.job(copy)
        assert row is not None
        assert row.state == "done", row.result
    assert bodies(ground.target) == ground.bodies


async def test_i4_a_copied_bundle_whose_manifest_is_lost_is_done_again(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=30, buckets=1)
    make_workspace(ground, SMALL)
    lost = Cid(b"\x01\x70\x12\x20" + bytes(32))
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        counts = BlockCounts(sections=1, section_bytes=1, unique_blocks=1, unique_bytes=1)
        await engine.ledger.copied(2, lost, (), counts)
        copy = await run_job(engine, JobKind.COPY)
        assert copy.state == "done", copy.result
        counted = await engine.ledger.counters()
    assert counted.remaining == 0
    assert bodies(ground.target) == ground.bodies


async def test_a_second_plan_stands_by_the_first_and_says_so(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=3, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        first = await engine.ledger.plan()
        ground.put("bucket0", "late", b"came later")
        again = await run_job(engine, JobKind.PLAN)
        assert again.state == "done"
        assert await engine.ledger.plan() == first
        told = [event.text for event in await engine.ledger.last_events(5)]
    assert any("whole already" in text for text in told)


async def test_i4_nothing_is_gone_because_another_source_lies_at_its_path(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=30)
    make_workspace(ground, SMALL)
    away = tmp_path / "away"
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        ground.source.rename(away)
        for bucket in ("bucket0", "bucket1"):
            (ground.source / bucket).mkdir(parents=True)
        row = await run_job(engine, JobKind.COPY)
        assert row.state == "failed"
        assert "the source is another one" in (row.result or "")
        assert (await engine.ledger.counters()).gone == 0
        shutil.rmtree(ground.source)
        away.rename(ground.source)
        assert (await run_job(engine, JobKind.COPY)).state == "done"
        assert (await engine.ledger.counters()).gone == 0
    assert bodies(ground.target) == ground.bodies
