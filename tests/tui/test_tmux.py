"""In tmux, with real keys: it shows what the panel holds, and our writer changes nothing."""

from __future__ import annotations

import random
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from core.control.address import SOCKET_NAME
from tests.tui.engine import LiveDesk, serving
from tests.tui.terminal import CHILD, ROOT, SPY, ask, environment
from tests.tui.tmux import FOUND, Tmux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(FOUND is None, reason="tmux is not installed")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path, environment(tmp_path, TERM="screen-256color"))
    yield server
    server.kill()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "ws"
    path.mkdir()
    (path / "vgwm.yaml").touch()
    return path


def command(code: str, workspace: Path, mode: str = "full") -> str:
    words = [sys.executable, "-c", code, str(workspace), mode]
    return f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(words)}"


def agrees(tmux: Tmux, workspace: Path) -> bool:
    """Whether terminal and panel are the same, in a moment in which neither moved."""
    before = tmux.shown("app")
    return before == ask(workspace).shown.rstrip("\n") == tmux.shown("app")


def test_a_random_walk_shows_what_the_panel_holds(tmux: Tmux, workspace: Path) -> None:
    dice = random.Random(8_123)  # noqa: S311 - a walk, repeatable
    walk = [
        "g h",
        "g a",
        "g p",
        "g m",
        "g e",
        "g l",
        "?",
        "Escape",
        "j",
        "k",
        "z",
        "b",
        "K 9 Escape",
        "C-l",
    ]
    sizes = [(80, 24), (120, 40), (100, 30), (60, 20)]
    with serving(workspace, LiveDesk()):
        tmux.open("app", command(SPY, workspace), (80, 24))
        tmux.until(lambda: "posix /data/gw" in tmux.shown("app"), "app")
        for step in range(24):
            if step % 8 == 7:
                width, height = dice.choice(sizes)
                tmux.run("resize-window", "-t", "app", "-x", str(width), "-y", str(height))
            tmux.keys("app", *dice.choice(walk).split())
            tmux.until(lambda: agrees(tmux, workspace), "app")


def test_ctrl_z_gives_the_shell_back_and_fg_the_screen(tmux: Tmux, workspace: Path) -> None:
    with serving(workspace, LiveDesk()):
        tmux.open("app", "bash --norc -i", (80, 24))
        (workspace / "code.py").write_text(SPY)
        program = shlex.join([sys.executable, str(workspace / "code.py"), str(workspace), "full"])
        tmux.keys("app", f"PYTHONPATH={ROOT} {program}", "Enter")
        tmux.until(lambda: "> copying" in tmux.shown("app"), "app")
        tmux.keys("app", "C-z")
        tmux.until(lambda: "Stopped" in tmux.shown("app"), "app")
        tmux.keys("app", "fg", "Enter")
        tmux.until(lambda: "> copying" in tmux.shown("app"), "app")
        tmux.until(lambda: agrees(tmux, workspace), "app")


def test_start_look_detach_and_look_again(tmux: Tmux, workspace: Path) -> None:
    with serving(workspace, LiveDesk()) as desk:
        tmux.open("app", command(CHILD, workspace), (80, 24))
        tmux.until(lambda: "> copying" in tmux.shown("app"), "app")
        tmux.keys("app", "g", "m", "P")
        tmux.until(lambda: "| copy paused" in tmux.shown("app"), "app")
        tmux.keys("app", "q")
        tmux.until(lambda: "come back with: vgwm -w" in tmux.shown("app"), "app")
        assert desk.acts == [("pause", 14)]
        assert (workspace / SOCKET_NAME).exists()
        tmux.run("respawn-pane", "-k", "-t", "app", command(CHILD, workspace))
        tmux.until(lambda: "| copy paused" in tmux.shown("app"), "app")


def test_the_engine_dies_and_comes_back_under_the_screen(tmux: Tmux, workspace: Path) -> None:
    with serving(workspace, LiveDesk()):
        tmux.open("app", command(CHILD, workspace), (80, 24))
        tmux.until(lambda: "> copying" in tmux.shown("app"), "app")
    tmux.until(lambda: "engine gone" in tmux.shown("app"), "app")
    assert "posix /data/gw" in tmux.shown("app")
    with serving(workspace, LiveDesk()):
        tmux.until(lambda: "engine ok" in tmux.shown("app"), "app")


def test_y_reaches_the_buffer_of_tmux(tmux: Tmux, workspace: Path) -> None:
    with serving(workspace, LiveDesk()):
        tmux.open("app", command(CHILD, workspace), (80, 24))
        tmux.until(lambda: "> copying" in tmux.shown("app"), "app")
        tmux.keys("app", "g", "e", "y")
        tmux.until(lambda: "copied to tmux" in tmux.shown("app"), "app")
        assert tmux.run("show-buffer") == f"vgwm -w {workspace} errors"


@pytest.mark.parametrize("theme", ["terminal", "dark", "mono"])
def test_our_writer_leaves_the_same_screen_as_textuals(
    tmux: Tmux, tmp_path: Path, theme: str
) -> None:
    del tmp_path
    for writer in ("ours", "textual"):
        words = [sys.executable, "-m", "tests.tui.frames", writer, theme]
        tmux.open(writer, f"cd {shlex.quote(str(ROOT))} && exec {shlex.join(words)}", (80, 24))
        tmux.until(lambda: tmux.shown(writer).startswith("frame 0"), writer)  # noqa: B023 - called here

    def same(number: int) -> bool:
        is_there = tmux.shown("ours").startswith(f"frame {number}")
        return is_there and tmux.seen("ours") == tmux.seen("textual")

    for number in range(1, 41):
        for writer in ("ours", "textual"):
            if number % 10 == 9:
                width = str(70 + number)
                tmux.run("resize-window", "-t", writer, "-x", width, "-y", "24")
            tmux.keys(writer, "n")
        tmux.until(lambda: same(number), "ours")  # noqa: B023 - called here
