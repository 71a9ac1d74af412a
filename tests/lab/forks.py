"""Command lines at a fifth of their price: forked from a process that has loaded `vgwm` once.

What a test says about starting, signals or terminals needs the program itself: of a fork, /proc
tells the command line and the environment of the process that it was forked from.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.lab.forked import ORDER_BYTES
from tests.lab.missing import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT: Final = Path(__file__).parents[2]
LIMIT_S: Final = 110


class Ended(NamedTuple):
    """What a command wrote, and its exit code: negative for the signal that ended it."""

    code: int
    out: bytes
    err: bytes


class Begun:
    """A command at work. out, err: what it writes; told: its code, when it has ended."""

    def __init__(self, out: int, err: int, told: int) -> None:
        self.out = out
        self._read = {out: b"", err: b"", told: b""}
        self._told = told
        self.pid = _number(told)

    def wait(self, limit_s: float = LIMIT_S) -> Ended:
        """Return when it has ended and its pipes are closed; at the limit, kill it and raise."""
        deadline = time.monotonic() + limit_s
        try:
            with selectors.DefaultSelector() as selector:
                for fd in self._read:
                    selector.register(fd, selectors.EVENT_READ)
                while selector.get_map():
                    ready = selector.select(max(0.0, deadline - time.monotonic()))
                    if not ready:
                        self.kill()
                        raise LabError(f"a command took more than {limit_s:.0f} s")
                    for key, _events in ready:
                        self._more(key.fd, selector)
        finally:
            for fd in self._read:
                os.close(fd)
        out, err, told = self._read.values()
        if not told:
            raise LabError(f"nobody told how a command ended: {err!r}")
        return Ended(int(told), out, err)

    def _more(self, fd: int, selector: selectors.BaseSelector) -> None:
        piece = os.read(fd, 65_536)
        self._read[fd] += piece
        if not piece:
            selector.unregister(fd)

    def kill(self) -> None:
        """SIGKILL, if it is at work still: its wait ends."""
        if not self._read[self._told]:
            os.kill(self.pid, signal.SIGKILL)


def _number(told: int) -> int:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(told, 1)
        if not piece:
            raise LabError("the process that commands are forked from is gone")
        line += piece
    return int(line)


class Forks:
    """The process that has loaded everything, as a client sees it. It ends with this one."""

    def __init__(self, lang: str | None) -> None:
        env = {"PATH": os.environ["PATH"], **({"LANG": lang} if lang is not None else {})}
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "tests.lab.forked", str(theirs.fileno())],
                cwd=ROOT,
                env=env,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def begin(self, words: Sequence[str], env: Mapping[str, str], cwd: Path | None = None) -> Begun:
        """Begin `vgwm` with these arguments in this whole environment; its stdin is empty."""
        order = {"words": [*words], "env": {**env}, "cwd": str(cwd or Path.cwd())}
        data = json.dumps(order).encode()
        if len(data) > ORDER_BYTES:
            raise LabError(f"an order of {len(data)} bytes")
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - no Path of ours
            pipes = [os.pipe() for _ in range(3)]
            theirs = [write for _, write in pipes]
            try:
                socket.send_fds(self._control, [data], [nothing.fileno(), *theirs])
            finally:
                for fd in theirs:
                    os.close(fd)
        return Begun(*(read for read, _ in pipes))

    def close(self) -> None:
        """End the process; the commands at work go on."""
        self._control.close()
        self._process.wait()


def can_fork(env: Mapping[str, str]) -> bool:
    """Tell whether nothing but LANG decides how an interpreter in this environment starts."""
    return all(name == "LANG" or not name.startswith(("PYTHON", "LC_")) for name in env)


@cache
def forks(lang: str | None) -> Forks:
    """Return the one of this process for commands in this language, made at the first call."""
    made = Forks(lang)
    atexit.register(made.close)
    return made
