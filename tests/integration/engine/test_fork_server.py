"""The process that workers are forked from: births, deaths, and its own end."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from core.engine.crew.board import Board
from core.engine.crew.fork_server import ForkServer

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 30.0


@pytest.fixture
def forks() -> Iterator[ForkServer]:
    board = Board.create()
    server = ForkServer(board.fd)
    yield server
    server.close()
    board.close()


def _parent(pid: int) -> psutil.Process:
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


def test_a_worker_leaves_when_its_pipe_ends(forks: ForkServer) -> None:
    worker, pipe = forks.fork(0)
    pipe.close()
    assert worker.wait(LIMIT_S) == 0
    assert not psutil.pid_exists(worker.pid)  # reaped, too


def test_workers_share_one_parent_which_is_not_the_coordinator(forks: ForkServer) -> None:
    born = [forks.fork(slot) for slot in range(3)]
    parents = {_parent(worker.pid).pid for worker, _ in born}
    assert len(parents) == 1
    assert parents != {os.getpid()}
    for worker, pipe in born:
        pipe.close()
        assert worker.wait(LIMIT_S) == 0


def test_the_end_of_one_pipe_ends_no_other_worker(forks: ForkServer) -> None:
    (first, first_pipe), (second, second_pipe) = forks.fork(0), forks.fork(1)
    second_pipe.close()
    assert second.wait(LIMIT_S) == 0
    assert psutil.Process(first.pid).is_running()
    first_pipe.close()
    assert first.wait(LIMIT_S) == 0


def test_a_killed_worker_tells_its_signal_to_all_who_ask(forks: ForkServer) -> None:
    worker, pipe = forks.fork(0)
    with pipe:
        with pytest.raises(TimeoutError):
            worker.wait(0.0)
        worker.kill()
        assert worker.wait(LIMIT_S) == -signal.SIGKILL
        assert worker.wait(LIMIT_S) == -signal.SIGKILL
        worker.kill()  # harmless: its number may be another's by now


def test_a_fork_server_that_dies_is_begun_anew_and_its_workers_go_on(forks: ForkServer) -> None:
    old, old_pipe = forks.fork(0)
    parent = _parent(old.pid)
    parent.kill()
    psutil.wait_procs([parent], LIMIT_S)
    new, new_pipe = forks.fork(1)
    assert psutil.Process(old.pid).is_running()
    assert _parent(new.pid).pid != parent.pid
    for pipe in (old_pipe, new_pipe):
        pipe.close()
    assert new.wait(LIMIT_S) == 0
    assert old.wait(LIMIT_S) is None  # whoever knew is dead
