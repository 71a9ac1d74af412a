"""What was seen of each recorded bundle's pin, on disk: written before a join, read by it.

One SQLite file in a verification's folder, made anew by each look. May import its own room.
"""

from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.display import safe
from core.errors import Broken
from core.verify.no_room import no_room
from core.verify.sides import PinSeen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.errors import VgwmError

FILE_NAME: Final = "pins.db"
_MOST_KEPT: Final = 512
_TABLE: Final = (
    "CREATE TABLE pins(bun INTEGER PRIMARY KEY, root TEXT NOT NULL, allocs TEXT NOT NULL,"
    " ills TEXT NOT NULL, unread TEXT NOT NULL)"
)


class PinBook:
    """The book, open for its one writer, or for reading. Raises CapacityExhausted, Broken."""

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self.path = folder / FILE_NAME
        try:
            if fresh:
                self.path.unlink(missing_ok=True)
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._conn = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            if fresh:
                # a book is read only by who made it, in the same boot: nothing waits for the disk
                self._conn.execute("PRAGMA synchronous=OFF")
                self._conn.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise self._fault(error) from error
        self._kept: dict[int, PinSeen] = {}

    def of(self, bundles: Sequence[int]) -> dict[int, PinSeen]:
        """Return what is known of these bundles; keeps those of the last calls."""
        found: dict[int, PinSeen] = {}
        for bundle in bundles:
            seen = self._kept.get(bundle) or self._read(bundle)
            if seen is not None:
                found[bundle] = seen
        if len(self._kept) > _MOST_KEPT:
            self._kept.clear()
        self._kept.update(found)
        return found

    def renew(self) -> None:
        """Read again what was kept: the pins were looked at anew."""
        self._kept.clear()

    def stands(self, bundle: int, root: str, allocations: Sequence[str]) -> bool:
        """Tell whether a bundle was seen on these allocations, under this root."""
        try:
            row = self._conn.execute(
                "SELECT 1 FROM pins WHERE bun=? AND root=? AND allocs=? AND ills='[]'"
                " AND unread='[]'",
                (bundle, root, dumps(list(allocations))),
            ).fetchone()
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return row is not None

    def note(self, seen: Sequence[tuple[int, Sequence[str], PinSeen]]) -> None:
        """Write down (bundle, allocations, what was seen), over what stands there."""
        rows = [
            (bundle, pin.root, dumps(list(allocations)), _text(pin.ills), _text(pin.unread))
            for bundle, allocations, pin in seen
        ]
        try:
            self._conn.execute("BEGIN")
            self._conn.executemany("INSERT OR REPLACE INTO pins VALUES(?,?,?,?,?)", rows)
            self._conn.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._fault(error) from error

    def counts(self) -> tuple[int, int]:
        """Return how many bundles were looked at, and how many are ill."""
        try:
            row: tuple[int, int] = self._conn.execute(
                "SELECT count(*), coalesce(sum(ills!='[]'),0) FROM pins"
            ).fetchone()
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return row

    def close(self) -> None:
        """Close the file."""
        self._conn.close()

    def _read(self, bundle: int) -> PinSeen | None:
        try:
            row = self._conn.execute(
                "SELECT root,ills,unread FROM pins WHERE bun=?", (bundle,)
            ).fetchone()
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return None if row is None else PinSeen(row[0], _pairs(row[1]), _pairs(row[2]))

    def _fault(self, error: OSError | sqlite3.Error) -> VgwmError:
        where = safe(os.fsencode(self.path))
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if isinstance(error, OSError) or code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            return no_room("the pins that were seen cannot be kept", self.path, error)
        return Broken(
            what=f"the pins that were seen cannot be read ({type(error).__name__})",
            where=where,
            remedy="Verify again: they are looked at anew.",
        )


def _text(pairs: tuple[tuple[str, str], ...]) -> str:
    return dumps([list(pair) for pair in pairs])


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((where, found) for where, found in json.loads(text)) if text != "[]" else ()
