"""What a look at bytes found wrong, on disk: in key order, with the tallies and the cursor.

One SQLite file in a verification's folder. A commit holds the findings of whole bundles, what was
counted of them, and the cursor behind them: after a kill the look goes on there. It is the
verification's own file and not the ledger: a lost one costs a new look.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from urllib.parse import quote

from core.display import safe
from core.errors import Broken
from core.verify.difference import Difference, Ill, Listed
from core.verify.no_room import no_room

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FILE_NAME: Final = "bytes.db"
_UNKEPT: Final = "what was found cannot be kept"

_TABLES: Final = (
    (
        "CREATE TABLE IF NOT EXISTS found(bucket BLOB NOT NULL, key BLOB NOT NULL,"
        " ver BLOB NOT NULL, listed TEXT NOT NULL, ill TEXT NOT NULL, field TEXT NOT NULL,"
        " wanted TEXT NOT NULL, found TEXT NOT NULL, place TEXT NOT NULL, bun INTEGER NOT NULL,"
        " PRIMARY KEY(bucket,key,ver,ill,place,bun)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE IF NOT EXISTS tallies(kind TEXT NOT NULL, name TEXT NOT NULL,"
        " what TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(kind,name,what)) WITHOUT ROWID"
    ),
    "CREATE TABLE IF NOT EXISTS meta(k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID",
)
_COLUMNS: Final = "listed,bucket,key,ver,ill,field,wanted,found,place,bun"
_IN_ORDER: Final = (
    "SELECT listed,bucket,key,ver,ill,field,wanted,found,place,bun FROM found"
    " ORDER BY bucket,key,ver,ill,place,bun"
)


class Tally(NamedTuple):
    """What is counted of a part: kind and name as of `Stratum`, what: `n`, `bad` and the like."""

    kind: str
    name: str
    what: str


class Findings:
    """The file, open for its one writer.

    Raises CapacityExhausted where the disk is full, Broken where the file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise no_room(_UNKEPT, self.path, error) from error
        with _Faults(self.path):
            self._conn = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._conn.execute("PRAGMA synchronous=NORMAL")
            self._conn.execute("PRAGMA journal_mode=WAL")
            for statement in _TABLES:
                self._conn.execute(statement)

    def get(self, name: str) -> bytes | None:
        """Return a kept value."""
        with _Faults(self.path):
            row = self._conn.execute("SELECT v FROM meta WHERE k=?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def tallies(self) -> dict[Tally, int]:
        """Return all counts."""
        with _Faults(self.path):
            rows = self._conn.execute("SELECT kind,name,what,n FROM tallies").fetchall()
        return {Tally(*row[:3]): row[3] for row in rows}

    def keep(
        self,
        found: Sequence[Difference],
        counted: Mapping[Tally, int],
        kept: Mapping[str, bytes],
    ) -> None:
        """Store findings, add counts, set values: all of it, or nothing."""
        with _Faults(self.path):
            self._conn.execute("BEGIN IMMEDIATE")
            try:
                self._conn.executemany(
                    f"INSERT OR REPLACE INTO found({_COLUMNS}) VALUES(?,?,?,?,?,?,?,?,?,?)",
                    [(str(one[0]), *one[1:4], str(one[4]), *one[5:]) for one in found],
                )
                self._conn.executemany(
                    "INSERT INTO tallies(kind,name,what,n) VALUES(?,?,?,?)"
                    " ON CONFLICT DO UPDATE SET n=n+excluded.n",
                    [(*tally, n) for tally, n in counted.items()],
                )
                self._conn.executemany(
                    "INSERT OR REPLACE INTO meta(k,v) VALUES(?,?)", list(kept.items())
                )
            except BaseException:
                self._conn.execute("ROLLBACK")
                raise
            self._conn.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._conn.close()


def findings(folder: Path) -> Iterator[Difference]:
    """Yield what was found so far, by bucket, key and version; nothing where nobody looked."""
    path = folder / FILE_NAME
    if not path.exists():
        return
    uri = f"file:{quote(os.fsencode(path.absolute()))}?mode=ro"
    with _Faults(path), closing(sqlite3.connect(uri, uri=True)) as conn:
        rows = conn.execute(_IN_ORDER)
        for listed, bucket, key, version, ill, *rest in rows:
            yield Difference(Listed(listed), bucket, key, version, Ill(ill), *rest)


class _Faults:
    """Turns SQLite's errors into ours."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.Error):
            return
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            raise no_room(_UNKEPT, self._path, error) from error
        raise Broken(
            what=f"what was found cannot be read ({type(error).__name__})",
            where=safe(os.fsencode(self._path)),
            remedy="Remove this file, then do it again.",
        ) from error
