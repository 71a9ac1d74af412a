"""Kill -9 at every ledger commit and every target call of a copy to a directory, then resume."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from core.engine.runs import RANGE_DEPTH
from tests.faults.crash_ground import KNOBS
from tests.faults.crash_sweep import Told
from tests.faults.seeded import fault_seed

LANES = 2
ROOT = Path(__file__).parents[2]
WHOLE = "VGWM_FAULTS"
LIMIT_S = 900


def _shm() -> str | None:
    """Return a file system in memory, where a sync costs nothing; a kill leaves it as a disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder is made there


@pytest.mark.timeout(LIMIT_S)
def test_i5_i4_a_kill_at_any_moment_ends_in_the_same_state() -> None:
    """With VGWM_FAULTS=all each moment is killed at, else a third that the seed chooses."""
    seed = fault_seed()
    share = 1 if os.environ.get(WHOLE) == "all" else 3
    folder = Path(tempfile.mkdtemp(prefix="vgwm-crash-", dir=_shm()))
    try:
        told = _sweep(folder, seed, share)
    finally:
        shutil.rmtree(folder)
    kills = sum(one.kills for one in told)
    moments = min(one.moments for one in told)
    again = max(one.most_again for one in told)
    by: Counter[str] = sum((Counter(one.by) for one in told), Counter())
    print(  # noqa: T201 - pytest shows it
        f"{kills} kills at {moments} moments, {sum(one.resumed for one in told)} resumed by a"
        f" new engine, at most {again} bundles done again, {max(one.seconds for one in told)} s"
    )
    print(dict(sorted(by.items())))  # noqa: T201 - as above
    assert kills > moments // share * 0.7
    assert again <= RANGE_DEPTH * KNOBS.workers
    assert {"ledger commit <", "ledger commit >", "sink os.fsync <"} <= set(by)
    assert {"sink rename <", "sink rename >"} & set(by)
    if share == 1:  # a third may have none of the rarer ones
        assert {"table commit <", "table commit >", "target confirm <"} <= set(by)
        # one object is large: its moment comes earlier or later from run to run
        assert {"sink segment <", "sink segment >"} & set(by)


def _sweep(folder: Path, seed: int, share: int) -> list[Told]:
    running = []
    for lane in range(LANES):
        own = folder / str(lane)
        own.mkdir()
        words = (own, seed, lane, LANES, share)
        running.append(
            subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "tests.faults.crash_sweep", *map(str, words)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    ended = [(one.communicate(timeout=LIMIT_S), one.returncode) for one in running]
    for (_, err), code in ended:
        assert code == 0, err[-4_000:]
    return [Told(**json.loads(out.splitlines()[-1])) for (out, _), _ in ended]
