"""The system calls of a careful write, one method each: a test stands between any two of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Disk(Protocol):
    """Where files are written."""

    def create(self, path: Path, mode: int) -> int:
        """Make a file that is not there, and return a descriptor for writing."""
        ...

    def write(self, handle: int, content: memoryview) -> int:
        """Write some of the content, and return how many bytes."""
        ...

    def own(self, handle: int, uid: int, gid: int) -> None:
        """Give a file to a user."""
        ...

    def sync(self, handle: int) -> None:
        """Make what was written durable."""
        ...

    def close(self, handle: int) -> None:
        """Close a descriptor."""
        ...

    def link(self, path: Path, second: Path) -> None:
        """Give a file a second name."""
        ...

    def rename(self, path: Path, to: Path) -> None:
        """Give a file another's name; the other is gone at that moment."""
        ...

    def unlink(self, path: Path) -> None:
        """Take a name away."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Make names in a folder durable."""
        ...


class RealDisk:
    """The file system."""

    def create(self, path: Path, mode: int) -> int:
        """Make a file of exactly this mode, whatever the process's mask."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.fchmod(handle, mode)
        return handle

    def write(self, handle: int, content: memoryview) -> int:
        """Write once."""
        return os.write(handle, content)

    def own(self, handle: int, uid: int, gid: int) -> None:
        """Change owner and group."""
        os.fchown(handle, uid, gid)

    def sync(self, handle: int) -> None:
        """Flush to the device."""
        os.fsync(handle)

    def close(self, handle: int) -> None:
        """Close it."""
        os.close(handle)

    def link(self, path: Path, second: Path) -> None:
        """Link hard."""
        second.hardlink_to(path)

    def rename(self, path: Path, to: Path) -> None:
        """Rename within a folder."""
        path.replace(to)

    def unlink(self, path: Path) -> None:
        """Unlink; what is gone already is fine."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Open the folder and flush it."""
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
