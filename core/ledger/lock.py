"""One engine a workspace: an flock on `engine.lock`, with the holder's pid in it.

The kernel drops an flock with its process, so a lock can never be left behind by kill -9; a pid in
a file that nobody holds tells of an unclean end. The file is never removed: removing it would let
two engines hold two files of one name.
"""

from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING, Self

from core.display import safe
from core.errors import CapacityExhausted, Denied, WrongState

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

LOCK_NAME = "engine.lock"


class WorkspaceLock:
    """The right to be a workspace's engine, or under another name its keeper.

    path: the workspace's directory.
    stale_pid: after `acquire`, the pid of a holder that ended without releasing, else None.
    """

    def __init__(self, path: Path, name: str = LOCK_NAME) -> None:
        self._path = path / name
        self._fd: int | None = None
        self.stale_pid: int | None = None

    def acquire(self) -> None:
        """Take the lock without waiting.

        Raises WrongState, naming the holder, if it is taken, CapacityExhausted on a full disk.
        """
        if self._fd is not None:
            return
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise Denied(
                what=f"the workspace's lock cannot be opened ({error.strerror})",
                where=safe(str(self._path)),
                remedy=_remedy(error),
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _pid_in(fd)
            os.close(fd)
            raise WrongState(
                what=f"another engine runs on this workspace (pid {holder or 'unknown'})",
                where=safe(str(self._path.parent)),
                remedy="Use it through `vgwm status`, or stop it with `vgwm engine stop`.",
            ) from error
        self.stale_pid = _pid_in(fd)
        try:
            _write_pid(fd, str(os.getpid()))
        except OSError as error:
            os.close(fd)
            raise CapacityExhausted(
                what=f"the workspace's lock cannot be written ({error.strerror})",
                where=safe(str(self._path)),
                remedy="Make room on this file system, then repeat the command.",
            ) from error
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; the emptied file tells of a clean end."""
        if self._fd is None:
            return
        _write_pid(self._fd, "")
        # Not by closing alone: a child between fork and exec still has the descriptor.
        fcntl.flock(self._fd, fcntl.LOCK_UN)
        os.close(self._fd)
        self._fd = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _remedy(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return (
            "An engine writes there: mount it writable. vgwm status, errors, plan show and report"
            " read it as it is."
        )
    return "Check that the workspace exists and is yours."


def _pid_in(fd: int) -> int | None:
    text = os.pread(fd, 32, 0).strip()
    return int(text) if text.isdigit() else None


def _write_pid(fd: int, text: str) -> None:
    os.ftruncate(fd, 0)
    os.pwrite(fd, text.encode("ascii"), 0)
