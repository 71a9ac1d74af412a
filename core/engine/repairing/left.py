"""What a repair leaves as it is, and why: a file beside its report, a line each.

May import nothing but canonical JSON and the errors.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.display import safe
from core.errors import CapacityExhausted

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "left.ndjson"
_HOW: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class LeftFile:
    """The file, made by the first line."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    async def add(self, what: str, why: str) -> None:
        """Add a line. what: safe to show. Raises CapacityExhausted."""
        line = dumps({"what": what, "why": safe(why)}).encode() + b"\n"
        await asyncio.to_thread(self._add, line)

    def _add(self, line: bytes) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self.path, _HOW, 0o600)
            try:
                os.write(fd, line)
            finally:
                os.close(fd)
        except OSError as error:
            raise CapacityExhausted(
                what=f"what is left cannot be written down: {error.strerror}",
                where=safe(os.fsencode(self.path)),
                remedy="Make room in the workspace.",
            ) from error
