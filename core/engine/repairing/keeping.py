"""Rows as they were before a repair replaced or removed them: a file beside its report.

Written and flushed to disk before the table is touched; a line a row, its values in the columns'
order. May import the target's rows.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, Self

from core.dag.canonical import dumps
from core.display import safe
from core.errors import CapacityExhausted, Denied

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.target.shape import Row

FILE_NAME: Final = "rows-before.ndjson"
_HOW: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW


class KeptRows:
    """The file, made by the first row. rows: how many this process has added."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.rows = 0
        self._fd = -1

    async def keep(self, rows: Sequence[Row]) -> None:
        """Add rows; on return they are on disk. Raises CapacityExhausted, Denied."""
        if rows:
            await asyncio.to_thread(self._add, rows)
            self.rows += len(rows)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def _add(self, rows: Sequence[Row]) -> None:
        lines = "".join(f"{dumps(list(row))}\n" for row in rows).encode()
        try:
            if self._fd < 0:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._fd = os.open(self.path, _HOW, 0o600)
            view = memoryview(lines)
            while view:
                view = view[os.write(self._fd, view) :]
            os.fsync(self._fd)
        except PermissionError as error:
            raise Denied(
                what="rows cannot be kept before they are replaced",
                where=safe(os.fsencode(self.path)),
                remedy="Run as the workspace's user.",
            ) from error
        except OSError as error:
            raise CapacityExhausted(
                what=f"rows cannot be kept before they are replaced: {error.strerror}",
                where=safe(os.fsencode(self.path)),
                remedy="Make room in the workspace.",
            ) from error
