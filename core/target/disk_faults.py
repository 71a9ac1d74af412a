"""What the operating system says of a directory target, or of a file that a command leaves behind.

Turned into our errors, in one place.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied, NodeUnreachable, VgwmError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_SHAPE = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT})


def disk_error(error: OSError, *, doing: str, path: Path) -> VgwmError:
    """Return our error for one of the operating system's at path, while doing something."""
    code = error.errno or 0
    shown = safe(os.fsencode(path))
    what = f"{os.strerror(code)} at {shown}"
    if code in _FULL:
        remedy = "Make room on that file system; the bundle is then written again by itself."
        return CapacityExhausted(what=what, where=doing, remedy=remedy)
    if code in _DENIED:
        remedy = f"Give this user the right to write in {shown}, then resume the job."
        return Denied(what=what, where=doing, remedy=remedy)
    if code in _SHAPE:
        remedy = "Let target.path name a directory that vgwm may keep its files in."
        return BadInput(what=what, where=doing, remedy=remedy)
    remedy = "Look at the disk or mount (dmesg), then resume the job."
    return NodeUnreachable(what=what, where=doing, remedy=remedy)


def file_error(error: OSError, *, doing: str, path: Path) -> VgwmError:
    """Return the same for a file that is no target's: a report, a list, a part of one."""
    code = error.errno or 0
    shown = safe(os.fsencode(path))
    what = f"{os.strerror(code)} at {shown}"
    if code in _FULL:
        remedy = "Make room on that file system, then do it again."
        return CapacityExhausted(what=what, where=doing, remedy=remedy)
    if code in _DENIED:
        remedy = f"Give this user the right to write in {shown}, then do it again."
        return Denied(what=what, where=doing, remedy=remedy)
    if code in _SHAPE:
        remedy = f"Let {safe(os.fsencode(path.parent))} be a directory that files can be kept in."
        return BadInput(what=what, where=doing, remedy=remedy)
    remedy = "Look at the disk or mount (dmesg), then do it again."
    return NodeUnreachable(what=what, where=doing, remedy=remedy)
