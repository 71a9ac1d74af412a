"""What a new object table is filled from, page by page. May import the target and the ledger."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from core.display import safe
from core.target.backup_file import BackupReader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

    from core.target.backup_file import BackupPage
    from core.target.profile import Profile
    from core.target.shape import Row


class Feed(Protocol):
    """Gives every row that the new tables are to hold.

    carries: rows of others than us, in the tables in use, are kept. stale: objects whose row could
    only be made with metadata older than the ledger's.
    """

    carries: bool
    stale: int

    def pages(self) -> AsyncGenerator[list[Row]]:
        """Yield object rows; of two rows of one key, the later stands. Never two on one page."""
        ...

    async def buckets(self) -> list[Row]:
        """Return the bucket rows."""
        ...


class FileFeed:
    """A backup: its rows and no others."""

    carries = False
    stale = 0

    def __init__(self, path: Path, profile: Profile, workspace: str) -> None:
        self._path = path
        self._profile = profile
        self._workspace = workspace
        self.digest = ""
        self._buckets: list[Row] = []

    async def pages(self) -> AsyncGenerator[list[Row]]:
        """Yield the file's rows. Raises BadInput if it is not what it was. digest: at the end."""
        file = await asyncio.to_thread(self._path.open, "rb")
        try:
            where = safe(str(self._path))
            reader = await asyncio.to_thread(
                BackupReader, file, where, self._profile, self._workspace
            )
            pages = reader.pages()
            while (page := await asyncio.to_thread(_next, pages)) is not None:
                self._buckets += page.buckets
                if page.objects:
                    yield page.objects
            self.digest = reader.facts.sha256 if reader.facts is not None else ""
        finally:
            await asyncio.to_thread(file.close)

    async def buckets(self) -> list[Row]:
        """Return the file's bucket rows, once all pages were read."""
        return self._buckets


def _next(pages: Iterator[BackupPage]) -> BackupPage | None:
    return next(pages, None)
