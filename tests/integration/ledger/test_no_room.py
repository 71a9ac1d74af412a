from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "tests.integration.ledger.no_room"


def outcome(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=55)  # noqa: S603 - our own interpreter and module
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_full_file_system_stops_writing_and_leaves_nothing_half_written(
    tmp_path: Path,
) -> None:
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        pytest.skip("a file system of its own needs root and unshare")
    probe = subprocess.run([unshare, "--mount", "true"], capture_output=True, check=False)  # noqa: S603 - found above
    if probe.returncode:
        pytest.skip("this host gives no mount namespace")
    argv = [unshare, "--mount", sys.executable, "-m", MODULE, "tmpfs", str(tmp_path)]
    assert outcome(*argv) == "held\n"


def test_a_file_size_limit_stops_writing_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    assert outcome(sys.executable, "-m", MODULE, "limit", str(tmp_path)) == "held\n"
