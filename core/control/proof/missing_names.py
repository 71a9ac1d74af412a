"""The names of missing objects that a retry can take, page by page into a file."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from core.control.files import keep_former
from core.target.disk_faults import file_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.control.client import Client

_ROWS: Final = 500
_FAILED: Final = "failed"


async def write_failed(client: Client, job: int, path: Path) -> int:
    """Write those of a verification's missing objects that failed, one a line; return how many.

    Whole or not at all; a former file is kept beside it. Without one nothing is written.
    Raises what the engine says, CapacityExhausted, Denied.
    """
    fresh = path.with_name(f".{path.name}.new")
    n = 0
    try:
        with os.fdopen(_private(fresh), "w", encoding="utf-8") as file:
            async for name in _failed(client, job):
                file.write(f"{name}\n")
                n += 1
            file.flush()
            os.fsync(file.fileno())
        if n:
            keep_former(path)
            fresh.replace(path)
    except OSError as error:
        raise file_error(error, doing="writing the list", path=path) from error
    finally:
        with contextlib.suppress(OSError):  # a read-only disk says so of no file, too
            fresh.unlink()
    return n


async def _failed(client: Client, job: int) -> AsyncIterator[str]:
    at = 0
    while True:
        page = await client.view("missing", at=at, limit=_ROWS, kind="not_copied", job=job)
        for row in page.rows:
            if row.field == _FAILED:
                yield row.object
        at += len(page.rows)
        if at >= page.total or not page.rows:
            return


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
