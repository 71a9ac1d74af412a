"""Files that a command leaves behind: never half written, never over another one unasked."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from core.display import safe
from core.errors import BadInput, Refused


def refuse_existing(path: Path) -> None:
    """Raise Refused if something stands at path."""
    if path.exists() or path.is_symlink():
        raise Refused(
            what="the file exists",
            where=safe(os.fsencode(path)),
            remedy="Name another, or give --force: the old one is kept beside it.",
        )


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> Path | None:
    """Write a file whole, and return where a former one was kept, if there was one.

    Written beside it, fsynced, renamed, its folder fsynced. Raises BadInput naming path.
    """
    try:
        kept = _keep(path)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as beside:
                beside.write(content)
                beside.flush()
                os.fchmod(beside.fileno(), mode)
                os.fsync(beside.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise BadInput(
            what=f"the file cannot be written: {error.strerror}",
            where=safe(os.fsencode(path)),
            remedy="Name a folder that exists and that you may write.",
        ) from error
    return kept


def _keep(path: Path) -> Path | None:
    """Give a former file a second name; the first goes with the rename, so there is no gap."""
    if not path.exists():
        return None
    at = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = path.with_name(f"{path.name}.{at}.backup")
    kept.hardlink_to(path)
    return kept


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
