"""Symlinks in a bucket: what they lead to, found without a gap between looking and opening.

Following moves the link's own atime, the one exception to I6; what it leads to stays quiet.
Imports nothing of the project but quiet opening.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from os import stat_result


class Target(NamedTuple):
    """A followed link. seen is None where it must not be followed; why says so."""

    seen: stat_result | None
    why: str


def look_behind(name: bytes, *, dir_fd: int, real_root: bytes) -> Target:
    """Return the stat of the regular file under the root that a link leads to, or why not."""
    try:
        fd = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=dir_fd)
    except FileNotFoundError:
        return Target(None, "a dangling symlink")
    except OSError as error:
        return Target(None, f"a symlink: {error.strerror}")
    try:
        return _judge(fd, real_root)
    finally:
        os.close(fd)


def open_behind(name: bytes, flags: int, *, dir_fd: int, real_root: bytes) -> int | None:
    """Open what a link leads to; None where `look_behind` would not have followed it.

    Raises OSError as the open says it.
    """
    fd = os.open(name, os.O_PATH | os.O_CLOEXEC, dir_fd=dir_fd)
    try:
        if _judge(fd, real_root).seen is None:
            return None
        # The file that was judged, whatever the link says by now; this link of /proc is followed.
        return os.open(b"/proc/self/fd/%d" % fd, flags & ~os.O_NOFOLLOW)
    finally:
        os.close(fd)


def _judge(fd: int, real_root: bytes) -> Target:
    seen = os.fstat(fd)
    if stat.S_ISDIR(seen.st_mode):
        return Target(None, "a symlink to a directory")
    if not stat.S_ISREG(seen.st_mode):
        return Target(None, "a symlink to a special file")
    # bytes in, bytes out: a Path would hold text
    real = os.readlink(b"/proc/self/fd/%d" % fd)  # noqa: PTH115
    if not real.startswith(real_root.rstrip(b"/") + b"/"):
        return Target(None, "a symlink out of the source")
    return Target(seen, "")
