"""The main job to a directory, with real processes: nothing lost, nothing doubled, all proved."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Literal

import pytest

from core.config.knobs import Knobs
from core.engine.engine import Engine
from core.engine.plan_run import PlanRun
from core.engine.planning.plan import Planner
from core.engine.runs import CopyRun
from core.errors import NoPlan, WrongState
from core.model import MIB, JobKind
from tests.integration.engine.ground import (
    engine_on,
    make_ground,
    make_workspace,
    migrate,
    run_job,
)
from tests.integration.engine.proof import bodies, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.engine.opening import Opening
    from core.engine.reins import Reins
    from core.model import Finding
    from core.source.posix.buckets import Bucket
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

LIMIT_S = 10.0

SMALL = Knobs(workers=2, batch_size=20)


async def test_i2_every_object_comes_back_by_its_cid(tmp_path: Path) -> None:
    ground = make_ground(tmp_path)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        job = await migrate(engine)
        assert job.state == "done", job.result
        counted = await engine.ledger.counters()
        await engine.ledger.recount()
        await engine.ledger.verify_chain()
    assert bodies(ground.target) == ground.bodies
    assert counted.migrated == counted.objects == len(ground.bodies)
    assert counted.bundles_recorded == counted.bundles > 6


async def test_the_metadata_of_a_row_is_the_objects_own(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=3, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
    path = ground.source / "bucket0" / "d0" / "k0000"
    _, _, metadata = rows(ground.target)["bucket0", "d0/k0000"]
    assert metadata["owner"] == "AKOWNER"
    assert metadata["content_type"] == "text/plain"
    assert metadata["etag"] == os.getxattr(path, "user.etag").decode().strip('"')
    assert metadata["mtime_ns"] == str(path.stat().st_mtime_ns)
    assert metadata["vgwm"] == {"bundle": 1, "plan": "0a1b2c3d"}


async def test_large_objects_stream_as_bundles_of_their_own(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=5, buckets=1)
    make_workspace(ground, Knobs(workers=1, large_threshold=2 * MIB, segment_size=MIB))
    async with engine_on(ground) as engine:
        job = await migrate(engine)
        assert job.state == "done", job.result
        counted = await engine.ledger.counters()
    assert counted.bundles == 2
    assert bodies(ground.target) == ground.bodies


async def test_a_second_copy_has_nothing_to_do(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=10)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await migrate(engine)
        before = sorted(path.stat().st_ino for path in (ground.target / "bundles").iterdir())
        again = await run_job(engine, JobKind.COPY)
        assert again.state == "done"
    after = sorted(path.stat().st_ino for path in (ground.target / "bundles").iterdir())
    assert before == after


async def test_copying_starts_while_the_plan_is_still_walking(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=400)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        plan = await engine.start_job(JobKind.PLAN, {}, "tester", "plan-1")
        copy = await engine.start_job(JobKind.COPY, {}, "tester", "copy-1")
        await engine.wait(plan)
        await engine.wait(copy)
        row = await engine.ledger.job(copy)
        assert row is not None
        assert row.state == "done", row.result
    assert bodies(ground.target) == ground.bodies


class Awaited(asyncio.Event):
    """An event that knows whether somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.by_somebody = threading.Event()

    async def wait(self) -> Literal[True]:
        self.by_somebody.set()
        return await super().wait()


async def test_a_copy_begun_before_the_plan_knows_a_bucket_waits_for_no_more_than_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=10)
    make_workspace(ground, SMALL)
    copies, look, walk = asyncio.Event(), PlanRun._look, Planner.run  # noqa: SLF001 - when it looks
    carry = CopyRun._put_buckets  # noqa: SLF001 - the copy is past its waiting here
    async with engine_on(ground) as engine:
        listed = engine.premises.listed = Awaited()

        def look_late(self: PlanRun) -> tuple[list[Bucket], list[Finding]]:
            assert listed.by_somebody.wait(LIMIT_S), "the copy did not wait for the buckets"
            return look(self)

        async def walk_late(self: Planner, reins: Reins, closed: Callable[[], None]) -> None:
            async with asyncio.timeout(LIMIT_S):
                await copies.wait()
            await walk(self, reins, closed)

        async def carry_now(
            self: CopyRun, opening: Opening, table: ObjectTable, profile: Profile
        ) -> None:
            copies.set()
            await carry(self, opening, table, profile)

        monkeypatch.setattr(PlanRun, "_look", look_late)
        monkeypatch.setattr(Planner, "run", walk_late)
        monkeypatch.setattr(CopyRun, "_put_buckets", carry_now)
        plan = await engine.start_job(JobKind.PLAN, {}, "tester", "plan-1")
        copy = await engine.start_job(JobKind.COPY, {}, "tester", "copy-1")
        await engine.wait(plan)
        await engine.wait(copy)
        ended = [await engine.ledger.job(job) for job in (plan, copy)]
    assert [row and row.state for row in ended] == ["done", "done"]
    assert bodies(ground.target) == ground.bodies


async def test_i4_a_key_that_is_gone_or_unreadable_is_accounted_for(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=10, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        (ground.source / "bucket0" / "d1" / "k0001").unlink()
        del ground.bodies["bucket0", "d1/k0001"]
        await run_job(engine, JobKind.COPY)
        counted = await engine.ledger.counters()
        await engine.ledger.recount()
    assert (counted.gone, counted.remaining) == (1, 0)
    assert counted.migrated == counted.objects - 1
    assert bodies(ground.target) == ground.bodies


async def test_a_copy_without_a_plan_is_refused(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        with pytest.raises(NoPlan):
            await engine.start_job(JobKind.COPY, {}, "tester", "copy-1")


async def test_two_engines_on_one_workspace_are_impossible(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground):
        with pytest.raises(WrongState, match="another engine"):
            await Engine.open(ground.workspace)
    async with engine_on(ground) as engine:
        assert engine.epoch == 2


async def test_a_source_that_is_no_gateway_root_fails_the_plan_by_name(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        (ground.source / "bucket0").rename(ground.source / "Not_A_Bucket")
        job = await run_job(engine, JobKind.PLAN)
    assert job.state == "failed"
    assert '"code":"no_gateway_root"' in job.result
    assert '"exit_code":2' in job.result


async def test_i6_no_time_of_the_source_moves(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=30)
    make_workspace(ground, SMALL)
    paths = [ground.source, *sorted(ground.source.rglob("*"))]
    for path in paths:
        os.utime(path, ns=(1_000_000_000, path.stat().st_mtime_ns))
    before = [(s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns) for s in map(os.stat, paths)]
    async with engine_on(ground) as engine:
        await migrate(engine)
    assert [(s.st_atime_ns, s.st_mtime_ns, s.st_ctime_ns) for s in map(os.stat, paths)] == before


async def test_a_paused_copy_takes_no_new_work_and_a_cancelled_one_leaves_whole_bundles(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=300)
    make_workspace(ground, Knobs(workers=1, batch_size=5))
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        copy = await engine.start_job(JobKind.COPY, {}, "tester", "copy-1")
        await engine.pause(copy, "op1")
        assert engine.looks.held() == "paused by op1"
        await engine.cancel(copy, "op1")
        await engine.wait(copy)
        row = await engine.ledger.job(copy)
        assert row is not None
        assert row.state == "cancelled"
        await engine.ledger.recount()
        assert (await run_job(engine, JobKind.COPY)).state == "done"
    assert bodies(ground.target) == ground.bodies


async def test_knobs_are_checked_kept_and_in_force(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, SMALL)
    async with engine_on(ground) as engine:
        await engine.set_knobs({"workers": "3", "pin_inflight": "7"}, "op1")
        assert (engine.knobs.workers, engine.knobs.pin_inflight) == (3, 7)
    async with engine_on(ground) as engine:
        assert engine.knobs.workers == 3
