"""SQLite connections to a ledger, and SQLite's errors as ours."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from core.display import safe
from core.errors import Broken, CapacityExhausted, Denied, NoAnswer, VgwmError, WrongState
from core.ledger import seals
from core.ledger.schema import PAGE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

LEDGER_NAME: Final = "ledger.db"
"""Its file in a workspace."""

CACHE_KIB = 2_048
"""Keys come in order, so more would only make memory grow with the set."""

RESTORE = "Stop the engine and start it again: it looks at everything, and names the backup."

Fault: TypeAlias = sqlite3.Error | UnicodeDecodeError
FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What a call of SQLite may raise; the second where a damaged page gives a text that is none."""

WAL_LIMIT_BYTES = 64 * 1024 * 1024
BUSY_S = 5.0

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_UNREADABLE = frozenset(
    {
        sqlite3.SQLITE_IOERR_READ,
        sqlite3.SQLITE_IOERR_SHORT_READ,
        sqlite3.SQLITE_IOERR_CORRUPTFS,
        sqlite3.SQLITE_IOERR_DATA,
    }
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_DENIED = frozenset({sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_AUTH})
_ABSENT = frozenset({sqlite3.SQLITE_CANTOPEN})


def open_writer(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open the ledger for its one writer; with create, make an empty file if there is none.

    Transactions are explicit. synchronous=FULL: a commit that returned survives a power cut (I5).
    """
    if create:
        # SQLite gives -wal and -shm the mode of the main file, so it is made before SQLite sees it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    conn = sqlite3.connect(_uri(path, "rw"), uri=True, isolation_level=None, timeout=BUSY_S)
    try:
        conn.execute(f"PRAGMA page_size={PAGE_BYTES}")
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA temp_store=MEMORY")
        conn.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        conn.execute(f"PRAGMA journal_size_limit={WAL_LIMIT_BYTES}")
        seals.register(conn)
    except FAULTS:
        conn.close()
        raise
    return conn


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the ledger for reading, beside a living writer or without one; it never writes."""
    uri = _uri(path, "ro") + ("&immutable=1" if _is_left_alone(path) else "")
    conn = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_S)
    try:
        conn.execute("PRAGMA query_only=ON")
        conn.execute(f"PRAGMA cache_size=-{CACHE_KIB // 4}")
    except FAULTS:
        conn.close()
        raise
    return conn


def _is_left_alone(path: Path) -> bool:
    """Whether nobody writes this ledger, nor could we make the shared memory that WAL asks for.

    So it is in a workspace on a file system that is mounted read-only.
    """
    beside = (f"{path}-wal", f"{path}-shm")
    writable = os.access(path.parent, os.W_OK, effective_ids=True)
    return not writable and not any(os.path.lexists(name) for name in beside)


def error_of(error: Fault, path: Path) -> VgwmError:
    """Turn an error of SQLite into ours: no room, damage, no right, or busy.

    A write that fails counts as no room: a quota, a file-size limit and a full disk under a delayed
    allocation all arrive as one. Text that is no UTF-8, in a message of SQLite's too, is damage.
    """
    where = safe(str(path))
    if isinstance(error, UnicodeDecodeError):
        return Broken(what="the ledger is damaged (text that is none)", where=where, remedy=RESTORE)
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if code in _FULL and extended not in _UNREADABLE:
        full = code == sqlite3.SQLITE_FULL
        mend = "Make room on this file system" if full else "Look at this disk (dmesg, room)"
        return CapacityExhausted(
            what=f"the ledger cannot be written ({name})",
            where=where,
            remedy=f"Nothing was half written. {mend}, then resume the job.",
        )
    if code in _DAMAGED or extended in _UNREADABLE:
        return Broken(
            what=f"the ledger is damaged ({name})",
            where=where,
            remedy=RESTORE,
        )
    return _state_of(code, name, where)


def _state_of(code: int, name: str, where: str) -> VgwmError:
    """Return what keeps us from a sound ledger."""
    if code in _DENIED:
        return Denied(
            what=f"the ledger may not be opened ({name})",
            where=where,
            remedy="Run as the user that owns the workspace.",
        )
    if code in _ABSENT:
        return WrongState(
            what="there is no ledger here, or it cannot be opened",
            where=where,
            remedy="Make the workspace with `vgwm init`, or name the right one.",
        )
    if code == sqlite3.SQLITE_BUSY:
        return NoAnswer(
            what=f"the ledger is held by another process for more than {BUSY_S:.0f} s",
            where=where,
            remedy="End the program that has ledger.db open for writing.",
        )
    return Broken(
        what=f"the ledger refused a statement ({name})",
        where=where,
        remedy="This is a fault of vgwm: keep ledger.db and report it.",
    )


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(os.fsencode(path.absolute()))}?mode={mode}"
