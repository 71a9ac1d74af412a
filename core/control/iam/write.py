"""users.json of the new gateway written: whole, private, the former one kept beside it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.config.atomic import write_text
from core.config.folder import make_private
from core.display import safe
from core.errors import BadInput, Refused
from core.iam.users_file import FILE_NAME

if TYPE_CHECKING:
    from pathlib import Path


def same_file(text: str, file: Path) -> bool:
    """Return whether the file holds exactly this, with nobody else allowed to read it."""
    try:
        return file.read_text("utf-8") == text and file.stat().st_mode & 0o7777 == 0o600  # noqa: PLR2004 - a mode
    except (OSError, UnicodeDecodeError):
        return False


def refuse_other(file: Path, *, force: bool) -> None:
    """Raise Refused if another file stands there and nobody said --force."""
    if not force and os.path.lexists(file):
        raise Refused(
            what="other accounts stand there already",
            where=safe(str(file)),
            remedy="Look: vgwm iam check DIR --against OLD. Then --force: they are kept beside it.",
        )


def write_users(folder: Path, text: str, like: Path | None) -> Path | None:
    """Write folder/users.json, 0600 in 0700, and return where the former one is kept.

    like: a file whose owner it gets, where this process may give files away. Raises Denied,
    BadInput, CapacityExhausted; then the former file stands as it was.
    """
    file = folder / FILE_NAME
    make_private(
        folder,
        noun="the folder of the accounts",
        denied="Run as the new gateway's user, or as root.",
        other="Name another with --to.",
    )
    kept = _keep(file)
    write_text(file, text, owner=_owner(file, like))
    return kept


def _owner(file: Path, like: Path | None) -> tuple[int, int] | None:
    """Return whose the new file has to be: the former's, else the source's. Only root gives."""
    if os.geteuid() != 0:
        return None
    for known in (file, like):
        if known is not None and known.exists():
            seen = known.stat()
            return (seen.st_uid, seen.st_gid)
    return None


def _keep(file: Path) -> Path | None:
    """Give the former file the name users.json.backup; a backup before it gets its time's name.

    Links, no copies: at every moment users.json is there, and so is what it was.
    """
    if not file.exists():
        return None
    kept = file.with_name(f"{file.name}.backup")
    try:
        if kept.exists() and not kept.samefile(file):
            at = datetime.fromtimestamp(kept.stat().st_mtime, tz=UTC)
            kept.rename(file.with_name(f"{kept.name}.{at:%Y%m%dT%H%M%S.%fZ}"))
        if not kept.exists():
            kept.hardlink_to(file)
    except OSError as e:
        raise BadInput(
            what=f"the former accounts cannot be kept: {e.strerror}",
            where=safe(str(file)),
            remedy="Move them away yourself, then repeat the command.",
        ) from e
    return kept
