"""What a pin is in a directory: the bundle's file, of its length, with its root at the end.

The bytes between are for a look at the bytes. May import the CIDs and CARs.
"""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.dag import varint
from core.dag.car import ONE_ROOT_BYTES
from core.dag.cid import V1_BYTES
from core.display import safe

if TYPE_CHECKING:
    from pathlib import Path

    from core.model import BlockCounts, Cid

_TAILS: Final = (1 << 16, 1 << 22)
"""How much of a file's end is read: a root of a thousand links, then of many more."""

_MOST_VARINT: Final = 5
_HOW: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


def ill_of(bundles: Path, root: Cid, counts: BlockCounts | None) -> str:
    """Return what is wrong with a bundle's file, "" where it stands. Raises OSError but absence."""
    path = bundles / f"{cids.text(root)}.car"
    try:
        fd = os.open(path, _HOW)
    except FileNotFoundError:
        return "no such file"
    try:
        seen = os.fstat(fd)
        if not stat.S_ISREG(seen.st_mode):
            return "no regular file"
        if counts is not None and not _fits(seen.st_size, counts):
            return f"{seen.st_size} bytes, which its blocks are not"
        return _end_of(fd, seen.st_size, root)
    finally:
        os.close(fd)


def _fits(size: int, counts: BlockCounts) -> bool:
    """Tell whether a file can be so long: each block is framed by its CID and its length."""
    least = ONE_ROOT_BYTES + counts.section_bytes + counts.sections * (V1_BYTES - 1)
    return least <= size <= least + counts.sections * (_MOST_VARINT + 1)


def _end_of(fd: int, size: int, root: Cid) -> str:
    """Return what is wrong with the last section, which is the root's."""
    for length in _TAILS:
        tail = os.pread(fd, min(length, size), max(0, size - length))
        at = tail.rfind(root)
        if at >= 1:
            block = tail[at + len(root) :]
            head = varint.encode(len(root) + len(block))
            if not tail[:at].endswith(head):
                return "cut off behind its root"
            if sha256(block).digest() != cids.digest(root):
                return "its root does not hash to its name"
            return ""
        if len(tail) == size:
            break
    return f"does not end with its root {safe(cids.text(root)[-8:])}"
