"""A log file that is set aside by size while it is written, a bounded number of files kept.

`engine.log` grows to LARGEST_BYTES, then it becomes `engine.log.1`, that one `.2`, and the last of
KEPT goes. Whatever else of the process writes to the same file (stderr, what it leaves behind when
the interpreter itself falls) is turned to the new one. A log that cannot be written never stops the
engine: lines are lost, counted, and the next one that can be written says how many.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES: Final = 8 << 20
KEPT: Final = 5
"""Files beside the one that is written: at 300 bytes a bundle the log of 150,000 bundles."""
_STDOUT: Final = 1
_STDERR: Final = 2


def rotated_set(path: Path, kept: int = KEPT) -> list[Path]:
    """Return the files of a log that are there, oldest first; the last is `path` itself."""
    older = (path.with_name(f"{path.name}.{number}") for number in range(kept, 0, -1))
    # os.path: pathlib raises for a name that is too long
    return [file for file in (*older, path) if os.path.exists(file)]  # noqa: PTH110


class RotatedFile(logging.Handler):
    """Appends records to a file of mode 0600, a line each, and rotates it.

    A file that ends within a line (the machine stopped there) gets its line end first.
    """

    def __init__(self, path: Path, *, largest_bytes: int = LARGEST_BYTES, kept: int = KEPT) -> None:
        super().__init__()
        self._path = path
        self._largest_bytes = largest_bytes
        self._kept = kept
        self._fd = _open(path)
        self._lost = 0
        # a worker thread may log while the loop does; Handler's own lock is held around emit
        self._ends = threading.Event()

    def is_open_as(self, fd: int) -> bool:
        """Whether a descriptor of this process writes to the same file."""
        return _same(fd, self._fd)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; never raises."""
        if self._ends.is_set():
            return
        try:
            line = (self.format(record) + "\n").encode()
            if os.fstat(self._fd).st_size + len(line) > self._largest_bytes:
                self._rotate()
            if self._lost:
                line = self._of_lost(record) + line
            self._append(line)
        except OSError:
            self._lost += 1
        except (TypeError, ValueError):  # a library's words and arguments that do not fit
            self.handleError(record)
        else:
            self._lost = 0

    def _append(self, line: bytes) -> None:
        written = os.write(self._fd, line)
        if written < len(line):  # no room: the begin of a line is no line
            os.ftruncate(self._fd, max(0, os.fstat(self._fd).st_size - written))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Let the file go."""
        if not self._ends.is_set():
            self._ends.set()
            os.close(self._fd)
        super().close()

    def _of_lost(self, record: logging.LogRecord) -> bytes:
        said = logging.makeLogRecord(
            {
                "name": record.name,
                "levelno": logging.WARNING,
                "levelname": "WARNING",
                "msg": "%d lines before this one could not be written",
                "args": (self._lost,),
                "created": record.created,
                "kind": "lost",
            }
        )
        return (self.format(said) + "\n").encode()

    def _rotate(self) -> None:
        for number in range(self._kept, 1, -1):
            newer = self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                newer.replace(self._path.with_name(f"{self._path.name}.{number}"))
        if self._path.exists():
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        fresh = _open(self._path)
        for fd in (_STDOUT, _STDERR):
            if _same(fd, self._fd):
                os.dup2(fresh, fd)
        os.close(self._fd)
        self._fd = fresh


def _open(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        os.write(fd, b"\n")
    return fd


def _same(one: int, other: int) -> bool:
    try:
        return os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:  # a process without stderr
        return False
