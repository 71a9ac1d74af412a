"""A report written down: a page, the same as JSON, and the list of what was not carried."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Final

import msgspec

from core.control.files import refuse_existing, refuse_place, replace_file
from core.control.report.names import NAME
from core.display import safe
from core.errors import BadInput, Denied, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire.report import Report

HTML: Final = "report.html"
JSON: Final = "report.json"


_NAMES: Final = (NAME, HTML, JSON)


def make_place(workspace: Path, folder: Path, *, force: bool) -> int:
    """Make the folder, 0700, if it is not there; return what keeps others out until it is closed.

    Raises Refused where the migration has its own, where another report is being written, or,
    unless force, if one stands there; BadInput, Denied where no folder can be made.
    """
    for name in _NAMES:
        refuse_place(workspace, folder / name)
    where = safe(os.fsencode(folder))[:400]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except PermissionError as error:
        raise Denied(
            what="the folder may not be made", where=where, remedy="Name another folder."
        ) from error
    except OSError as error:
        raise BadInput(
            what=f"the folder cannot be made: {error.strerror}",
            where=where,
            remedy="Name another folder.",
        ) from error
    held = _alone(folder)
    try:
        for name in () if force else _NAMES:
            refuse_existing(folder / name)
    except Refused:
        os.close(held)
        raise
    return held


def _alone(folder: Path) -> int:
    """Return the folder, locked: files of two reports side by side would be of no one moment."""
    where = safe(os.fsencode(folder))[:400]
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Denied(
            what=f"the folder may not be opened: {error.strerror}",
            where=where,
            remedy="Name another folder.",
        ) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(held)
        raise Refused(
            what="another report is being written there",
            where=where,
            remedy="Wait for it, or name another folder.",
        ) from error
    except OSError:
        return held  # a file system without locks of folders: each file is whole even so
    return held


def write_report(folder: Path, made: Report) -> list[str]:
    """Write page and JSON, 0600; return the names of all files. The JSON comes last.

    A former report is kept beside it. Raises as `core.config.atomic.write_text`.
    """
    from core.control.report.page import page  # noqa: PLC0415 - the template engine takes 60 ms

    body = msgspec.json.format(msgspec.json.encode({"v": 1, "report": made}), indent=2)
    replace_file(folder / HTML, page(made))
    replace_file(folder / JSON, body.decode() + "\n")
    return [str(folder / name) for name in (HTML, JSON, NAME)]
