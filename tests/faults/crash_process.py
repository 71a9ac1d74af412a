"""One migration in a forked process, with workers that are forked too: no interpreter starts.

The process is forked from one that has all modules, and so is the process that its workers are
forked from, where `subprocess.Popen` would start an interpreter.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self

from core.engine.copying import faults as engine_faults
from core.engine.crew import fork_server
from core.engine.engine import Engine
from core.engine.worker import fork_main
from core.engine.worker import walk as engine_walk
from core.model import JobKind
from core.source.posix import walk as source_walk
from tests.faults import crash_moments
from tests.faults.crash_moments import Moments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.faults.crash_moments import Plan

LIMIT_S = 120


class Zygote:
    """A process forked before the engine opens anything, that becomes its fork server when told."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid:
            theirs.close()
            return
        try:
            self._control.close()
            _, fds, _, _ = socket.recv_fds(theirs, 1, 2)
            theirs.close()
            if fds:
                fork_main.main(*fds)
        finally:
            os._exit(0)

    def start(self, words: Sequence[str], **options: object) -> Zygote:
        """Turn into the fork server that these words would start; as `subprocess.Popen`."""
        del options
        orders, board = (int(word) for word in words[-2:])
        socket.send_fds(self._control, [b"f"], [orders, board])
        self._control.close()
        return self

    def kill(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        """Wait for its end."""
        os.waitpid(self.pid, 0)


class Killed(int):
    """How a process ended: an exit code, or minus a signal's number."""

    __slots__ = ()

    @property
    def by_us(self) -> bool:
        """Whether it was killed as planned."""
        return self == -signal.SIGKILL

    @classmethod
    def wait(cls, pid: int) -> Self:
        """Wait for a forked process."""
        return cls(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


BOTH = (JobKind.PLAN, JobKind.COPY)


def run(workspace: Path, log: Path, plan: Plan, kinds: tuple[JobKind, ...] = BOTH) -> Killed:
    """Run jobs of a workspace in a forked process, killed as planned; return how it ended."""
    gc.freeze()  # or each collection in a child copies what was there before
    pid = os.fork()
    if pid:
        return Killed.wait(pid)
    code = 70
    try:
        signal.alarm(LIMIT_S)
        _install(Moments(log, plan))
        _replace(
            fork_server,
            "subprocess",
            SimpleNamespace(Popen=Zygote().start, DEVNULL=subprocess.DEVNULL),
        )
        asyncio.run(migrate(workspace, kinds))
        code = 0
    except BaseException:  # noqa: BLE001 - a forked child must not return into its parent's code
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


async def migrate(workspace: Path, kinds: tuple[JobKind, ...]) -> None:
    """Begin jobs, or go on with them; then everything is counted and verified."""
    engine = await Engine.open(workspace)
    jobs = [await engine.start_job(kind, {}, "tester", str(kind)) for kind in kinds]
    for job in jobs:
        await engine.wait(job)
        row = await engine.ledger.job(job)
        if row is None or row.state != "done":
            raise AssertionError(row)
    await engine.ledger.recount()
    await engine.ledger.verify_chain()
    await engine.close()


def _install(moments: Moments) -> None:
    crash_moments.install(moments)
    crash_moments.install_on_stack(moments)
    _replace(engine_walk, "walk", crash_moments.walked(moments, source_walk.walk))
    # after a worker's death a second's pause would be most of a run
    backoff: Callable[..., None] = engine_faults.Backoff.__init__

    def short(self: engine_faults.Backoff, **options: float) -> None:
        backoff(self, **{**options, "first_s": 0.02})

    _replace(engine_faults.Backoff, "__init__", short)


def _replace(place: object, name: str, thing: object) -> None:
    """Put another thing under a name, in this forked process alone."""
    setattr(place, name, thing)
