"""A report written down: a page, the same as JSON, and the list of what was not carried."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from core.control.files import refuse_existing, refuse_place, replace_file
from core.control.report.names import NAME
from core.display import safe
from core.errors import BadInput, Denied

if TYPE_CHECKING:
    from pathlib import Path

    from core.control.wire.report import Report

HTML: Final = "report.html"
JSON: Final = "report.json"


def make_place(workspace: Path, folder: Path, *, force: bool) -> None:
    """Make the folder, 0700, if it is not there.

    Raises Refused where the migration has its own, or, unless force, if a report stands there;
    BadInput, Denied where no folder can be made.
    """
    for name in (NAME, HTML, JSON):
        refuse_place(workspace, folder / name)
        if not force:
            refuse_existing(folder / name)
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


def write_report(folder: Path, made: Report) -> list[str]:
    """Write page and JSON, 0600; return the names of all files. The JSON comes last.

    A former report is kept beside it. Raises as `core.config.atomic.write_text`.
    """
    from core.control.report.page import page  # noqa: PLC0415 - the template engine takes 60 ms

    body = msgspec.json.format(msgspec.json.encode({"v": 1, "report": made}), indent=2)
    replace_file(folder / HTML, page(made))
    replace_file(folder / JSON, body.decode() + "\n")
    return [str(folder / name) for name in (HTML, JSON, NAME)]
