"""Copies of the gateway's files, hashed, in a folder of their own: whole, or not there.

`backup.json` beside the copies says what each was: kind, path, mode, owner, SHA-256. A copy is read
again and compared before the folder gets its name.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.atomic import FULL, write_text
from core.display import safe
from core.errors import BadInput, Broken, CapacityExhausted, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FOLDER: Final = "backups"
"""Below a workspace."""

MANIFEST: Final = "backup.json"

_PIECE: Final = 1 << 20


class Part(StrEnum):
    """What a file is to the gateway; the last four are kept before a cutover only."""

    CONFIG = "config"
    IAM = "iam"
    UNIT = "unit"
    BINARY = "binary"
    LEDGER = "ledger"
    TABLE = "object-table"
    LB_MAP = "lb-map"
    LB_CONFIG = "lb-config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file to keep. path: absolute."""

    part: Part
    path: Path


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was kept. copy: its name in the folder. mode: octal; uid, gid: the original's."""

    part: Part
    path: str
    copy: str
    size_bytes: int
    sha256: str
    mode: str
    uid: int
    gid: int
    mtime_ns: int


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """What one backup holds."""

    v: int = 1
    at_ns: int
    files: list[Kept]


def keep(wanted: Sequence[Wanted], folder: Path) -> tuple[Path, Backup]:
    """Copy files into a new folder below `folder`, durably; return where and what.

    Mode and times are kept, the owner where we may. Raises BadInput, Denied, CapacityExhausted; and
    Broken if a copy reads back otherwise. Then no folder is left.
    """
    at_ns = time.time_ns()
    stamp = datetime.fromtimestamp(at_ns / 1e9, tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    final = folder / f"config-{stamp}"
    part = folder / f".config-{stamp}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
        kept = [copy_in(one, part, number) for number, one in enumerate(wanted)]
        backup = Backup(at_ns=at_ns, files=kept)
        write_text(
            part / MANIFEST, msgspec.json.format(msgspec.json.encode(backup)).decode() + "\n"
        )
        part.rename(final)
        _sync(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise _named(folder, error) from error
    except VgwmError:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return final, backup


def weigh(one: Wanted) -> Kept:
    """Return what keeping a file would say of it, without a copy. Raises as `keep`."""
    try:
        found = one.path.stat()
        return _kept(one, "", found, _digest(one.path))
    except OSError as error:
        raise _named(one.path, error) from error


def copy_in(one: Wanted, part: Path, number: int) -> Kept:
    """Copy a file into a folder, durably, and read the copy again. Raises as `keep`."""
    copy = part / f"{number:02d}-{one.part}-{one.path.name}"
    try:
        if not stat.S_ISREG(one.path.stat().st_mode):
            raise BadInput(
                what="this is no file", where=safe(os.fsencode(one.path)), remedy="Name a file."
            )
        before = _digest(one.path)
        shutil.copyfile(one.path, copy)
        found = one.path.stat()
    except OSError as error:
        raise _named(one.path, error) from error
    with suppress(PermissionError):  # only root gives files away; the manifest knows the owner
        os.chown(copy, found.st_uid, found.st_gid)
    copy.chmod(stat.S_IMODE(found.st_mode))
    os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    if _digest(copy) != before:
        raise Broken(
            what="a copy reads back otherwise than its file",
            where=safe(os.fsencode(one.path)),
            remedy="If the file was being changed, repeat the command; else look at the disk.",
        )
    return _kept(one, copy.name, found, before)


def _kept(one: Wanted, copy: str, found: os.stat_result, digest: str) -> Kept:
    return Kept(
        part=one.part,
        path=safe(os.fsencode(one.path)),
        copy=safe(copy),
        size_bytes=found.st_size,
        sha256=digest,
        mode=f"{stat.S_IMODE(found.st_mode):04o}",
        uid=found.st_uid,
        gid=found.st_gid,
        mtime_ns=found.st_mtime_ns,
    )


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _named(path: Path, error: OSError) -> VgwmError:
    where = safe(os.fsencode(error.filename or path))
    if isinstance(error, PermissionError):
        return Denied(what="a file may not be copied", where=where, remedy="Run as root.")
    if error.errno in FULL:
        return CapacityExhausted(
            what="no space is left for a backup", where=where, remedy="Free some space, or --to."
        )
    return BadInput(
        what=f"a file cannot be copied: {error.strerror}", where=where, remedy="Check its path."
    )
