"""Two operators press at once: the world is asked for each, and one job begins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from core.engine.jobs import Jobs
from core.errors import WrongState
from core.model import JobKind
from tests.integration.ledger import scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.reins import Reins


@pytest.fixture
async def jobs(tmp_path: Path) -> AsyncIterator[Jobs]:
    ledger = await scene.opened(tmp_path)
    made = Jobs(ledger)
    yield made
    await made.close()
    await ledger.close()


async def _for_ever(reins: Reins) -> None:
    await reins.checkpoint()
    await asyncio.Event().wait()


@pytest.mark.parametrize("other", [JobKind.ROLLBACK, JobKind.CUTOVER])
async def test_what_begins_while_a_plan_is_held_against_the_world_is_in_the_way(
    jobs: Jobs, other: JobKind
) -> None:
    both = asyncio.Barrier(2)

    async def plan() -> bytes:
        async with both:
            return b"{}"

    started = await asyncio.gather(
        jobs.start(JobKind.ROLLBACK, {}, "op1", "r1", _for_ever, plan),
        jobs.start(other, {}, "op2", "r2", _for_ever, plan),
        return_exceptions=True,
    )
    assert sum(isinstance(one, int) for one in started) == 1
    assert sum(isinstance(one, WrongState) for one in started) == 1
    assert len(jobs.reins()) == 1


async def test_the_same_request_pressed_twice_is_one_job(jobs: Jobs) -> None:
    both = asyncio.Barrier(2)

    async def plan() -> bytes:
        async with both:
            return b"{}"

    started = await asyncio.gather(
        *(jobs.start(JobKind.ROLLBACK, {}, "op1", "r1", _for_ever, plan) for _ in range(2))
    )
    assert len(set(started)) == 1
