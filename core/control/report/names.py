"""The list beside a report: everything that was not carried, by name, a JSON object a line.

Read page by page within the report's transaction, so that its lines are those that were counted.
"""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.config.atomic import replacing
from core.config.redact import redact
from core.control.files import keep_former
from core.control.report.left import fate_of, shown_fate
from core.control.wire.report import ReportFile
from core.display import object_name, safe
from core.ledger import losses, reporting
from core.target.disk_faults import file_error

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

NAME: Final = "not-carried.ndjson"
SHOWN: Final = 20
"""First names of each class that the page shows."""


class NotCarried(msgspec.Struct, frozen=True, kw_only=True):
    """A line. object: as objects are written. why: the class; what: of it, or what happened."""

    object: str
    why: str
    fate: str
    what: str
    whole: bool


class ClassOf(NamedTuple):
    """What lines are gathered by; as a `ReportLeft` is."""

    why: str
    whole: bool
    fate: str


class Names(NamedTuple):
    """The file, and the first names of each class."""

    file: ReportFile
    first: dict[ClassOf, list[str]]


def write_names(conn: sqlite3.Connection, path: Path, *, archive: bool) -> Names:
    """Write the file, whole or not at all, 0600; a former one is kept beside it."""
    digest = hashlib.sha256()
    first: dict[ClassOf, list[str]] = {}
    rows = 0
    try:
        with replacing(path) as file:
            for line in _lines(conn, archive=archive):
                rows += 1
                place = ClassOf(line.why, line.whole, line.fate)
                shown = first.setdefault(place, [])
                if len(shown) < SHOWN:
                    shown.append(line.object)
                _put(file, digest, msgspec.json.encode(line) + b"\n")
            keep_former(path)
    except OSError as error:
        raise file_error(error, doing="writing the list", path=path) from error
    return Names(ReportFile(name=NAME, rows=rows, sha256=digest.hexdigest()), first)


def _lines(conn: sqlite3.Connection, *, archive: bool) -> Iterator[NotCarried]:
    for row in reporting.left(conn):
        yield NotCarried(
            object=redact(object_name(row.bucket, row.key, row.version)),
            why=row.code,
            fate=fate_of(row.disposition, row.code),
            what=redact(safe(row.what)),
            whole=True,
        )
    for lost in chain(losses.read(conn), losses.history(conn)):
        yield NotCarried(
            object=redact(object_name(lost.bucket, lost.key, lost.version)),
            why=lost.why,
            fate=shown_fate(lost.why, archive=archive),
            what=redact(safe(lost.what)),
            whole=False,
        )


def _put(file: IO[bytes], digest: hashlib._Hash, line: bytes) -> None:
    file.write(line)
    digest.update(line)
