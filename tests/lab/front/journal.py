"""What the front acknowledged: one line for each write, in the order in which the rows stood."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """Appends; a line is in the kernel's hands before the client gets its answer."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, op: str, bucket: str, key: str, etag: str = "") -> None:
        line = {"at_ns": time.time_ns(), "op": op, "bucket": bucket, "key": key, "etag": etag}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
