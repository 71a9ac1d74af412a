"""kill -9 of the engine in the middle of a copy: the next goes on, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from core.config.knobs import Knobs
from core.model import JobKind
from tests.integration.engine.ground import engine_on, make_ground, make_workspace
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.engine.ground import Ground

KNOBS = Knobs(workers=2, batch_size=10)
SLOW = replace(KNOBS, bandwidth=1_000_000)
"""So slow that the copy goes on for seconds when it is killed, however late that is seen."""

_CHILD = """
import asyncio, sys
from pathlib import Path
from core.engine.engine import Engine
from core.model import JobKind

async def main():
    engine = await Engine.open(Path(sys.argv[1]))
    plan = await engine.start_job(JobKind.PLAN, {}, "tester", "plan")
    copy = await engine.start_job(JobKind.COPY, {}, "tester", "copy")
    await engine.wait(plan)
    await engine.wait(copy)

asyncio.run(main())
"""


def _recorded(ground: Ground) -> int:
    """Count recorded objects from outside, as any process may."""
    try:
        with closing(sqlite3.connect(f"file:{ground.workspace}/ledger.db?mode=ro", uri=True)) as db:
            row: tuple[int] = db.execute("SELECT count(*) FROM objects WHERE st=1").fetchone()
            return row[0]
    except sqlite3.OperationalError:
        return 0


def _listed(ground: Ground) -> int:
    with closing(sqlite3.connect(f"file:{ground.workspace}/ledger.db?mode=ro", uri=True)) as db:
        row: tuple[int] = db.execute("SELECT count(*) FROM events WHERE kind='planned'").fetchone()
        return row[0]


async def _kill_in_the_middle(ground: Ground, least: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(ground.workspace)])  # noqa: S603, ASYNC220 - our own text
    try:
        while _recorded(ground) < least:
            assert child.poll() is None, "the copy ended before it could be killed"
            await asyncio.sleep(0.002)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()


async def test_i5_a_killed_copy_goes_on_and_every_object_is_there_once(tmp_path: Path) -> None:
    ground = make_ground(tmp_path, objects=1500)
    make_workspace(ground, SLOW)
    await _kill_in_the_middle(ground, 200)
    make_workspace(ground, KNOBS)
    before = _recorded(ground)
    assert 200 <= before < len(ground.bodies)
    async with engine_on(ground) as engine:
        (job,) = engine.ledger.interrupted[-1:]
        for reins in engine.jobs.reins():
            await engine.wait(reins.id)
        row = await engine.ledger.job(job)
        assert row is not None
        assert row.kind is JobKind.COPY
        assert row.state == "done", row.result
        counted = await engine.ledger.counters()
        await engine.ledger.recount()
        await engine.ledger.verify_chain()
    assert counted.migrated == counted.objects == len(ground.bodies)
    assert bodies(ground.target) == ground.bodies


async def test_i5_nothing_is_listed_twice_after_a_kill(tmp_path: Path) -> None:
    """A key that came twice would break the ledger's primary key, and the plan with it."""
    ground = make_ground(tmp_path, objects=1500)
    make_workspace(ground, SLOW)
    await _kill_in_the_middle(ground, 1)
    make_workspace(ground, KNOBS)
    listed = _listed(ground)
    async with engine_on(ground) as engine:
        for reins in engine.jobs.reins():
            await engine.wait(reins.id)
        counted = await engine.ledger.counters()
    assert listed > 0
    assert counted.objects == len(ground.bodies)
    assert counted.bundles == counted.bundles_recorded
