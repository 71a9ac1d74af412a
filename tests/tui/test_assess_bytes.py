"""Bytes on the wire of Assess and Plan, counted by the reader of a pty (terminal.md 5)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from core.control.crossing.strategies import told
from tests.tui import found, stage
from tests.tui.engine import serving
from tests.tui.terminal import Terminal, opened
from tests.tui.test_assess import AssessedDesk
from tests.tui.test_bytes import ARROW_KEY, LOW_DATA_S, SCREEN_CHANGE, quiet

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire import checks as wire_checks

SECONDS = 3


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "ws"
    path.mkdir()
    (path / "vgwm.yaml").touch()
    return path


class AnsweringDesk(AssessedDesk):
    """An engine that gets answers each second, of checks that are asked for ever."""

    def __init__(self) -> None:
        super().__init__(found.ASKING)
        self.fixed = stage.snapshot(jobs=[stage.PLAN_DONE, stage.job(15, "assess")])
        self.made = told(found.PLAN)

    async def checks(self) -> wire_checks.Checks:
        now_ns = time.time_ns()
        second = now_ns // stage.S
        listed = [
            msgspec.structs.replace(
                row,
                state=("pass", "warn", "fail", "unknown")[(second + place) % 4],
                evidence=f"{row.id}: {second % 1_000} of {place * 37} GB free at the node asked",
                measured_ns=now_ns,
                asked=(second + place) % 3 == 0,
            )
            for place, row in enumerate(found.ASKING.checks)
        ]
        return found.checks(*listed, run=found.ASKING.run)


def cost(terminal: Terminal, keys: str) -> int:
    begin = len(terminal.written)
    terminal.press(keys)
    terminal.until(lambda: len(terminal.written) > begin, f"no answer to {keys!r}")
    quiet(terminal)
    return len(terminal.written) - begin


def test_screens_and_keys_of_assess_and_plan_keep_to_their_budgets(
    tmp_path: Path, workspace: Path
) -> None:
    desk = AssessedDesk()
    desk.made = told(found.PLAN)
    with serving(workspace, desk), opened(workspace, tmp_path) as terminal:
        terminal.until_written(b"1 check fails")
        quiet(terminal)
        assert cost(terminal, "ga") <= SCREEN_CHANGE
        terminal.until_written(b"StorageMax")
        assert cost(terminal, "j") <= ARROW_KEY
        for keys in ("\r", "\t", "gp", "\t\t\t"):
            assert cost(terminal, keys) <= SCREEN_CHANGE
        terminal.until_written(b"double disks")
        begin_s = time.monotonic()
        terminal.until(lambda: time.monotonic() > begin_s + 2, "time stands")
        assert terminal.bytes_between(begin_s, begin_s + 2) <= 200  # ages alone


def test_answers_that_stream_in_keep_low_data_below_its_budget(
    tmp_path: Path, workspace: Path
) -> None:
    with (
        serving(workspace, AnsweringDesk()),
        opened(workspace, tmp_path, size=(200, 50), low_data=True) as terminal,
    ):
        terminal.until_written(b"/data/gw")
        terminal.press("ga")
        terminal.until_written(b"at the node asked")
        quiet(terminal)
        begin_s = time.monotonic()
        terminal.until(lambda: time.monotonic() > begin_s + SECONDS, "time stands")
        seconds = [terminal.bytes_between(begin_s + n, begin_s + n + 1) for n in range(SECONDS)]
    assert max(seconds) <= LOW_DATA_S, seconds
    assert sum(seconds) > LOW_DATA_S, seconds  # there was something to write
