"""A plan of the way back as a file: what it does, and the commands by which it is done by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.config.backup import FOLDER
from core.config.workspace import FILE_NAME, load
from core.control.files import refuse_existing, refuse_nowhere, replace_file
from core.control.files import refuse_place as refuse_ours
from core.cutover.backups import digest_of, newest, open_set
from core.display import safe
from core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.control.wire import cutover as wire_cutover


def refuse_place(workspace: Path, path: Path, *, force: bool) -> None:
    """Raise Refused or BadInput where the file may not be, or stands and force is not given."""
    refuse_ours(workspace, path)
    refuse_nowhere(path)
    if not force:
        refuse_existing(path)


def require_set(workspace: Path) -> Path:
    """Return the newest set of backups, opened and hashed. Raises Refused without one, Broken."""
    folder = newest(workspace / FOLDER)
    if folder is None:
        raise _missing(workspace / FOLDER, "none was made yet")
    open_set(folder, load(workspace / FILE_NAME).id)
    return folder


def require_kept(workspace: Path, path: Path) -> None:
    """Raise Refused unless a file is in the newest set of backups, byte for byte.

    Raises Broken if that set cannot be read whole.
    """
    folder = require_set(workspace)
    found = open_set(folder, load(workspace / FILE_NAME).id).found
    try:
        told = digest_of(path)
    except OSError as error:
        raise _missing(path, f"it cannot be read: {error.strerror}") from error
    if told not in {one.sha256 for one in found.files}:
        raise _missing(path, f"{safe(folder.name)} holds no copy of it as it is")


def write(path: Path, plan: wire_cutover.CutoverPlan, lines: Sequence[str]) -> Path | None:
    """Write it, mode 0600; return where a former file was kept, if there was one."""
    text = "\n".join(["```", *lines, "```", "", plan.runbook])
    return replace_file(path, text.rstrip() + "\n")


def _missing(path: Path, why: str) -> Refused:
    return Refused(
        what=f"the backup is not there: {why}",
        where=safe(os.fsencode(path)),
        remedy="`vgwm cutover start` makes one before its fence; quick needs none.",
    )
