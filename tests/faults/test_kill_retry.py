"""kill -9 in the middle of a retry: the next engine goes on, as if nothing had happened."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.control.failures.act_jobs import act_figures
from core.control.snapshot import totals
from core.model import JobKind, JobState
from tests.integration.engine.broken import break_objects, mend_objects
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, run_job
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.engine.ground import Ground

BROKEN = [(f"bucket{n % 2}", f"d{n % 7}/k{n:04d}") for n in range(40)]
KNOBS = Knobs(workers=2, batch_size=6)

_CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from core.ledger import writer
from core.engine.engine import Engine
from core.engine.acts.wish import Deed, Wish
from core.model import JobKind

left = -1
opened = writer.open_writer

class Commits:
    def __init__(self, conn):
        self.conn = conn
    def execute(self, text, *rest):
        global left
        done = self.conn.execute(text, *rest)
        if text == "COMMIT" and left >= 0:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return done
    def __getattr__(self, name):
        return getattr(self.conn, name)

writer.open_writer = lambda *args, **options: Commits(opened(*args, **options))

async def main():
    global left
    engine = await Engine.open(Path(sys.argv[1]))
    plan = await engine.acts.plans.make(Wish(deed=Deed.RETRY, max_attempts=5), (), patience_s=30)
    left = int(sys.argv[2])
    job = await engine.start_job(JobKind.RETRY, {"plan": plan.hash}, "op1", "again")
    await engine.wait(job)
    await engine.close()

asyncio.run(main())
"""


async def failed_once(root: Path) -> Ground:
    """Migrate a tree of which 40 objects could not be read; then they can."""
    ground = make_ground(root, objects=45)
    make_workspace(ground, KNOBS)
    async with engine_on(ground) as engine:
        assert (await run_job(engine, JobKind.PLAN)).state == "done"
        break_objects(ground, BROKEN)
        assert (await run_job(engine, JobKind.COPY)).state == "done"
        assert (await engine.ledger.counters()).failed == len(BROKEN)
    mend_objects(ground, BROKEN)
    return ground


def copied(ground: Ground, root: Path) -> Ground:
    """Return the same migration in folders of its own, over the same source."""
    shutil.copytree(ground.workspace, root / "ws")
    shutil.copytree(ground.target, root / "out")
    twin = replace(ground, workspace=root / "ws", target=root / "out")
    make_workspace(twin, KNOBS)
    return twin


async def killed(ground: Ground, at: int) -> bool:
    """Run the retry, killed after a commit of its ledger; tell if it was."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CHILD, str(ground.workspace), str(at), stdin=subprocess.DEVNULL
    )
    return await child.wait() == -signal.SIGKILL


async def went_on(ground: Ground) -> None:
    """Let the next engine go on; it must come to the end of a retry that nobody killed."""
    async with engine_on(ground) as engine:
        for reins in engine.jobs.reins():
            await engine.wait(reins.id)
        (retry,) = [job for job in await engine.ledger.jobs() if job.kind is JobKind.RETRY]
        assert retry.state is JobState.DONE, retry
        counted = await engine.ledger.counters()
        figures = act_figures(retry, totals(counted, pins_waiting=0, waived=0)).by
        assert (figures["queued"], figures["recovered"], figures["still_failed"]) == (40, 40, 0)
        assert (counted.failed, counted.remaining) == (0, 0)
        assert counted.migrated == len(ground.bodies)
        assert await engine.ledger.failures() == []
        await engine.ledger.recount()
        await engine.ledger.verify_chain()
    assert bodies(ground.target) == ground.bodies


@pytest.mark.timeout(120)
async def test_i5_a_killed_retry_goes_on_and_takes_each_object_once(tmp_path: Path) -> None:
    ground = await failed_once(tmp_path)
    kills = 0
    for at in (0, 2, 5, 11):
        twin = copied(ground, tmp_path / f"at{at}")
        kills += await killed(twin, at)
        await went_on(twin)
    assert kills >= 3
