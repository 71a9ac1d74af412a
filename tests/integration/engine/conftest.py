"""A migration with objects that failed, made once for tests that change nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.model import JobKind
from tests.integration.engine.broken import break_objects
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, run_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.engine.engine import Engine


@pytest.fixture
async def copied(tmp_path: Path) -> AsyncIterator[Engine]:
    """Yield an engine whose copy has ended, with one object that could not be read."""
    ground = make_ground(tmp_path, objects=12, buckets=1)
    make_workspace(ground, Knobs(workers=1, batch_size=20))
    async with engine_on(ground) as engine:
        await run_job(engine, JobKind.PLAN)
        break_objects(ground, [("bucket0", "d1/k0001")])
        await run_job(engine, JobKind.COPY)
        yield engine
