"""Secrets named without being shown: `[secret 3f9a]`. Equal secrets have equal marks.

A mark is 16 bits of an HMAC under a key of the workspace's own: it tells equal from different, and
without the key nobody can try guesses against it. The key is made when it is first needed.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.config.secret import Secret

KEY_FILE: Final = "marks.key"
_KEY_BYTES: Final = 32
_SHOWN: Final = 4


class Marks:
    """The marks of one workspace. key: never shown, never written but into its file."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, secret: Secret) -> str:
        """Return the mark of a secret, such as `[secret 3f9a]`."""
        text = secret.reveal().encode("utf-8", "surrogatepass")
        return f"[secret {hmac.digest(self._key, text, 'sha256').hex()[:_SHOWN]}]"


def marks_of(folder: Path | None) -> Marks:
    """Return the marks of a workspace; without one, or where its key cannot be kept, of this call.

    folder: the workspace's, if it is one. The key is written 0600 into it, once.
    """
    if folder is None or not folder.is_dir():
        return Marks(secrets.token_bytes(_KEY_BYTES))
    file = folder / KEY_FILE
    with contextlib.suppress(OSError):
        if not file.exists():
            _make(file)
        key = file.read_bytes()
        if len(key) == _KEY_BYTES:
            return Marks(key)
    return Marks(secrets.token_bytes(_KEY_BYTES))


def _make(file: Path) -> None:
    """Write a new key whole under another name, and give it this one unless it is taken."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(handle, "wb") as made:  # noqa: PTH123 - a descriptor, no path
            made.write(secrets.token_bytes(_KEY_BYTES))
            made.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(temporary)
    finally:
        Path(temporary).unlink()
