"""In tmux, on a real engine: broken rows verified, looked at, mended and verified again."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from core.config.knobs import Knobs
from tests.integration.engine.ground import make_ground, make_workspace
from tests.integration.engine.keeping import all_rows, change
from tests.tui.terminal import CHILD, ROOT, environment
from tests.tui.test_assess_tmux import run_sheet, says, typed, written
from tests.tui.test_tmux import command
from tests.tui.tmux import FOUND, Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.engine.ground import Ground

pytestmark = pytest.mark.skipif(FOUND is None, reason="tmux is not installed")
ACTOR = "op1"


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path, environment(tmp_path, TERM="screen-256color", VGWM_ACTOR=ACTOR))
    yield server
    server.kill()


def vgwm(ground: Ground, *arguments: str) -> None:
    """Run a command line of ours, as an operator's shell does."""
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "tui.main", "-w", str(ground.workspace), *arguments],
        cwd=ROOT,
        env={**os.environ, "VGWM_ACTOR": ACTOR},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A migration that is done; its engine runs."""
    made = make_ground(tmp_path, objects=12, buckets=1)
    make_workspace(made, Knobs(workers=1, batch_size=20))
    vgwm(made, "engine", "start")
    try:
        vgwm(made, "plan")
        vgwm(made, "copy")
        yield made
    finally:
        vgwm(made, "engine", "stop")


def type_word(tmux: Tmux, word: str) -> None:
    """Type the word that a sheet wants, as soon as it takes keys, and press Enter."""
    says(tmux, f"type   {word}, then Enter:")

    def is_typed() -> bool:
        if f"then Enter:  {word}_" in tmux.shown("app"):
            return True
        tmux.keys("app", "C-u")
        tmux.run("send-keys", "-t", "app", "-l", word)
        return False

    tmux.until(is_typed, "app")
    tmux.keys("app", "Enter")


def test_broken_rows_are_verified_looked_at_and_mended_at_both_sizes(
    tmux: Tmux, ground: Ground
) -> None:
    table = ground.target / "objects.db"
    before = all_rows(table)
    change(
        table,
        "DELETE FROM versitygw_objects WHERE s3_key='d1/k0001'",
        "UPDATE versitygw_objects SET cid='bafkwrong' WHERE s3_key='d2/k0002'",
    )
    tmux.open("app", command(CHILD, ground.workspace), (80, 24))
    says(tmux, "4 validate    ? not run")
    tmux.keys("app", "g", "v")
    says(tmux, "nothing was verified yet")
    tmux.keys("app", "B")
    says(tmux, "runs   vgwm verify --sample-size 10000")
    run_sheet(tmux)
    says(tmux, "* differ 1  + missing 1")
    says(tmux, "a bound, not a proof")
    tmux.keys("app", "Enter")
    says(tmux, "only wrong_cid")
    says(tmux, "bafkwrong")
    tmux.keys("app", "y")
    says(tmux, "copied to tmux")
    shown = tmux.run("show-buffer")
    assert shown == f"vgwm -w {ground.workspace} metadata repair --from reports/verify-3 --dry-run"
    tmux.run("resize-window", "-t", "app", "-x", "120", "-y", "40")
    says(tmux, "object bucket0/d2/k0002")
    tmux.keys("app", "w")
    says(tmux, "written to reports/verify-")
    assert "wrong_cid" in written(ground.workspace, "verify")
    tmux.run("resize-window", "-t", "app", "-x", "80", "-y", "24")
    tmux.keys("app", "F")
    says(tmux, "repair: 2 differences of verify-3")
    type_word(tmux, ground.workspace.name)
    says(tmux, "job 4 (repair) changed the target since")
    assert all_rows(table) == before
    tmux.keys("app", "/")
    typed(tmux, "no_row")
    says(tmux, "no row of this list is of that kind")
