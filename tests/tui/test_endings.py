"""How it ends: the screen is given back, and the exit code says why."""

from __future__ import annotations

import base64
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.tui.engine import LiveDesk, serving
from tests.tui.terminal import CHILD, opened

if TYPE_CHECKING:
    from pathlib import Path

RESTORED = b"\x1b[?1049l"

FAULT = """
import sys
from pathlib import Path
from core.cli.main import main
from tui.acts import pressing as acts
from tui import app
from tui.facts import link
password = "hunter2-is-secret"
def fail(ui, key, scene, keymap):
    token = password
    raise RuntimeError("an odd key")
async def stumble(self):
    token = password
    raise RuntimeError("an odd key")
if "PLACE" == "handler":
    acts.press = fail
else:
    link.EngineLink.poll = stumble
sys.exit(main([], lambda workspace: app.run(Path(sys.argv[1]))))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "ws"
    path.mkdir()
    (path / "vgwm.yaml").touch()
    return path


def test_q_leaves_with_0_and_says_how_to_come_back(workspace: Path, tmp_path: Path) -> None:
    with serving(workspace, LiveDesk()), opened(workspace, tmp_path) as terminal:
        terminal.until_written(b"/data/gw")
        terminal.press("q")
        assert terminal.end() == 0
        terminal.until_written(b"come back with: vgwm -w ")
        written = terminal.written
        assert RESTORED in written
        assert b"the engine goes on: job 14" in written[written.index(RESTORED) :]


def test_y_sends_the_command_to_the_terminals_clipboard(workspace: Path, tmp_path: Path) -> None:
    with serving(workspace, LiveDesk()), opened(workspace, tmp_path) as terminal:
        terminal.until_written(b"/data/gw")
        terminal.press("y")
        sequence = (
            b"\x1b]52;c;" + base64.b64encode(f"vgwm -w {workspace} status".encode()) + b"\x07"
        )
        terminal.until_written(sequence)
        terminal.until_written(b"copied: vgwm -w ")


def test_a_folder_that_is_no_workspace_exits_with_2(tmp_path: Path) -> None:
    code = CHILD.replace("from tui.app import run\n", "").replace(
        'sys.exit(run(Path(sys.argv[1]), low_data=sys.argv[2] == "low"))',
        "from core.cli.main import main\n"
        "from tui.app import run\n"
        "sys.exit(main([], lambda given: run(Path(sys.argv[1]))))",
    )
    with opened(tmp_path, tmp_path, code=code) as terminal:
        assert terminal.end() == 2
        terminal.until_written(b"vgwm init -w DIR")
        assert b"\x1b[?1049h" not in terminal.written


def test_q_without_an_engine_exits_with_3(workspace: Path, tmp_path: Path) -> None:
    with opened(workspace, tmp_path) as terminal:
        terminal.until_written(b"no engine")
        terminal.press("q")
        assert terminal.end() == 3


# By itself, not by the last resort, which would come too late for the test.
PATIENT = "from tui.terminal import signals; signals.PATIENCE_S = 600\n" + CHILD


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_screen_and_is_in_the_exit_code(
    workspace: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with (
        serving(workspace, LiveDesk()),
        opened(workspace, tmp_path, code=PATIENT) as terminal,
    ):
        terminal.until_written(b"/data/gw")
        terminal.child.send_signal(number)
        assert terminal.end() == 128 + number
        terminal.until_written(RESTORED)


IGNORING = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + CHILD


def test_a_closed_window_ends_it_even_under_nohup(workspace: Path, tmp_path: Path) -> None:
    with (
        serving(workspace, LiveDesk()),
        opened(workspace, tmp_path, code=IGNORING) as terminal,
    ):
        terminal.until_written(b"/data/gw")
        terminal.close()
        assert terminal.end() == 128 + signal.SIGHUP


def test_a_stalled_link_does_not_stop_the_loop_and_sigterm_still_ends_it(
    workspace: Path, tmp_path: Path
) -> None:
    with serving(workspace, LiveDesk()), opened(workspace, tmp_path) as terminal:
        terminal.until_written(b"/data/gw")
        terminal.press("gm")
        terminal.until_written(b"recorded")
        terminal.reads.clear()
        end_s = time.monotonic() + 8
        while time.monotonic() < end_s and terminal.child.poll() is None:
            terminal.press("hjgmge")
            time.sleep(0.02)
        terminal.child.send_signal(signal.SIGTERM)
        assert terminal.end() == 128 + signal.SIGTERM


@pytest.mark.parametrize("place", ["handler", "worker"])
def test_i9_a_fault_shows_no_locals_and_exits_with_70(
    workspace: Path, tmp_path: Path, place: str
) -> None:
    with (
        serving(workspace, LiveDesk()),
        opened(workspace, tmp_path, code=FAULT.replace("PLACE", place)) as terminal,
    ):
        if place == "handler":
            terminal.until_written(b"/data/gw")
            terminal.press("x")
        assert terminal.end() == 70
        terminal.until_written(b"RuntimeError")
        written = terminal.written
    assert RESTORED in written
    assert b"hunter2" not in written
    reports = list((tmp_path / "state" / "vgwm").iterdir())
    assert len(reports) == 1
    assert "an odd key" in reports[0].read_text()
    assert "hunter2" not in reports[0].read_text().replace('password = "hunter2-is-secret"', "")
    assert reports[0].stat().st_mode & 0o777 == 0o600
