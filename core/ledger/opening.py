"""What is known of a ledger before it is opened, and what is looked at before it is believed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.errors import Broken, SchemaMismatch, WrongState
from core.ledger import (
    backup,
    events,
    failure_recount,
    flip_marks,
    recount,
    schema,
    seals,
    settings,
)
from core.ledger.connection import FAULTS, open_reader
from core.ledger.mark import Mark, is_there

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from core.ledger.rows import LedgerIdentity

SHOWN: Final = 3


class Left(StrEnum):
    """How the last engine left a ledger."""

    NEW = "new"  # there is none yet
    CLEAN = "clean"  # closed, and the same to the byte
    UNCLEAN = "unclean"  # its engine was killed, or the power went
    RESTORED = "restored"  # it is the backup


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A ledger before it is opened. epoch: that it must have reached, 0 if nothing tells."""

    left: Left
    epoch: int = 0


def look(ledger: Path) -> Found:
    """Look at a ledger's file and its mark. Reads the whole file if it was closed; blocks.

    Raises Broken if a closed ledger was changed, or if one that was there is gone.
    """
    mark = Mark.read(ledger)
    kept = Mark.read(backup.place_of(ledger))
    if not is_there(ledger):
        if mark is not None or kept is not None or is_there(flip_marks.beside(ledger)):
            raise Broken(
                what="the ledger is gone: its mark, backup or flips are here, the file is not",
                where=ledger.name,
                remedy=backup.remedy(ledger),
            )
        return Found(left=Left.NEW)
    if mark is not None and mark.closed and mark.fits(ledger):
        return Found(left=Left.CLEAN, epoch=mark.epoch)
    epoch = 0 if mark is None else mark.epoch
    if kept is not None and kept.fits(ledger):
        return Found(left=Left.RESTORED, epoch=epoch)
    if mark is not None and mark.closed:
        raise Broken(
            what="the ledger is not what the last engine left: it was changed since, or damaged",
            where=ledger.name,
            remedy=f"{backup.remedy(ledger)} Did you change it on purpose? Remove"
            f" {ledger.name}.sum: then every row is checked instead.",
        )
    return Found(left=Left.UNCLEAN, epoch=epoch)


def seal(ledger: Path, epoch: int) -> None:
    """Mark a ledger that was closed, with its digest; nothing, if its log is still there."""
    log = Path(f"{ledger}-wal")
    if is_there(ledger) and not is_there(log):
        Mark.of(ledger, epoch).write(ledger)


def is_made(ledger: Path) -> bool:
    """Tell whether a ledger has been made here: a crash may leave a file without any table."""
    if not is_there(ledger):
        beside = (backup.place_of(ledger), flip_marks.beside(ledger))
        return Mark.read(ledger) is not None or any(is_there(file) for file in beside)
    try:
        with closing(open_reader(ledger)) as conn:
            return not schema.is_empty(conn)
    except FAULTS:
        return True


def prepare(
    conn: sqlite3.Connection, create: LedgerIdentity | None, found: Found, where: str
) -> int:
    """Make or check the tables; return the epoch that they hold."""
    if schema.is_empty(conn):
        if found.epoch:
            raise Broken(what="the ledger lost all that it held", where=where, remedy="")
        if create is None:
            raise WrongState(
                what="the ledger is empty", where=where, remedy="Make it with `vgwm init`."
            )
        schema.create(conn)
        settings.write_identity(conn, create)
        return 0
    schema.upgrade(conn)
    try:
        schema.check(conn, where)
    except SchemaMismatch as error:
        if found.epoch and schema.is_ours(conn):  # an engine had it: nobody else changes its tables
            raise Broken(what=error.what, where=where, remedy="") from error
        raise
    if create is not None:
        settings.require_workspace(conn, create)
    return int(settings.get_meta(conn, settings.EPOCH) or 0)


def require_epoch(found: Found, epoch: int, where: str) -> None:
    """Raise Broken if a ledger has gone back behind an engine's start that was seen to it."""
    if found.left is Left.UNCLEAN and epoch < found.epoch:
        raise Broken(
            what=f"the ledger is of epoch {epoch}, an engine had begun epoch {found.epoch} on it",
            where=where,
            remedy="",
        )


def examine(conn: sqlite3.Connection, where: str) -> None:
    """Look at everything that can be looked at: 5 s a million objects. Raises Broken."""
    for look_at in (_pages, _seals, _chain, _counts, _reasons):
        wrong = look_at(conn)
        if wrong:
            raise Broken(what=wrong, where=where, remedy="")


def _pages(conn: sqlite3.Connection) -> str:
    (first,) = conn.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if first == "ok" else f"the ledger is damaged: {first}"


def _seals(conn: sqlite3.Connection) -> str:
    wrong = seals.broken(conn)
    if not wrong:
        return ""
    named = ", ".join(f"{one.what} {one.id}" for one in wrong[:SHOWN])
    return f"{len(wrong)} digests differ from what the ledger holds: {named}"


def _chain(conn: sqlite3.Connection) -> str:
    seq = events.verify(conn)
    return "" if seq is None else f"the chain of events is broken at number {seq}"


def _counts(conn: sqlite3.Connection) -> str:
    counts: tuple[Callable[[sqlite3.Connection], list[recount.Difference]], ...] = (
        recount.states,
        recount.sizes,
        failure_recount.differences,
    )
    found = [difference for count in counts for difference in count(conn)]
    return recount.told(found) if found else ""


_REASONLESS: Final = (
    "SELECT count(*) FROM failures f LEFT JOIN objects o USING(bid,key,ver) WHERE"
    " coalesce(o.st,-1) NOT IN (CASE f.disp WHEN 'failed' THEN 5 WHEN 'requeued' THEN 0 ELSE 4 END,"
    " CASE f.disp WHEN 'failed' THEN 5 WHEN 'requeued' THEN 2 ELSE 4 END)"
)


def _reasons(conn: sqlite3.Connection) -> str:
    """With as many reasons as objects without success, each reason must fit its own object."""
    (n,) = conn.execute(_REASONLESS).fetchone()
    return f"{n} reasons of failures fit no object" if n else ""
