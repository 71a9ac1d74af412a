from __future__ import annotations

import random
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def crashed(*arguments: str) -> int:
    """Run the killing process; return how many kills it survived."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "tests.integration.ledger.crashes", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    found = re.fullmatch(r"(\d+) kills\n", done.stdout)
    assert found, done.stdout
    return int(found[1])


@pytest.mark.timeout(120)
def test_i5_kill_at_every_write_loses_nothing_that_was_told(tmp_path: Path) -> None:
    # 2 x the changes of a small migration: each once before its commit, once after it
    assert crashed("every", str(tmp_path)) >= 30


@pytest.mark.timeout(120)
def test_i5_i4_kill_at_random_moments_leaves_counters_equal_to_a_recount(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)  # noqa: S311 - printed with a failure
    assert crashed("random", str(tmp_path), "20", str(seed)) >= 10
