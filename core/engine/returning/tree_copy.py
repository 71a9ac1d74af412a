"""A tree copied with everything that the gateway keeps in it: extended attributes above all.

As `rsync -aHAX` would: bytes, modes, owners, times, hard links, symlinks, extended attributes (ACLs
are such). Each file is hashed while it is read, and the copy read again. Blocks; memory is the
names of hard links, and one folder.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import BadInput, Broken, CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_PIECE: Final = 1 << 20
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class TreeCopy:
    """Copies one tree into another. files, size_bytes: so far. Not for two threads."""

    def __init__(self, origin: Path, to: Path) -> None:
        self._origin = os.fsencode(origin)
        self._to = os.fsencode(to)
        self._links: dict[tuple[int, int], bytes] = {}
        self.files = 0
        self.size_bytes = 0

    def steps(self) -> Generator[None]:
        """Copy, with a step after each entry, so that a caller can pause or end it.

        What is there and already the same is not copied again. Raises Broken for a copy that reads
        back otherwise, Denied, CapacityExhausted, BadInput.
        """
        try:
            yield from self._folder(b"")
        except OSError as error:
            raise _fault(error) from error

    def _folder(self, path: bytes) -> Generator[None]:
        source, target = self._at(path)
        with suppress(FileExistsError):
            os.mkdir(target, 0o700)  # noqa: PTH102 - names are bytes
        for entry in sorted(os.scandir(source), key=lambda one: one.name):
            name = os.path.join(path, entry.name)  # noqa: PTH118 - as above
            if entry.is_dir(follow_symlinks=False):
                yield from self._folder(name)
            else:
                self._leaf(name, entry.stat(follow_symlinks=False))
                yield
        _attributes(source, target)  # last: what is made in a folder moves its times
        os.sync() if not path else None

    def _leaf(self, name: bytes, found: os.stat_result) -> None:
        source, target = self._at(name)
        first = self._links.get((found.st_dev, found.st_ino))
        if first is not None:
            if not os.path.lexists(target):
                os.link(first, target, follow_symlinks=False)
            return
        if stat.S_ISLNK(found.st_mode):
            if not os.path.lexists(target):
                os.symlink(os.readlink(source), target)  # noqa: PTH115, PTH211
        elif stat.S_ISREG(found.st_mode):
            self._file(source, target, found)
        else:
            raise BadInput(
                what="it is neither file, folder nor link",
                where=safe(source),
                remedy="A gateway's tree holds none such: take it out of the backup.",
            )
        _attributes(source, target)
        if found.st_nlink > 1:
            self._links[found.st_dev, found.st_ino] = target
        self.files += 1
        self.size_bytes += found.st_size

    def _file(self, source: bytes, target: bytes, found: os.stat_result) -> None:
        with suppress(FileNotFoundError):
            there = os.lstat(target)
            if (there.st_size, there.st_mtime_ns) == (found.st_size, found.st_mtime_ns):
                return  # copied whole: its times are set last
            os.unlink(target)  # noqa: PTH108
        read, write = os.open(source, _READ), os.open(target, _WRITE, 0o600)
        try:
            digest = sha256()
            while piece := os.read(read, _PIECE):
                digest.update(piece)
                _write_all(write, piece)
            os.fsync(write)
        finally:
            os.close(read)
            os.close(write)
        if _digest(target) != digest.digest():
            raise Broken(
                what="a restored file reads back otherwise than its backup",
                where=safe(target),
                remedy="Look at the disk that it was written to.",
            )

    def _at(self, name: bytes) -> tuple[bytes, bytes]:
        return os.path.join(self._origin, name), os.path.join(self._to, name)  # noqa: PTH118


def _attributes(source: bytes, target: bytes) -> None:
    """Carry owner, mode, extended attributes, and, last, the times."""
    found = os.lstat(source)
    with suppress(PermissionError):  # only root gives files away
        os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)
    for name in os.listxattr(source, follow_symlinks=False):
        value = os.getxattr(source, name, follow_symlinks=False)
        os.setxattr(target, name, value, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(target, stat.S_IMODE(found.st_mode))  # noqa: PTH101
    os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)


def _write_all(handle: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(handle, left) :]


def _digest(path: bytes) -> bytes:
    digest, handle = sha256(), os.open(path, _READ)
    try:
        while piece := os.read(handle, _PIECE):
            digest.update(piece)
    finally:
        os.close(handle)
    return digest.digest()


def _fault(error: OSError) -> VgwmError:
    where = safe(error.filename if isinstance(error.filename, bytes) else str(error.filename or ""))
    if isinstance(error, PermissionError):
        return Denied(what="a tree may not be restored", where=where, remedy="Run as root.")
    if error.errno in {28, 122}:
        return CapacityExhausted(
            what="there is no room for the restored tree", where=where, remedy="Make room."
        )
    return BadInput(
        what=f"the tree cannot be restored: {error.strerror}",
        where=where,
        remedy="Name a folder that can be read, and a new one on a disk with room.",
    )
