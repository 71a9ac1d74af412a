"""Several files replaced together: all or none, each old or new, the old ones kept beside.

1. Each new file is written beside its place, and flushed.
2. Each old file gets a second name, its backup: mode, owner and times stay its own.
3. A journal beside the first file names what is to be renamed; from here on the set goes forward.
4. The renames; then the journal goes.

A crash before 3 leaves every old file. A crash after it leaves a journal, which `finish` carries
out; until then each file is whole, old or new.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.atomic import FULL
from core.config.disk import Disk, RealDisk
from core.display import safe
from core.errors import BadInput, CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to be. mode: of the new one. owner: uid and gid, None for the writer's own."""

    path: Path
    content: bytes = field(repr=False)
    mode: int = 0o600
    owner: tuple[int, int] | None = None


class _Move(msgspec.Struct, frozen=True):
    """One rename of a journal: names within one folder."""

    folder: str
    temporary: str
    name: str


def replace_all(files: Sequence[NewFile], *, disk: Disk | None = None) -> list[Path]:
    """Write all files durably, or none; return where former ones are kept.

    A symlink is followed: its target is replaced. Raises Denied, CapacityExhausted or BadInput;
    then every old file stands. An error that says to repeat the command left the set half done:
    `finish` does the rest.
    """
    disk = RealDisk() if disk is None else disk
    placed = [_resolved(file) for file in files]
    finish([file.path for file in placed], disk=disk)
    journal = _journal(placed[0].path)
    temporaries: list[Path] = []
    backups: list[Path] = []
    at = placed[0].path
    try:
        for file in placed:
            at = file.path
            _sweep(disk, file.path)
        for file in placed:
            at = file.path
            temporaries.append(_beside(file.path, "new"))
            _write(disk, file, temporaries[-1])
        for file in placed:
            at = file.path
            if os.path.lexists(file.path):
                backups.append(_backup(file.path))
                disk.link(file.path, backups[-1])
                disk.sync_folder(file.path.parent)
        moves = [_move(one, file.path) for one, file in zip(temporaries, placed, strict=True)]
        _write(disk, NewFile(path=journal, content=msgspec.json.encode(moves)), journal)
        disk.sync_folder(journal.parent)
    except OSError as error:
        for one in (journal, *temporaries, *backups):
            with contextlib.suppress(OSError):
                disk.unlink(one)
        raise _named(at, error) from error
    _carry_out(disk, journal, moves)
    return backups


def finish(paths: Sequence[Path], *, disk: Disk | None = None) -> list[Path]:
    """Carry out what a crash left half done on these files; return what was renamed."""
    disk = RealDisk() if disk is None else disk
    journals = [_journal(Path(os.path.realpath(path))) for path in paths]
    return [done for journal in journals for done in _finish(disk, journal)]


def _finish(disk: Disk, journal: Path) -> list[Path]:
    try:
        moves = msgspec.json.decode(_read_own(journal), type=list[_Move])
    except FileNotFoundError:
        return []
    except (msgspec.DecodeError, UnicodeDecodeError):
        disk.unlink(journal)  # it was cut while being written: nothing had been renamed
        return []
    except OSError as error:
        raise _named(journal, error) from error
    left = [Path(move.folder) / move.name for move in moves if _temporary(move).exists()]
    _carry_out(disk, journal, moves)
    return left


def _read_own(journal: Path) -> bytes:
    """Return a journal's bytes. Raises OSError; Denied for another user's: it may name any file."""
    with os.fdopen(os.open(journal, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            raise Denied(
                what="another user's journal of a half done write stands there",
                where=safe(os.fsencode(journal)),
                remedy="Repeat the command as its owner; if nobody wrote there, remove it.",
            )
        return file.read()


def _carry_out(disk: Disk, journal: Path, moves: Sequence[_Move]) -> None:
    for move in moves:
        temporary = _temporary(move)
        try:
            if temporary.exists():
                disk.rename(temporary, Path(move.folder) / move.name)
            disk.sync_folder(Path(move.folder))
        except OSError as error:
            raise BadInput(
                what=f"a file cannot be renamed: {error.strerror}; others of its set may be new",
                where=safe(os.fsencode(Path(move.folder) / move.name)),
                remedy="Mend its folder, then repeat the command: it does the rest.",
            ) from error
    with contextlib.suppress(OSError):  # all is renamed; a journal left names nothing to do
        disk.unlink(journal)
        disk.sync_folder(journal.parent)


def _write(disk: Disk, file: NewFile, path: Path) -> None:
    handle = disk.create(path, file.mode)
    try:
        if file.owner is not None:
            disk.own(handle, *file.owner)
        rest = memoryview(file.content)
        while rest:
            rest = rest[disk.write(handle, rest) :]
        disk.sync(handle)
    finally:
        disk.close(handle)


def _sweep(disk: Disk, path: Path) -> None:
    """Remove what a crash left unfinished beside a file: it may hold secrets."""
    for stale in path.parent.glob(f".{glob.escape(path.name)}.????????.new"):
        disk.unlink(stale)


def _backup(path: Path) -> Path:
    at = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return path.with_name(f"{path.name}.{at}.backup")


def _resolved(file: NewFile) -> NewFile:
    return NewFile(
        path=Path(os.path.realpath(file.path)),
        content=file.content,
        mode=file.mode,
        owner=file.owner,
    )


def _journal(first: Path) -> Path:
    return first.with_name(f".{first.name}.vgwm-journal")


def _beside(path: Path, word: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{word}")


def _move(temporary: Path, path: Path) -> _Move:
    return _Move(folder=str(path.parent), temporary=temporary.name, name=path.name)


def _temporary(move: _Move) -> Path:
    return Path(move.folder) / move.temporary


def _named(path: Path, error: OSError) -> VgwmError:
    where = safe(os.fsencode(path))
    if error.errno in FULL:
        return CapacityExhausted(
            what="no space is left to write a file", where=where, remedy="Free some space."
        )
    if error.errno in _DENIED:
        return Denied(
            what="a file may not be written", where=where, remedy="Run as the folder's owner."
        )
    return BadInput(
        what=f"a file cannot be written: {error.strerror}",
        where=where,
        remedy="Check its folder.",
    )
