"""A copy of the ledger beside it, `ledger.db.bak`: whole or not there, and known to the byte.

Made at the end of the plan and of each job, from one read transaction, while the writer goes on.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import Broken
from core.ledger import flip_marks
from core.ledger.connection import FAULTS, error_of, open_reader
from core.ledger.mark import Mark, is_there
from core.ledger.settings import EPOCH, get_meta

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.ledger.flip_marks import FlipMark

SUFFIX: Final = ".bak"
SHARE: Final = 100
"""A backup waits until a hundred times its own duration have passed: it costs 1 % at most."""


class Backups:
    """Makes backups of one ledger."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._not_before_s = 0.0
        self._flips: frozenset[FlipMark] = frozenset()

    def make(self) -> bool:
        """Copy the ledger as it is committed now; tell whether it was done. Blocks for the copy.

        Not done while the last one is younger than a hundred times its duration, unless a flip came
        since: a backup that is put back has to know who serves. Raises CapacityExhausted and
        Broken; then the old backup stands.
        """
        began_s = time.monotonic()
        flips = flips_of(self._ledger)
        if began_s < self._not_before_s and flips == self._flips:
            return False
        copy_to(self._ledger, place_of(self._ledger))
        self._flips = flips
        ended_s = time.monotonic()
        self._not_before_s = ended_s + SHARE * (ended_s - began_s)
        return True


def place_of(ledger: Path) -> Path:
    """Return where a ledger's backup is."""
    return Path(f"{ledger}{SUFFIX}")


def copy_to(ledger: Path, backup: Path) -> None:
    """Copy a ledger, that may be written meanwhile, to a file with its mark."""
    part = Path(f"{backup}.new")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        with closing(open_reader(ledger)) as source, closing(sqlite3.connect(part)) as target:
            target.execute("PRAGMA synchronous=OFF")  # it is synced below, at once
            source.backup(target)
            epoch = int(get_meta(target, EPOCH) or 0)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        mark = Mark.of(part, epoch)
        # the mark is last: a backup that it does not fit is none
        part.replace(backup)
        mark.write(backup)
    except FAULTS as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise error_of(error, backup) from error


def flips_of(ledger: Path) -> frozenset[FlipMark]:
    """Return every flip that a ledger ever held. Raises Broken and what reading raises."""
    try:
        with closing(open_reader(ledger)) as conn:
            return flip_marks.known(conn).ever
    except FAULTS as error:
        raise error_of(error, ledger) from error


def _flips_in(backup: Path) -> frozenset[FlipMark]:
    """Return the same of a backup, beside which reading may leave no file."""
    uri = f"{backup.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as conn:
        return flip_marks.known(conn).ever


def is_sound(backup: Path) -> bool:
    """Tell whether a backup is there and what it was. Reads all of it."""
    mark = Mark.read(backup)
    return mark is not None and backup.exists() and mark.fits(backup)


def knowing(ledger: Path, marks: Collection[FlipMark]) -> str:
    """Say how the backup beside a ledger is put back, if it knows these flips; else ""."""
    backup = place_of(ledger)
    try:
        if not is_sound(backup) or not _flips_in(backup).issuperset(marks):
            return ""
    except FAULTS:
        return ""
    return f"{put_back(ledger)}; then vgwm engine start"


def put_back(ledger: Path) -> str:
    """Return the line that puts the backup in a ledger's place, with no engine at work."""
    name = ledger.name
    return f"rm -f {name}-wal {name}-shm && cp {place_of(ledger).name} {name}"


def remedy(ledger: Path) -> str:
    """Say how to go on with a ledger that cannot be trusted."""
    name = ledger.name
    backup = place_of(ledger)
    if not is_sound(backup):
        if is_there(flip_marks.beside(ledger)):
            return (
                f"There is no sound backup, and by {flip_marks.FILE_NAME} green serves clients: to"
                " plan and copy again would write over them. Put a ledger of after the flip back:"
                " docs/rollback.md."
            )
        return (
            f"There is no sound backup. Move {name}, {name}-wal and {name}.sum away, then plan and"
            " copy again: what is at the target is found there, and stays."
        )
    at = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(backup.stat().st_mtime))
    return (
        f"Restore the backup of {at}: in the workspace, {put_back(ledger)}; then vgwm engine start:"
        " what came after it is done again."
    )


def with_remedy(error: Broken, ledger: Path) -> Broken:
    """Return a fault of the ledger with the way out that there is now."""
    return Broken(what=error.what, where=error.where, remedy=remedy(ledger))
