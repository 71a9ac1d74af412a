"""Files below a folder that may be clients' configurations. Nothing is followed out of it."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.errors import BadInput, Denied

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES: Final = 5_000
LARGEST_BYTES: Final = 1 << 20
MOST_BYTES: Final = 64 << 20
_DEEPEST: Final = 4
_OURS: Final = re.compile(r"\.\d{8}T\d{6}\.\d{6}Z\.backup|\.vgwm-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A regular file. content: None for one that was not read; why: of that, safe to show."""

    path: Path
    mode: int
    owner: tuple[int, int]
    content: bytes | None = field(default=None, repr=False)
    why: str = ""


def search(folder: Path) -> list[Seen]:
    """Return every regular file of a folder, down to its fourth level, in the order of names.

    Our own backups are left out. Raises BadInput for what is no folder, or holds more than 5,000
    files or 64 MiB; Denied for one that may not be listed.
    """
    where = safe(os.fsencode(folder))
    if not folder.is_dir():
        raise BadInput(
            what="this is no folder", where=where, remedy="Name the folder of the configurations."
        )
    found: list[Seen] = []
    size_bytes = 0
    for seen in _below(folder, 1):
        size_bytes += len(seen.content or b"")
        if len(found) == MOST_FILES or size_bytes > MOST_BYTES:
            raise BadInput(
                what=f"more than {MOST_FILES:,} files or 64 MiB lie below it",
                where=where,
                remedy="Name the folder that holds the clients' configurations alone.",
            )
        found.append(seen)
    return found


def _below(folder: Path, level: int) -> Iterator[Seen]:
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda one: one.name)
    except OSError as error:
        raise Denied(
            what=f"a folder cannot be listed: {error.strerror}",
            where=safe(os.fsencode(folder)),
            remedy="Run as its owner, or name the folder of the configurations alone.",
        ) from error
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink() or (entry.is_file() and not _OURS.search(entry.name)):
            yield _seen(path)
        elif entry.is_dir() and level < _DEEPEST:
            yield from _below(path, level + 1)
        elif entry.is_dir():
            yield Seen(path=path, mode=0, owner=(0, 0), why="a folder that lies too deep")


def _seen(path: Path) -> Seen:
    """Read one file; one that goes, or may not be read, is named with why."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        linked = error.errno == errno.ELOOP
        why = "a link: name its folder" if linked else f"it cannot be read: {error.strerror}"
        return Seen(path=path, mode=0, owner=(0, 0), why=why)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        mode, owner = stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid)
        if found.st_size > LARGEST_BYTES:
            return Seen(path=path, mode=mode, owner=owner, why="it is larger than 1 MiB")
        return Seen(path=path, mode=mode, owner=owner, content=file.read(LARGEST_BYTES))
