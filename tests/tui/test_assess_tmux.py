"""In tmux, on a real engine: from the first key to a plan that the assessment lets through."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from tests.integration.engine.ground import make_ground, make_workspace
from tests.tui.terminal import CHILD, ROOT, environment
from tests.tui.test_tmux import command
from tests.tui.tmux import FOUND, Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(FOUND is None, reason="tmux is not installed")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path, environment(tmp_path, TERM="screen-256color", VGWM_ACTOR="op1"))
    yield server
    server.kill()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    ground = make_ground(tmp_path, objects=12, buckets=1)
    make_workspace(ground, Knobs(workers=1, batch_size=20))
    yield ground.workspace
    subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "tui.main", "-w", str(ground.workspace), "engine", "stop"],
        cwd=ROOT,
        env={**os.environ, "VGWM_ACTOR": "op1"},
        check=False,
        capture_output=True,
    )


def says(tmux: Tmux, words: str) -> None:
    tmux.until(lambda: words in tmux.shown("app"), "app", within_s=60.0)


def run_sheet(tmux: Tmux) -> None:
    """Go to Run, as soon as the sheet takes keys, and press it."""
    says(tmux, "[ Run ]")

    def is_on_run() -> bool:
        rows = ["".join(cell.text for cell in row) for row in tmux.seen("app")]
        y = next(y for y, row in enumerate(rows) if "[ Run ]" in row)
        if "7" in tmux.seen("app")[y][rows[y].index("[ Run ]")].attributes:
            return True
        tmux.keys("app", "Tab")
        return False

    tmux.until(is_on_run, "app")
    tmux.keys("app", "Enter")


def typed(tmux: Tmux, text: str) -> None:
    """Type on row 23, and press Enter once all of it stands there."""
    tmux.run("send-keys", "-t", "app", "-l", text)
    tmux.until(lambda: f"{text}_" in tmux.shown("app"), "app")
    tmux.keys("app", "Enter")


def written(workspace: Path, screen: str) -> str:
    """Return the newest screen of this name that was written to the reports."""
    return max((workspace / "reports").glob(f"{screen}-*.txt")).read_text()


def test_assess_take_on_and_plan_from_the_first_key_at_both_sizes(
    tmux: Tmux, workspace: Path
) -> None:
    tmux.open("app", command(CHILD, workspace), (80, 24))
    says(tmux, "B starts it")
    tmux.keys("app", "B")
    says(tmux, "engine ok")
    says(tmux, "1 prepare     - not assessed")
    tmux.keys("app", "g", "a")
    says(tmux, "12 not asked")
    tmux.keys("app", "B")
    says(tmux, "runs   vgwm assess")
    run_sheet(tmux)
    says(tmux, "took ")
    tmux.keys("app", "/")
    typed(tmux, "lb")
    says(tmux, "> ! warn      lb")
    tmux.keys("app", "A")
    typed(tmux, "at night")
    says(tmux, "--ack 'lb=at night'")
    run_sheet(tmux)
    says(tmux, "> - taken     lb")
    tmux.keys("app", "y")
    says(tmux, "copied to tmux")
    assert tmux.run("show-buffer") == f"vgwm -w {workspace} assess --only lb"
    tmux.keys("app", "w")
    says(tmux, "written to reports/assess-")
    assert "- taken     lb" in written(workspace, "assess")
    tmux.run("resize-window", "-t", "app", "-x", "120", "-y", "40")
    says(tmux, "on by op1")
    tmux.keys("app", "Escape")
    says(tmux, "Enter lists them")
    tmux.keys("app", "Tab")
    says(tmux, "objects   13 ")
    tmux.keys("app", "g", "p")
    says(tmux, "there is no plan yet")
    tmux.keys("app", "B")
    says(tmux, "runs   vgwm plan")
    run_sheet(tmux)
    says(tmux, "= whole")
    tmux.keys("app", "Tab", "Tab")
    says(tmux, "gates")
    says(tmux, "strategy  blue-green")
    assert "cost" in tmux.shown("app")
    tmux.keys("app", "w")
    says(tmux, "written to reports/plan-")
    assert "vgwm plan show" in written(workspace, "plan")
