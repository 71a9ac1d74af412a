"""Work beside a job: it ends with the job, and a failure of it is never silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.engine.beside import Beside

if TYPE_CHECKING:
    import pytest


async def test_all_end_with_the_job_and_a_failure_is_said_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    async def failing() -> None:
        raise ValueError("a fault of ours")

    beside = Beside()
    beside.start("watch", endless())
    beside.start("regulator", failing())
    async with asyncio.timeout(10):
        while not caplog.records:  # noqa: ASYNC110 - a log record has no event
            await asyncio.sleep(0)
    (record,) = caplog.records
    assert record.getMessage() == "regulator stopped: it holds no more"
    await beside.end()
    assert ended == ["endless"]
    assert len(caplog.records) == 1


async def test_nothing_beside_a_job_ends_at_once() -> None:
    await Beside().end()
