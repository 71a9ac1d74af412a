"""The kernel's own account of what happens to names of a file system (fanotify, Linux 5.9).

    with a mark on each file system, every change of a name there is an event, whoever makes it on
    this host: Watch.begin, Watch.events. Other hosts of a network file system are not seen.

An event tells its folder by a handle, which is opened to learn its path; that moves no atime, and
the watch itself changes nothing (I6). Needs CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH: root.
May import the errors and `display`. Source: fanotify(7).
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import safe
from core.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ATTRIBUTES: Final = 0x4
CLOSED: Final = 0x8
MOVED_FROM: Final = 0x40
MOVED_TO: Final = 0x80
CREATED: Final = 0x100
DELETED: Final = 0x200
OVERFLOW: Final = 0x4000
FOLDER: Final = 0x40000000

_WANTED: Final = ATTRIBUTES | CLOSED | MOVED_FROM | MOVED_TO | CREATED | DELETED | FOLDER
_INIT: Final = 0x1 | 0x2 | 0x400 | 0x800  # CLOEXEC, NONBLOCK, REPORT_DIR_FID, REPORT_NAME
_ADD_FILE_SYSTEM: Final = 0x1 | 0x100
_AT_FDCWD: Final = -100
_FOLDER_AND_NAME: Final = 2

_EVENT: Final = struct.Struct("=IBBHQii")  # length, version, -, header's length, mask, fd, pid
_PLACE: Final = struct.Struct("=BBHQIi")  # kind, -, length, file system, handle's bytes, its type
_READ_BYTES: Final = 256 << 10
_MOST_READS: Final = 64
"""Of one call: whoever changes names faster than they are read has the queue run over."""

_MOST_PATHS: Final = 10_000


class Event(NamedTuple):
    """Something that happened to a name. folder: its absolute path, b"" where it is gone by now.

    mask: of the constants above, several where the kernel merged them.
    """

    mask: int
    folder: bytes
    name: bytes


class Watch:
    """Watches the file systems of some folders."""

    def __init__(self, folders: Sequence[bytes]) -> None:
        self._folders = folders
        self._calls = ctypes.CDLL(None, use_errno=True)
        self._calls.fanotify_mark.argtypes = [
            *(ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
        ]
        self._fd = -1
        self._mounts: dict[int, int] = {}
        self._paths: dict[tuple[int, bytes], bytes] = {}

    def begin(self) -> None:
        """Watch from now on. Raises Denied where this kernel or user cannot."""
        self._fd = self._calls.fanotify_init(_INIT, os.O_RDONLY | os.O_CLOEXEC)
        if self._fd < 0:
            raise _denied("the kernel")
        for folder in self._folders:
            try:
                mount = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as error:
                ctypes.set_errno(error.errno or 0)
                raise _denied(safe(folder)) from error
            system = os.fstatvfs(mount).f_fsid
            if system in self._mounts:
                os.close(mount)
                continue
            self._mounts[system] = mount
            mark = self._calls.fanotify_mark
            if mark(self._fd, _ADD_FILE_SYSTEM, _WANTED, _AT_FDCWD, folder) < 0:
                raise _denied(safe(folder))

    def events(self) -> Iterator[Event]:
        """Yield what has happened since the last call. Raises OSError."""
        for _ in range(_MOST_READS):
            try:
                page = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                return
            yield from self._told(page)

    def close(self) -> None:
        """Watch no more."""
        for fd in [*self._mounts.values(), *([self._fd] if self._fd >= 0 else [])]:
            os.close(fd)
        self._fd = -1
        self._mounts.clear()
        self._paths.clear()

    def _told(self, page: bytes) -> Iterator[Event]:
        at = 0
        while at < len(page):
            length, _, _, head, mask, _, _ = _EVENT.unpack_from(page, at)
            if mask & OVERFLOW:
                yield Event(mask, b"", b"")
            elif length > head:
                yield self._event(mask, page[at + head : at + length])
            at += length

    def _event(self, mask: int, info: bytes) -> Event:
        kind, _, length, system, size, _ = _PLACE.unpack_from(info)
        if kind != _FOLDER_AND_NAME:
            return Event(mask, b"", b"")
        begins = _PLACE.size - 8
        handle = info[begins : _PLACE.size + size]
        name = info[_PLACE.size + size : length].partition(b"\0")[0]
        folder = self._path(system, handle)
        if mask & FOLDER and mask & (MOVED_FROM | MOVED_TO):
            self._moved(folder + b"/" + name)
        return Event(mask, folder, name)

    def _moved(self, path: bytes) -> None:
        """Forget what lies below a folder that has another name now."""
        below = path + b"/"
        self._paths = {
            at: known
            for at, known in self._paths.items()
            if known != path and not known.startswith(below)
        }

    def _path(self, system: int, handle: bytes) -> bytes:
        known = self._paths.get((system, handle))
        if known is not None:
            return known
        path = self._asked(self._mounts.get(system), handle)
        if path:
            if len(self._paths) >= _MOST_PATHS:
                self._paths.clear()
            self._paths[system, handle] = path
        return path

    def _asked(self, mount: int | None, handle: bytes) -> bytes:
        """Open a handle and return its path; b"" where there is no such folder any more."""
        if mount is None:
            return b""
        held = ctypes.create_string_buffer(handle, len(handle))
        fd = self._calls.open_by_handle_at(mount, held, os.O_PATH | os.O_CLOEXEC)
        if fd < 0:
            return b""
        try:
            # bytes, which are no text
            return os.readlink(b"/proc/self/fd/%d" % fd)  # noqa: PTH115
        finally:
            os.close(fd)


def _denied(where: str) -> Denied:
    why = os.strerror(ctypes.get_errno())
    return Denied(
        what=f"changes of the source's file system cannot be watched: {why}",
        where=where,
        remedy="fanotify needs root, Linux 5.9, and a file system that has file handles, such as"
        " ext4 or XFS; else hints: access-log.",
    )
