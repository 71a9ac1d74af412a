from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[3]
ONE = "tests/real/test_stack.py::test_credentials_are_asked_for"
ASKS = f"{sys.executable} -m pytest -q -p no:cacheprovider {ONE}".split()


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one real test where no Go is to be found."""
    bare = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    return subprocess.run(  # noqa: S603 - our own tests
        ASKS,
        cwd=PROJECT,
        env=bare
        | environment
        | {"PYTHONDONTWRITEBYTECODE": "1", "LANG": os.environ.get("LANG", "C")},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


def test_a_missing_program_is_a_skip_that_says_what_it_leaves_unproved(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert "1 skipped" in ran.stdout
    assert "NOT TESTED: The laboratory itself" in ran.stdout
    assert "needs: go >= 1.26, or VGWM_TOOLS" in ran.stdout


def test_where_real_servers_are_required_it_is_a_failure(tmp_path: Path) -> None:
    ran = run(tmp_path, VGWM_REAL="require")
    assert ran.returncode == 1
    assert "1 error" in ran.stdout


def test_real_servers_can_be_left_out(tmp_path: Path) -> None:
    ran = run(tmp_path, VGWM_REAL="off")
    assert ran.returncode == 0
    assert "NOT TESTED" in ran.stdout
