"""The keeper: what it starts again, when, and what the next engine hears of the last."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from core.control import keeper
from core.control.keeper import Keeper, Kept

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = "echo ready 4242 > /proc/self/fd/$FD;"


class Engines:
    """Shell lines in the place of engines, one after the other."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.told: list[tuple[int, str]] = []

    def begin(self, _workspace: Path, ready_fd: int, kept: Kept) -> subprocess.Popen[bytes]:
        self.told.append((kept.restarts, kept.ended))
        return subprocess.Popen(  # noqa: S603 - the test's own lines
            ["/bin/sh", "-c", self.lines.pop(0)],
            pass_fds=(ready_fd,),
            env={"FD": str(ready_fd)},
        )


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "FIRST_S", 0.001)


@pytest.mark.parametrize("code", [0, 2, 3, 5, 6, 7])
def test_an_end_or_a_refusal_is_the_end(code: int, tmp_path: Path) -> None:
    engines = Engines(f"{ANSWERS} exit {code}")
    assert Keeper(tmp_path, None, begin=engines.begin).keep() == code
    assert engines.told == [(0, "")]


def test_crashes_are_started_again_and_the_next_hears_how_the_last_ended(tmp_path: Path) -> None:
    engines = Engines(
        f"{ANSWERS} kill -9 $$", f"{ANSWERS} exit 70", "kill -SEGV $$", "exit 4", f"{ANSWERS}"
    )
    assert Keeper(tmp_path, None, begin=engines.begin).keep() == 0
    assert engines.told == [
        (0, ""),
        (1, "SIGKILL"),
        (2, "exit 70"),
        (3, "SIGSEGV"),
        (4, "exit 4"),
    ]


@pytest.mark.parametrize("line", ["kill -9 $$", "exit 70", "exit 4"])
def test_one_that_never_answered_is_not_started_again(line: str, tmp_path: Path) -> None:
    engines = Engines(line)
    assert Keeper(tmp_path, None, begin=engines.begin).keep() != 0
    assert len(engines.told) == 1


def test_sigterm_is_a_stop(tmp_path: Path) -> None:
    engines = Engines(f"{ANSWERS} kill -TERM $$")
    assert Keeper(tmp_path, None, begin=engines.begin).keep() == 128 + 15
    assert len(engines.told) == 1


def test_a_stop_while_it_waits_starts_nothing(tmp_path: Path) -> None:
    engines = Engines(f"{ANSWERS} kill -9 $$")

    def stopped(_wait_s: float) -> bool:
        kept.stop()
        return True

    kept = Keeper(tmp_path, None, begin=engines.begin, wait=stopped)
    assert kept.keep() == 0
    assert len(engines.told) == 1


def test_the_wait_doubles_and_begins_anew_after_a_steady_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "FIRST_S", 1.0)
    monkeypatch.setattr(keeper, "LONGEST_S", 3.0)
    crash = f"{ANSWERS} exit 70"
    engines = Engines(*[crash] * 5, f"{ANSWERS} exit 0")
    waits: list[float] = []

    def wait(wait_s: float) -> bool:
        waits.append(wait_s)
        return False

    moments = iter([0, 1, 10, 11, 20, 21, 30, 30 + keeper.STEADY_S, 200, 201, 300])
    kept = Keeper(tmp_path, None, begin=engines.begin, wait=wait, clock=lambda: next(moments))
    assert kept.keep() == 0
    assert waits == [1.0, 2.0, 3.0, 1.0, 2.0]


def test_the_first_word_alone_is_handed_on(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    engines = Engines(f"{ANSWERS} kill -9 $$", "echo ready 4343 > /proc/self/fd/$FD")
    assert Keeper(tmp_path, write_end, begin=engines.begin).keep() == 0
    with open(read_end, "rb") as said:  # noqa: PTH123 - a descriptor
        assert said.read() == b"ready 4242\n"


def test_an_engine_is_kept_without_a_log_where_none_can_be_opened(tmp_path: Path) -> None:
    (tmp_path / "engine.log").mkdir()
    fd = keeper.open_log(tmp_path)
    try:
        assert os.write(fd, b"said") == 4
    finally:
        os.close(fd)
