"""Where an object was opened, and whether it is still the same one there.

May import its own room's sidecar. Source: docs/source.md.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.source.posix.sidecar import Sidecar

Stamp = tuple[int, int]
"""(mtime_ns, ctime_ns) of an attribute set in sidecar mode, (0, 0) in the others."""


class Place(NamedTuple):
    """A name below an open folder. meta_name: of its set in the sidecar. followed: a symlink."""

    dir_fd: int
    name: bytes
    sidecar: Sidecar | None
    meta_name: bytes
    followed: bool = False

    def stamp(self) -> Stamp:
        """Return the stamp of the object's attribute set."""
        return (0, 0) if self.sidecar is None else self.sidecar.stamp(self.meta_name)

    def unchanged(self, fd: int, before: os.stat_result, stamp: Stamp) -> bool:
        """Tell whether the open file is what it was, and still what the name means.

        before, stamp: as seen ahead of the reading. Raises OSError.
        """
        after = os.fstat(fd)
        if (
            after.st_ctime_ns != before.st_ctime_ns
            or after.st_mtime_ns != before.st_mtime_ns
            or after.st_size != before.st_size
            or after.st_nlink != before.st_nlink
            or not after.st_nlink
        ):
            return False
        # An overwrite takes a file's only link away: nlink and ctime show it above. Only with more
        # links, or attributes beside the file, can the name have moved on while the stamps stand.
        if after.st_nlink == 1 and self.sidecar is None and not self.followed:
            return True
        return self._names(before) and self.stamp() == stamp

    def _names(self, seen: os.stat_result) -> bool:
        try:
            now = os.stat(self.name, dir_fd=self.dir_fd, follow_symlinks=self.followed)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (now.st_ino, now.st_dev) == (seen.st_ino, seen.st_dev)
