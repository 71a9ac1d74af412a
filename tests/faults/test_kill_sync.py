"""kill -9 of the engine in the middle of a sync's round: the next goes on with that round."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.ledger.rounds import RoundState
from core.model import JobKind
from tests.integration.engine import fresh
from tests.integration.engine.living import Living
from tests.integration.engine.test_sync_model import require_equal, round_of

if TYPE_CHECKING:
    from pathlib import Path

KNOBS = Knobs(workers=1, batch_size=10, max_delete=100_000)
_CHILD = """
import asyncio, sys
from pathlib import Path
from core.engine.engine import Engine
from core.model import JobKind

async def main():
    engine = await Engine.open(Path(sys.argv[1]))
    await engine.wait(await engine.start_job(JobKind.SYNC, {"mode": "once"}, "tester", "sync"))

asyncio.run(main())
"""
MOMENTS = {
    "the first page is stored": "SELECT 1 FROM rounds WHERE cursor IS NOT NULL",
    "the walk has ended": "SELECT 1 FROM rounds WHERE walked IS NOT NULL",
    "a bundle is recorded": "SELECT 1 FROM bundles WHERE rnd<>0 AND st=4",
    "the last bundle is recorded": "SELECT 1 FROM rounds WHERE st IN ('applying','done')",
    "a tombstone is applied": "SELECT 1 FROM events WHERE kind='tombstones'",
}


def _holds(folder: Path, query: str) -> bool:
    """Ask the ledger from outside, as any process may."""
    with closing(sqlite3.connect(f"file:{folder}/ledger.db?mode=ro", uri=True)) as conn:
        return conn.execute(query).fetchone() is not None


async def _killed(folder: Path, query: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(folder)])  # noqa: S603, ASYNC220 - our own text
    try:
        while not _holds(folder, query):
            assert child.poll() is None, "the round ended before it could be killed"
            await asyncio.sleep(0.001)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_i4_a_killed_round_goes_on_and_nothing_is_lost_or_there_twice(
    tmp_path: Path, moment: str
) -> None:
    living = Living(tmp_path, 5, objects=50)
    kept = living.workspace("kept", KNOBS)
    await fresh.begun_anew(kept)
    living.change(100)
    await _killed(kept, MOMENTS[moment])
    # on a busy machine the kill may come late: what ended is whole, and its job begins another
    ended = _holds(kept, "SELECT 1 FROM rounds WHERE st='done'")
    async with fresh.opened(kept) as engine:
        for reins in engine.jobs.reins():
            await engine.wait(reins.id)
        rows = await engine.ledger.rounds.rounds(10)
        assert len(rows) <= 1 + ended, rows
        assert {row.state for row in rows} == {RoundState.DONE}, rows
        job = await engine.ledger.newest_job(JobKind.SYNC)
        assert job is not None
        assert job.state == "done", job.result
        await round_of(engine)
    await fresh.begun_anew(living.workspace("new", KNOBS))
    require_equal(living, kept)
    keys = len(fresh.known(living.base / "new.ws"))
    assert {row.found.seen for row in rows} == {keys}, "a key was walked twice"
