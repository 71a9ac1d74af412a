"""A snapshot is put together of several reads: what came of a job is never older than its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.control.client import Client, job_of
from core.control.live import EngineDesk
from core.control.server import build_app
from core.engine.engine import Engine
from core.model import ENDED, JobKind, JobState
from tests.integration.engine.ground import make_ground, make_workspace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from core.control.wire.plan import Plan


async def test_a_job_that_ends_during_a_look_is_not_shown_without_what_it_came_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = make_ground(tmp_path, objects=2, buckets=1)
    make_workspace(ground, Knobs(workers=0))
    engine = await Engine.open(ground.workspace)
    stored_plan = EngineDesk._stored_plan  # noqa: SLF001 - held up, to end the job meanwhile

    async def slowly(desk: EngineDesk) -> Plan | None:
        found = await stored_plan(desk)
        while (row := await engine.ledger.newest_job(JobKind.PLAN)) and row.state not in ENDED:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)
        return found

    monkeypatch.setattr(EngineDesk, "_stored_plan", slowly)
    async with Client(build_app(EngineDesk(engine))) as client:
        job = await client.start_job("plan", {}, actor="op1")
        now = await client.snapshot()
        shown = job_of(now, job)
        assert shown is not None
        assert (shown.state, now.workspace.planned) != (JobState.DONE, False)
        then = await client.snapshot()
    await engine.close()
    assert [(one.state, then.workspace.planned) for one in then.jobs] == [(JobState.DONE, True)]
