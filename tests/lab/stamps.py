"""The stamps of every file of a tree, taken without moving one (I6)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO_NS = 1_000_000_000 * 10**9


class Stamp(NamedTuple):
    """A file as lstat shows it; atime_ns 0 for symlinks, whose own atime following moves."""

    ino: int
    mode: int
    size: int
    atime_ns: int
    mtime_ns: int
    ctime_ns: int


def stamps(root: Path) -> dict[bytes, Stamp]:
    """Return the stamp of everything at and below root, by its path relative to it."""
    found: dict[bytes, Stamp] = {}
    _walk(os.fsencode(root), b".", found)
    return found


def make_old(root: Path) -> bool:
    """Set every atime far back, so that any plain read moves it.

    Returns False where the file system keeps no atimes: then nothing is to be seen of reads.
    """
    for name, stamp in stamps(root).items():
        if stat.S_ISREG(stamp.mode) or stat.S_ISDIR(stamp.mode):
            os.utime(os.path.join(os.fsencode(root), name), ns=(LONG_AGO_NS, stamp.mtime_ns))  # noqa: PTH118 - bytes, which are no text
    probe = root / ".probe"
    probe.write_bytes(b"x")
    os.utime(probe, ns=(LONG_AGO_NS, probe.stat().st_mtime_ns))
    probe.read_bytes()
    moved = probe.stat().st_atime_ns != LONG_AGO_NS
    probe.unlink()
    os.utime(root, ns=(LONG_AGO_NS, root.stat().st_mtime_ns))
    return moved


def _walk(root: bytes, name: bytes, found: dict[bytes, Stamp]) -> None:
    path = os.path.join(root, name)  # noqa: PTH118 - bytes, which are no text
    told = os.lstat(path)
    atime_ns = 0 if stat.S_ISLNK(told.st_mode) else told.st_atime_ns
    found[name] = Stamp(
        told.st_ino, told.st_mode, told.st_size, atime_ns, told.st_mtime_ns, told.st_ctime_ns
    )
    if stat.S_ISDIR(told.st_mode):
        for child in _names(path):
            _walk(root, os.path.join(name, child), found)  # noqa: PTH118 - bytes, which are no text


def _names(folder: bytes) -> list[bytes]:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOATIME)
    try:
        with os.scandir(opened) as entries:
            return [os.fsencode(entry.name) for entry in entries]
    finally:
        os.close(opened)
