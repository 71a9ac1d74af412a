"""What is kept before a fence: read again and hashed, or the fence is refused.

One folder a set below `backups/` of the workspace, `cutover-STAMP`, whole or not there; `set.json`
in it says what each copy was. `core.engine.returning.backing_up` makes them.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

from core.config.backup import Kept, Part
from core.cutover.gate import Gate
from core.display import safe
from core.errors import Broken, VgwmError
from core.ledger.connection import FAULTS, open_reader
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PREFIX: Final = "cutover-"
MANIFEST: Final = "set.json"
LIMIT_S: Final = 24 * 3600.0
"""From this age on a set counts for nothing."""

_NAME: Final = "backups"
_REMEDY: Final = "A run makes, opens and hashes a new set before its fence: vgwm cutover start."
_PIECE: Final = 1 << 20


class BackupSet(msgspec.Struct, frozen=True, kw_only=True):
    """What one set holds. absent: what was looked for and is not there, with why, safe to show."""

    v: int = 1
    workspace: str
    at_ns: int
    files: list[Kept]
    absent: list[str] = []

    def of(self, *parts: Part) -> list[Kept]:
        """Return the copies of these kinds."""
        return [one for one in self.files if one.part in parts]

    @property
    def size_bytes(self) -> int:
        """What all copies hold together."""
        return sum(one.size_bytes for one in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A set that was read to its last byte."""

    folder: Path
    found: BackupSet


def newest(folder: Path) -> Path | None:
    """Return the newest set below a workspace's `backups/`, None if there is none."""
    try:
        names = [one.name for one in folder.iterdir() if one.name.startswith(PREFIX)]
    except OSError:
        return None
    return folder / max(names) if names else None


def read_set(folder: Path, workspace: str) -> BackupSet:
    """Return what a set says that it holds; nothing of it is opened. Raises Broken. Blocks."""
    try:
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=BackupSet)
    except (OSError, msgspec.MsgspecError) as error:
        raise _broken(folder, "its set.json cannot be read") from error
    if found.workspace != workspace:
        raise _broken(folder, f"it is of workspace {safe(found.workspace)}")
    return found


def open_set(folder: Path, workspace: str) -> Opened:
    """Read a set whole: every copy there, with its hash; the ledger's a sound SQLite file.

    Raises Broken for what is missing, changed, or of another workspace. Blocks.
    """
    found = read_set(folder, workspace)
    for one in found.files:
        _require_same(folder, one)
    for one in found.of(Part.LEDGER):
        _require_ledger(folder, one)
    return Opened(folder=folder, found=found)


async def opened(folder: Path, workspace: str, wanted: Sequence[Part]) -> Gate:
    """Return the gate `backups`: the newest set below folder, opened, hashed, nothing missing.

    folder: `backups/` of the workspace. wanted: what the set has to hold, a part a file; what else
    was looked for and not found is a WARN. Without a set, or with one that cannot be read, FAIL.
    """
    at = await asyncio.to_thread(newest, folder)
    if at is None:
        return _gate(Verdict.FAIL, "no backup was made yet", time.time_ns())
    try:
        found = (await asyncio.to_thread(open_set, at, workspace)).found
    except VgwmError as error:
        return _gate(Verdict.FAIL, error.what, time.time_ns())
    return judge(found, wanted)


def judge(found: BackupSet, wanted: Sequence[Part]) -> Gate:
    """Return the gate of a set that was read whole. Pure."""
    held = Counter(one.part for one in found.files)
    missing = sorted((Counter(wanted) - held).elements())
    text = f"{len(found.files)} files, {found.size_bytes} bytes, each hashed"
    if missing:
        return _gate(Verdict.FAIL, f"{text}; missing: {', '.join(missing)}", found.at_ns)
    if found.absent:
        return _gate(Verdict.WARN, f"{text}; not kept: {'; '.join(found.absent)}", found.at_ns)
    return _gate(Verdict.PASS, text, found.at_ns)


def digest_of(path: Path) -> str:
    """Return a file's SHA-256, in hex. Raises OSError."""
    state = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            state.update(piece)
    return state.hexdigest()


def _require_same(folder: Path, one: Kept) -> None:
    try:
        told = digest_of(folder / one.copy)
    except OSError as error:
        raise _broken(folder, f"{one.copy} cannot be read") from error
    if told != one.sha256:
        raise _broken(folder, f"{one.copy} was changed since it was kept")


def _require_ledger(folder: Path, one: Kept) -> None:
    try:
        with closing(open_reader(folder / one.copy)) as conn:
            (told,) = conn.execute("PRAGMA quick_check(1)").fetchone()
    except (*FAULTS, sqlite3.Error) as error:
        raise _broken(folder, f"{one.copy} is no ledger") from error
    if told != "ok":
        raise _broken(folder, f"{one.copy} is a damaged ledger")


def _gate(verdict: Verdict, evidence: str, at_ns: int) -> Gate:
    return Gate(
        name=_NAME,
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=LIMIT_S,
        remedy="" if verdict is Verdict.PASS else _REMEDY,
    )


def _broken(folder: Path, what: str) -> Broken:
    return Broken(
        what=f"a backup cannot be used: {what}",
        where=safe(os.fsencode(folder)),
        remedy="The next run makes a new set; back without it: vgwm rollback plan.",
    )
