"""What a snapshot of a live copy says of its end, its rest and its bound."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.control import facts
from core.control.live import EngineDesk
from core.model import KIB, JobKind
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, run_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.control.wire import state as wire


async def _until(desk: EngineDesk, is_so: Callable[[wire.Snapshot], bool]) -> wire.Snapshot:
    """Return the first snapshot of which something is so."""
    while True:
        now = await desk.snapshot()
        if is_so(now):
            return now
        await asyncio.sleep(0.02)


async def test_a_live_copy_says_what_bounds_it_and_why_it_rests(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=300, buckets=1)
    make_workspace(ground, Knobs(workers=2, batch_size=20, bandwidth=64 * KIB))
    async with engine_on(ground) as engine:
        desk = EngineDesk(engine)
        await run_job(engine, JobKind.PLAN)
        job = await engine.start_job(JobKind.COPY, {}, "op1", "copy")
        slow = await _until(desk, lambda now: now.limit.startswith("bandwidth: 65.5 KB/s allowed"))
        assert slow.eta.low_s is None
        assert slow.eta.unknown is not None
        assert slow.eta.unknown.endswith((" of 60 s", " % done"))
        await engine.pause(job, "op1")
        rests = await desk.snapshot()
        assert (rests.eta.unknown, rests.limit) == ("paused by op1", "paused by op1")
        assert facts.eta_fact(rests).value == "unknown: paused by op1"
        await engine.set_knobs({"bandwidth": "off"}, "op1")
        await engine.resume(job, "op1")
        told = set()
        while engine.jobs.running(JobKind.COPY) is not None:
            now = await desk.snapshot()
            told.add(facts.eta_fact(now).value)
            await asyncio.sleep(0)
        ended = await desk.snapshot()
    assert ended.totals.remaining == 0
    assert ended.eta.unknown == "no copy runs"
    assert not any("100.0 %" in one for one in told)
