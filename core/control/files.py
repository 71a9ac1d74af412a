"""Files that a command leaves behind: never half written, never over another one unasked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.config.atomic import write_text
from core.config.schema import DirTarget, PosixSource
from core.config.workspace import FILE_NAME, load
from core.display import safe
from core.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME = 200
"""Of a file that is written beside itself first, under a longer name."""
_OWN_NAMES = (FILE_NAME, "ledger.db", "engine.", "recorder")
"""How the names begin of what the engine keeps in a workspace."""


def refuse_place(workspace: Path, path: Path) -> None:
    """Raise Refused if a command would leave its file where this migration has its own.

    That is in the source, which is only read (I6), in a target's folder, and on a file that the
    engine keeps in the workspace: neither --force nor appending may touch those.
    """
    real = Path(os.path.realpath(path))
    for folder, what in _taken(workspace):
        if real.is_relative_to(os.path.realpath(folder)):
            raise _misplaced(path, f"the file would lie in the {what}: {safe(str(folder))}")
    home = Path(os.path.realpath(workspace))
    if real.is_relative_to(home) and real.relative_to(home).as_posix().startswith(_OWN_NAMES):
        raise _misplaced(path, "this is a file of the engine's own")


def refuse_irregular(path: Path) -> None:
    """Raise Refused if a device, a pipe or a folder stands at path: replaced, it would be gone."""
    if os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113 - names too long
        raise Refused(
            what="something stands there that is no regular file",
            where=safe(os.fsencode(path)),
            remedy="Name a file.",
        )


def refuse_nowhere(path: Path) -> None:
    """Raise BadInput if no file can be made at path: before hours of work, not behind them."""
    folder = path.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - pathlib raises for a name that is too long
        what, remedy = "there is no such folder", "Make it, or name another file."
    elif len(os.fsencode(path.name)) > _LONGEST_NAME:
        what, remedy = f"the name is longer than {_LONGEST_NAME} bytes", "Name another file."
    else:
        return
    raise BadInput(what=what, where=safe(os.fsencode(path))[:400], remedy=remedy)


def _taken(workspace: Path) -> Iterator[tuple[Path, str]]:
    found = load(workspace / FILE_NAME)
    source, target = found.source, found.target
    if isinstance(source, PosixSource):
        for folder in (source.path, source.versioning_dir, source.sidecar):
            if folder is not None:
                yield folder, "source"
    if isinstance(target, DirTarget):
        yield target.path, "target"


def _misplaced(path: Path, what: str) -> Refused:
    return Refused(
        what=what, where=safe(os.fsencode(path)), remedy="Name a file outside of this migration."
    )


def refuse_existing(path: Path) -> None:
    """Raise Refused if something stands at path."""
    if os.path.lexists(path):
        raise Refused(
            what="the file exists",
            where=safe(os.fsencode(path)),
            remedy="Name another, or give --force: the old one is kept beside it.",
        )


def replace_file(path: Path, text: str) -> Path | None:
    """Write a file whole, mode 0600, and return where a former one was kept, if there was one.

    Raises as `core.config.atomic.write_text`; BadInput also where no second name can be given,
    Refused for what is no regular file.
    """
    refuse_irregular(path)
    kept = keep_former(path)
    write_text(path, text)
    return kept


def keep_former(path: Path) -> Path | None:
    """Give a former file a second name; the first goes with the rename, so there is no gap.

    Raises BadInput where no second name can be given.
    """
    if not os.path.exists(path):  # noqa: PTH110 - pathlib raises for a name that is too long
        return None
    at = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = path.with_name(f"{path.name}.{at}.backup")
    try:
        kept.hardlink_to(path)
    except OSError as error:
        raise BadInput(
            what=f"the former file cannot be kept: {error.strerror}",
            where=safe(os.fsencode(path)),
            remedy="Move it away yourself, then repeat the command.",
        ) from error
    return kept
