"""Files that a command leaves behind: never half written, never over another one unasked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.config.atomic import write_text
from core.display import safe
from core.errors import BadInput, Refused

if TYPE_CHECKING:
    from pathlib import Path


def refuse_existing(path: Path) -> None:
    """Raise Refused if something stands at path."""
    if path.exists() or path.is_symlink():
        raise Refused(
            what="the file exists",
            where=safe(os.fsencode(path)),
            remedy="Name another, or give --force: the old one is kept beside it.",
        )


def replace_file(path: Path, text: str) -> Path | None:
    """Write a file whole, mode 0600, and return where a former one was kept, if there was one.

    Raises as `core.config.atomic.write_text`; BadInput also where no second name can be given.
    """
    kept = _keep(path)
    write_text(path, text)
    return kept


def _keep(path: Path) -> Path | None:
    """Give a former file a second name; the first goes with the rename, so there is no gap."""
    if not path.exists():
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
