"""Opening files and folders of the source without moving their atime (I6).

O_NOATIME needs the file's owner or root; under a mount with `noatime`, or read-only, plain opens
are as quiet. Nothing here creates, writes or locks. May import the errors and `display`.
Source: docs/source.md.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""NONBLOCK: a fifo put in a file's place must not hang us."""

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_ENCODING: Final = sys.getfilesystemencoding()


def quiet_flag(folders: Iterable[Path]) -> int:
    """Return what an open has to carry so that no atime moves: O_NOATIME, or 0 where none can.

    Folders that do not exist are left out: who opens them will say so.
    """
    for folder in folders:
        try:
            mounted = os.statvfs(folder).f_flag
        except OSError:
            continue
        if not mounted & (os.ST_NOATIME | os.ST_RDONLY):
            return os.O_NOATIME
    return 0


def open_folder(path: bytes, quiet: int, *, dir_fd: int | None = None, follow: bool = False) -> int:
    """Open a folder for listing and return its descriptor.

    Raises OSError as the system says it, and Denied where only an atime-moving open is allowed.
    """
    flags = (FOLDER & ~os.O_NOFOLLOW if follow else FOLDER) | quiet
    try:
        return os.open(path, flags, dir_fd=dir_fd)
    except PermissionError as error:
        raise_if_not_owner(error, path)
        raise


def raise_if_not_owner(error: OSError, path: bytes) -> None:
    """Raise Denied when O_NOATIME was refused: reading on would change the source (I6)."""
    if error.errno == errno.EPERM:
        raise Denied(
            what=f"{safe(path)} cannot be read without changing its access time",
            where="source",
            remedy="Run as the gateway's user or root, or remount the source with noatime.",
        ) from error


def list_names(folder_fd: int) -> list[bytes]:
    """Return the names in an open folder, in no order, folders with a slash behind them.

    What a symlink points to is not looked at.
    """
    # By descriptor names come as text: a listing by path would open the folder once more, loudly.
    with os.scandir(folder_fd) as entries:
        return [
            entry.name.encode(_ENCODING, "surrogateescape") + b"/"
            if entry.is_dir(follow_symlinks=False)
            else entry.name.encode(_ENCODING, "surrogateescape")
            for entry in entries
        ]
