"""A ledger's files hurt on purpose: cut off, or with a byte turned."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "ledger.db"
FILES: Final = (NAME, f"{NAME}-wal", f"{NAME}.sum", f"{NAME}.bak", f"{NAME}.bak.sum")
LOG: Final = f"{NAME}-wal"
WAL_HEAD: Final = 32
FRAME_HEAD: Final = 24


@dataclass(frozen=True, slots=True)
class Wound:
    """What is done to a file. at: an offset. bits: turned there; 0 cuts the file off there."""

    file: str
    at: int
    bits: int = 0

    def inflict(self, folder: Path) -> None:
        """Hurt the file in a folder."""
        path = folder / self.file
        if not self.bits:
            with path.open("r+b") as file:
                file.truncate(self.at)
            return
        with path.open("r+b") as file:
            file.seek(self.at)
            (value,) = file.read(1)
            file.seek(self.at)
            file.write(bytes((value ^ self.bits,)))


def copied(source: Path, target: Path) -> Path:
    """Copy a ledger's files to a new folder."""
    target.mkdir()
    for name in FILES:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    return target


def dump(ledger: Path) -> str:
    """Return a digest of every row of every table that has digests, as SQLite reads them."""
    hashed = hashlib.sha256()
    with closing(sqlite3.connect(ledger)) as db:
        db.text_factory = bytes
        names = db.execute("SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name")
        for (name,) in names.fetchall():
            hashed.update(name)
            rows = db.execute(f"SELECT * FROM {name.decode()}").fetchall()  # noqa: S608 - our tables
            hashed.update(repr(sorted(map(repr, rows))).encode())
    return hashed.hexdigest()


@dataclass(frozen=True, slots=True)
class Frame:
    """A page in the write-ahead log. commit: it ends a transaction."""

    start: int
    end: int
    commit: bool


def frames(log: Path) -> list[Frame]:
    """Return the frames of a write-ahead log that its head's salts vouch for."""
    content = log.read_bytes()
    page, salts = struct.unpack(">I", content[8:12])[0], content[16:24]
    found = []
    for start in range(WAL_HEAD, len(content), FRAME_HEAD + page):
        end = start + FRAME_HEAD + page
        if end > len(content) or content[start + 8 : start + 16] != salts:
            break
        (size,) = struct.unpack(">I", content[start + 4 : start + 8])
        found.append(Frame(start, end, commit=size > 0))
    return found


def states(folder: Path, scratch: Path) -> Iterator[str]:
    """Yield the dump of every state that was ever committed, as long as the log remembers."""
    ends = [0]
    if (folder / LOG).exists() and (folder / LOG).stat().st_size:
        ends += [frame.end for frame in frames(folder / LOG) if frame.commit]
    for number, end in enumerate(ends):
        here = copied(folder, scratch / f"state{number}")
        if (here / LOG).exists():
            Wound(LOG, end).inflict(here)
        yield dump(here / NAME)
        shutil.rmtree(here)
