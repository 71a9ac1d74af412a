"""What is said where a file of a look cannot be written: a full disk, or one that fails.

May import the errors and `display`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import CapacityExhausted

if TYPE_CHECKING:
    from pathlib import Path

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def no_room(what: str, path: Path, error: OSError | sqlite3.Error) -> CapacityExhausted:
    """Return the error of a write that failed, in the system's own words.

    A quota, and a full disk under a delayed allocation, arrive as a fault of the disk: so the
    remedy of that one names both.
    """
    if isinstance(error, OSError):
        full, words = error.errno in _FULL, os.strerror(error.errno or 0)
    else:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        words = str(error)
    mend = "Make room in the workspace" if full else "Look at the workspace's disk (dmesg, room)"
    return CapacityExhausted(
        what=f"{what}: {safe(words)}",
        where=safe(os.fsencode(path)),
        remedy=f"{mend}, then do it again.",
    )
