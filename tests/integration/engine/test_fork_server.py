"""The process that workers are forked from: births, deaths, and its own end."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from core.config.knobs import Knobs
from core.engine.crew import child
from core.engine.crew.board import Board
from core.engine.crew.fork_server import ForkServer
from core.model import JobKind
from tests.integration.engine.ground import (
    engine_on,
    make_ground,
    make_workspace,
    migrate,
    run_job,
)
from tests.integration.engine.proof import bodies

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

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


class Killed:
    """Kills every fork server at its beginning, so often; the others live."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.begun = 0
        begin = ForkServer._start  # noqa: SLF001 - the process that is to be killed

        def start(server: ForkServer) -> socket.socket:
            orders = begin(server)
            self.begun += 1
            if self.begun <= times:
                assert server._process is not None  # noqa: SLF001 - as above
                server._process.kill()  # noqa: SLF001 - as above
            return orders

        monkeypatch.setattr(ForkServer, "_start", start)


async def test_a_job_outlives_a_fork_server_that_is_killed_again_and_again_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "WAITS_S", (0.01, 0.01))
    ground = make_ground(tmp_path, objects=5, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    killed = Killed(monkeypatch, 4)
    async with engine_on(ground) as engine:
        assert (await migrate(engine)).state == "done"
        told = [one.text for one in await engine.ledger.events(0, 1_000)]
    assert killed.begun == 5
    said = [text for text in told if text.startswith("the process that workers are forked from")]
    assert len(said) == 2
    assert all("killed by SIGKILL" in text and "dmesg" in text for text in said)
    assert bodies(ground.target) == ground.bodies


async def test_a_fork_server_that_never_lives_ends_a_job_with_how_it_died(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "WAITS_S", (0.01,))
    ground = make_ground(tmp_path, objects=1, buckets=1)
    make_workspace(ground, Knobs(workers=1))
    killed = Killed(monkeypatch, 1_000)
    async with engine_on(ground) as engine:
        job = await run_job(engine, JobKind.PLAN)
    assert job.state == "failed"
    assert "the process that workers are forked from ends at once" in job.result
    assert "killed by SIGKILL" in job.result
    assert killed.begun <= 5
