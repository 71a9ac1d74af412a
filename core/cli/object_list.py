"""Lists of objects in files: a name a line, or the lines that `errors --json` prints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.display import object_name, parse_object_name, safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator


_LONGEST = 400
"""Of an error's text: a line of megabytes is not repeated whole."""


class _Row(msgspec.Struct):
    """What a JSON line says of an object; its other members are of no matter here."""

    bucket: str
    key: str
    version: str = ""


def read_names(path: Path) -> tuple[str, ...]:
    """Return the objects that a file names, each once, in its order.

    A line is BUCKET/KEY, or a JSON object with bucket and key; both with odd bytes percent-encoded.
    Empty lines are passed over. Raises BadInput with the line's number, or for a file without one.
    """
    where = safe(os.fsencode(path))
    try:
        with Path(path).open("rb") as file:
            found = dict.fromkeys(_names(file, where))
    except OSError as error:
        raise BadInput(
            what=f"the list cannot be read: {error.strerror}",
            where=where,
            remedy="Name a file with one object a line: BUCKET/KEY.",
        ) from error
    if not found:
        raise BadInput(
            what="the list names no object", where=where, remedy="Write one a line: BUCKET/KEY."
        )
    return tuple(found)


def _names(lines: Iterator[bytes], where: str) -> Iterator[str]:
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip(b"\r\n")
        if not line:
            continue
        try:
            name = name_of(line)
        except BadInput as error:
            what = f"line {number}: {error.what}"
            raise BadInput(what=what[:_LONGEST], where=where, remedy=error.remedy) from error
        yield name


def name_of(line: bytes) -> str:
    """Return the object that a line names, as it is written everywhere. Raises BadInput.

    No bucket's name begins with a brace, so that one tells the two forms apart.
    """
    if line.startswith(b"{"):
        try:
            row = msgspec.json.decode(line, type=_Row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput(
                what=f"this is no object's line: {safe(str(error))}",
                where="list",
                remedy='Write BUCKET/KEY, or {"bucket":..,"key":..} as vgwm errors --json does.',
            ) from error
        name = f"{row.bucket}/{row.key}" + (f"?versionId={row.version}" if row.version else "")
    else:
        name = line.decode("utf-8", "surrogateescape")
    return object_name(*parse_object_name(name))
