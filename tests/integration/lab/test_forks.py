"""A command that is forked says and does what the program does."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import sys
import termios
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.integration.cli.conftest import gateway, ws  # noqa: F401 - fixtures
from tests.integration.cli.shell import environment, vgwm
from tests.integration.cli.shell import program as real
from tests.lab.forks import Forks, can_fork
from tests.lab.missing import LabError
from tests.lab.process import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.forks import Begun

COMMANDS = (
    (),
    ("--version",),
    ("cutover", "--help"),
    ("statsu",),
    ("status", "--nothing"),
    ("status", "-w", "nowhere", "--json"),
    ("status", "-w", "ws", "--json"),
    ("jobs", "-w", "ws", "--plain"),
    ("plan", "show", "-w", "ws"),
    ("copy", "-w", "ws", "--dry-run", "--plain"),
    ("init", "-w", "ws", "--source", "posix:/x", "--target", "ipfs", "--cluster-password=pw"),
    ("completion", "bash"),
)
LONGER_THAN_A_PIPE = ("guide",)
PIPE_BYTES = 4_096
MOMENT = re.compile(r'"at":"[^"]*"')


@pytest.fixture
def here(tmp_path: Path, ws: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811 - a fixture
    """The folder of the workspace, and where the commands are run."""
    assert ws.parent == tmp_path
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begun]:
    """A command that waits for a reader of what it says."""
    with closing(Forks("C.UTF-8")) as forks:
        with monkeypatch.context() as patch:
            patch.setattr("tests.lab.forks.os.pipe", _narrow_pipe)
            made = forks.begin(LONGER_THAN_A_PIPE, environment(tmp_path))
        until("its pipe is full", lambda: _waiting(made.out) == PIPE_BYTES, limit_s=60)
        yield made


def _narrow_pipe(pipe: Callable[[], tuple[int, int]] = os.pipe) -> tuple[int, int]:
    read, write = pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return read, write


def _waiting(fd: int) -> int:
    told = fcntl.ioctl(fd, termios.FIONREAD, bytes(4))
    return int.from_bytes(told, sys.byteorder)


async def test_it_says_what_the_program_says_and_ends_with_its_code(here: Path) -> None:
    for words in COMMANDS:
        said, forked = await asyncio.gather(real(*words, home=here), vgwm(*words, home=here))
        assert MOMENT.sub("", forked.out) == MOMENT.sub("", said.out), words
        assert (forked.err, forked.code) == (said.err, said.code), words


async def test_it_has_the_environment_that_it_was_given_and_no_other(here: Path) -> None:
    there = await vgwm("jobs", "--json", home=here, env={"VGWM_WORKSPACE": "ws"})
    assert there.code == 0
    assert (await vgwm("jobs", home=here)).code == 2


def test_what_an_interpreter_reads_at_its_start_is_left_to_one() -> None:
    assert can_fork({"LANG": "C", "HOME": "/"})
    assert not can_fork({"PYTHONUTF8": "0"})
    assert not can_fork({"LC_ALL": "C"})


def test_a_signal_ends_it_as_it_ends_the_program(begun: Begun) -> None:
    os.kill(begun.pid, signal.SIGKILL)
    assert begun.wait().code == -signal.SIGKILL


def test_a_ctrl_c_interrupts_it(begun: Begun) -> None:
    os.kill(begun.pid, signal.SIGINT)
    assert begun.wait().code == 130


def test_one_that_takes_too_long_is_killed(begun: Begun) -> None:
    with pytest.raises(LabError, match="more than 0 s"):
        begun.wait(0)
