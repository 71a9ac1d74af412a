"""The coordinator's side of the process that workers are forked from.

A fresh interpreter, since grpc and threads live in the coordinator; it forks while it has one
thread. Every call here blocks for a moment: to be made in a thread. May import `fork_wire`, and the
redactor.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.engine.crew.fork_wire import ENDED, FORK, REPLY, REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_TRIES: Final = 2


class ForkServerGone(OSError):
    """The fork server ended as often as it was begun. code: how the last one did, as `Forked`'s."""

    def __init__(self, code: int | None) -> None:
        super().__init__(0, "the process that workers are forked from ends at once")
        self.code = code


class Forked:
    """A worker's process. pid: its own; the fork server is its parent."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        # its parent alone can reap it, so that until then the number is no other's
        self._pidfd = os.pidfd_open(pid)
        self._reaping = threading.Lock()
        self._reaped = False
        self._code: int | None = None

    def wait(self, limit_s: float | None = None) -> int | None:
        """Return its exit code once it has ended, negative for a signal; None if nobody knows.

        Raises TimeoutError after limit_s. Any number of threads may wait.
        """
        if not self._reaped:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            if not poll.poll(None if limit_s is None else limit_s * 1000):
                raise TimeoutError
        with self._reaping:
            if not self._reaped:
                self._code = self._server.ended(self.pid)
                self._reaped = True
                os.close(self._pidfd)
        return self._code

    def kill(self) -> None:
        """End it at once."""
        with self._reaping:
            if not self._reaped:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)


class ForkServer:
    """Forks workers. Started by the first one, or ahead by `warm`; begun anew if it dies.

    without: variables that hold secrets. Workers need none (I3), and any process of this user can
    read another's environment; what the redactor takes for a secret is left out, too.

    on_death: hears, on the event loop, who died again and again, and how.
    """

    def __init__(self, board_fd: int, *, without: Collection[str] = ()) -> None:
        self._board_fd = board_fd
        self._without = without
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self._one_at_a_time = threading.Lock()
        self.on_death: Callable[[str, str], None] = lambda _who, _how: None

    def warm(self) -> None:
        """Begin to load what workers need."""
        with self._one_at_a_time:
            if self._process is None:
                self._start()

    def fork(self, slot: int) -> tuple[Forked, socket.socket]:
        """Return a new worker and our end of its pipe.

        Raises ForkServerGone, or another OSError: no process to be had.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                pid = self._born(slot, theirs.fileno())
            return Forked(self, pid), ours
        except OSError:
            ours.close()
            raise

    def _born(self, slot: int, pipe: int) -> int:
        code: int | None = None
        for _ in range(_TRIES):
            with self._one_at_a_time:
                pid = _ask(self._orders or self._start(), FORK, slot, pipe)
                if pid is None:
                    code = self._drop()
                    continue
            if pid < 0:
                raise OSError(-pid, os.strerror(-pid))
            return pid
        raise ForkServerGone(code)

    def ended(self, pid: int) -> int | None:
        """Return the exit code of a worker that has ended; None if its parent died before."""
        with self._one_at_a_time:
            return None if self._orders is None else _ask(self._orders, ENDED, pid)

    def close(self) -> None:
        """End the process; workers that are left end with their pipes."""
        with self._one_at_a_time:
            self._drop()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [
                    *(sys.executable, "-m", "core.engine.worker.fork_main"),
                    *(str(theirs.fileno()), str(self._board_fd)),
                ],
                pass_fds=(theirs.fileno(), self._board_fd),
                stdin=subprocess.DEVNULL,
                env={
                    name: value
                    for name, value in os.environ.items()
                    if name not in self._without and _is_harmless(f"{name}={value}")
                },
            )
        self._orders = ours
        return ours

    def _drop(self) -> int | None:
        """End the process; return how it ended, None if there was none."""
        code = None
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            self._process.kill()  # it holds nothing, and may hang
            code = self._process.wait()
            self._process = None
        return code


def _is_harmless(variable: str) -> bool:
    return redact(variable) == variable


def _ask(orders: socket.socket, what: bytes, number: int, fd: int | None = None) -> int | None:
    """Return the answer, None when the process is gone."""
    try:
        socket.send_fds(orders, [REQUEST.pack(what, number)], [] if fd is None else [fd])
        reply = orders.recv(REPLY.size)
    except ConnectionError:
        return None
    answer: int | None = REPLY.unpack(reply)[0] if len(reply) == REPLY.size else None
    return answer
