"""Files replaced whole: a reader sees the old text or the new one, also after a crash."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What a disk without room says, and a quota."""


def write_text(
    path: Path, text: str, *, mode: int = 0o600, owner: tuple[int, int] | None = None
) -> None:
    """Replace the file by text (UTF-8), durably: fsync, rename, fsync of the folder.

    owner: uid and gid that the file gets; None: this process's. Raises Denied, CapacityExhausted,
    or BadInput for a folder that cannot be written; then the old file stands.
    """
    try:
        with replacing(path, mode=mode, owner=owner) as file:
            file.write(text.encode("utf-8"))
    except OSError as e:
        raise _named(path, e) from e


@contextmanager
def replacing(
    path: Path, *, mode: int = 0o600, owner: tuple[int, int] | None = None
) -> Iterator[IO[bytes]]:
    """Yield a file beside path, of a name that nobody had; at the end it takes path's, durably.

    Whatever is raised meanwhile leaves path as it was. Raises OSError.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - a descriptor, no path
            os.fchmod(handle, mode)
            if owner is not None:
                os.fchown(handle, *owner)
            yield file
            file.flush()
            os.fsync(handle)
        os.replace(temporary, path)  # noqa: PTH105 - both are names in one folder
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - as above
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _named(path: Path, e: OSError) -> VgwmError:
    where = safe(os.fsencode(path))
    if e.errno in FULL:
        return CapacityExhausted(
            what="no space is left to write a file", where=where, remedy="Free some space."
        )
    if isinstance(e, PermissionError):
        return Denied(
            what="a file may not be written", where=where, remedy="Run as the folder's owner."
        )
    return BadInput(
        what=f"a file cannot be written: {e.strerror}", where=where, remedy="Check its folder."
    )
