"""kill -9 in the middle of `verify --full`: the next engine goes on, and reads nothing twice."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from core.model import JobKind, JobState
from core.verify.figures import Figures
from tests.integration.engine.ground import engine_on, make_ground, make_workspace, migrate

if TYPE_CHECKING:
    from pathlib import Path

KNOBS = Knobs(workers=2, batch_size=10)
OBJECTS = 45

_CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from core.engine.engine import Engine
from core.engine.verifying import bytes_standing
from core.model import JobKind
from core.verify.findings import Findings

left, kept = int(sys.argv[2]), Findings.keep
bytes_standing.KEEP_S = 0.0

def keep(self, *what):
    global left
    kept(self, *what)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1

Findings.keep = keep

async def main():
    engine = await Engine.open(Path(sys.argv[1]))
    job = await engine.start_job(JobKind.VERIFY, {"full": "1"}, "op1", "again")
    await engine.wait(job)
    await engine.close()

asyncio.run(main())
"""


@pytest.mark.timeout(120)
async def test_i5_a_killed_verification_reads_each_bundle_once_and_finds_the_same(
    tmp_path: Path,
) -> None:
    ground = make_ground(tmp_path, objects=OBJECTS)
    make_workspace(ground, KNOBS)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
    hurt = next(name for name, body in ground.bodies.items() if len(body) == 4096)
    body = ground.bodies[hurt]
    [car] = [p for p in (ground.target / "bundles").iterdir() if body in p.read_bytes()]
    car.write_bytes(car.read_bytes().replace(body, body[:-1] + bytes([body[-1] ^ 1])))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CHILD, str(ground.workspace), "4", stdin=subprocess.DEVNULL
    )
    assert await child.wait() == -signal.SIGKILL
    async with engine_on(ground) as engine:
        for reins in engine.jobs.reins():
            await engine.wait(reins.id)
        [job] = [one for one in await engine.ledger.jobs() if one.kind is JobKind.VERIFY]
        assert job.state is JobState.DONE, job
        proof = await engine.ledger.proof(job.id)
        assert proof is not None
        told = Figures.parse(proof.figures).bytes
        assert told is not None
        assert (told.n, told.bad, told.whole) == (len(ground.bodies), 1, True)
        cars = sum(path.stat().st_size for path in (ground.target / "bundles").iterdir())
        copies = sum(path.stat().st_size for path in (ground.target / "manifests").iterdir())
        assert told.read_bytes == cars + copies
    listed = (ground.workspace / proof.folder / "differ.ndjson").read_text()
    assert listed.count("bad_bytes") == 1
    assert hurt[1] in listed
