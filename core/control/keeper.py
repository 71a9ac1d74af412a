"""The engine's parent: starts it again when it crashed, and ends when it was stopped.

For a host where no service manager does that. It stays small: it knows neither API nor ledger, so
that nothing that could fell the engine can fell it too. Killed itself, it leaves the engine at
work, and `engine status` says that nobody keeps it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from core.errors import VgwmError
from core.ledger.lock import WorkspaceLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Begin = Callable[[Path, int, "Kept"], subprocess.Popen[bytes]]

KEEPER_LOCK = "engine.keeper"
FIRST_S = 0.02
LONGEST_S = 30.0
STEADY_S = 60.0
"""An engine that ran so long has not crashed at its start: the next wait is the first again."""

READY = b"ready "
"""How an engine's first word begins once it answers; its pid follows."""

_LOG_NAME = "engine.log"
_COME_BACK = frozenset({4, 70})
"""Exit codes to try again after: a fault of ours, and no answer, such as a disk without room."""
_MOST_WORDS = 64 << 10


class Kept(NamedTuple):
    """What an engine is told of its keeper. ended: how the one before it crashed, "" for none."""

    pid: int
    restarts: int
    ended: str


def kept_by(kept: Kept | None) -> str:
    """Return who would start this process again now: "pid 4242", "systemd", or "" for nobody."""
    if kept is not None and os.getppid() == kept.pid:
        return f"pid {kept.pid}"
    # systemd names the process that it began: a shell below a service inherits another's number
    ours = os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())
    return "systemd" if ours else ""


def keep_engine(workspace: Path, *, ready_fd: int | None = None) -> int:
    """Run an engine until it is stopped; return its exit code.

    ready_fd: hears the first word of the first engine, as `run_engine` says it. An engine that
    never answered is not started again. Raises WrongState while another keeper is at work.
    """
    keeper = Keeper(workspace, ready_fd)
    # Not SIG_IGN for SIGTERM and SIGINT: a child would inherit that.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: keeper.stop())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    lock = WorkspaceLock(workspace, KEEPER_LOCK)
    try:
        lock.acquire()
    except VgwmError as error:
        keeper.tell(_refused(error))
        raise
    try:
        return keeper.keep()
    finally:
        lock.release()


class Keeper:
    """Runs engines one after the other. begin: starts one, which hears of its keeper.

    wait: until the next one, or until `stop`; clock: monotonic seconds.
    """

    def __init__(
        self,
        workspace: Path,
        ready_fd: int | None,
        *,
        begin: Begin | None = None,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspace = workspace
        self._ready_fd = ready_fd
        self._begin = begin or _begin
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None

    def keep(self) -> int:
        """Return the last engine's exit code, once none is to follow."""
        restarts, ended, wait_s = 0, "", FIRST_S
        while True:
            began_s = self._clock()
            answered, code = self._one(Kept(os.getpid(), restarts, ended))
            if self._stopping.is_set() or not _crashed(code) or not (answered or restarts):
                return code if code >= 0 else 128 - code
            if self._clock() - began_s >= STEADY_S:
                wait_s = FIRST_S
            if self._wait(wait_s):
                return 0
            wait_s = min(LONGEST_S, wait_s * 2)
            restarts, ended = restarts + 1, _how(code)

    def _one(self, kept: Kept) -> tuple[bool, int]:
        """Run one engine to its end; tell whether it ever answered, and its exit code."""
        read_end, write_end = os.pipe()
        try:
            self._child = self._begin(self._workspace, write_end, kept)
        finally:
            os.close(write_end)
        if self._stopping.is_set():
            self._child.terminate()
        with open(read_end, "rb") as said:  # noqa: PTH123 - a descriptor
            word = said.readline(_MOST_WORDS)
        self.tell(word)
        return word.startswith(READY), self._child.wait()

    def tell(self, word: bytes) -> None:
        """Hand the first word on to whoever started us; nobody need listen any more."""
        if self._ready_fd is None:
            return
        try:
            os.write(self._ready_fd, word)
        except OSError:
            pass
        finally:
            os.close(self._ready_fd)
            self._ready_fd = None

    def stop(self) -> None:
        """End the engine, and start none again."""
        self._stopping.set()
        if self._child is not None and self._child.returncode is None:
            self._child.terminate()


def open_log(workspace: Path) -> int:
    """Return a descriptor that appends to engine.log: what Python itself says when it dies."""
    path = workspace / _LOG_NAME
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:  # an engine works without a log, too
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def _begin(workspace: Path, ready_fd: int, kept: Kept) -> subprocess.Popen[bytes]:
    log = open_log(workspace)  # anew for each: it may have been rotated
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-m", "tui.main", "engine", "serve", "-w", str(workspace)),
                *("--ready-fd", str(ready_fd), "--kept-by", str(kept.pid)),
                *("--restarts", str(kept.restarts), "--ended", kept.ended),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            pass_fds=(ready_fd,),
        )
    finally:
        os.close(log)


def _refused(error: VgwmError) -> bytes:
    """Return an error as an engine says it in its first word."""
    body = {
        "code": error.code,
        "what": error.what,
        "where": error.where,
        "remedy": error.remedy,
        "exit_code": error.exit_code,
    }
    return json.dumps(body).encode() + b"\n"


def _crashed(code: int) -> bool:
    """Tell a crash from an end: SIGTERM stops; what was refused would be refused again."""
    if code < 0:
        return -code not in {signal.SIGTERM, signal.SIGINT}
    return code in _COME_BACK


def _how(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
