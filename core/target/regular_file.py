"""A file of a directory target, opened so that nothing else at its place can hold the reader up.

Opening a FIFO waits for whoever writes into it, for ever; a device may do anything.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

_HOW: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def open_regular(path: Path) -> FileIO:
    """Open a file for reading, unbuffered. Raises OSError, and FileNotFoundError for no file."""
    fd = os.open(path, _HOW)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise FileNotFoundError(errno.ENOENT, "no regular file", os.fspath(path))
    return os.fdopen(fd, "rb", buffering=0)
