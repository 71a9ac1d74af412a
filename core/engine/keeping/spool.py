"""Roots put into the order of their bundles, in a file: millions of them cost no memory.

A later bundle's row stands over an earlier one's of the same key, so they are read in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final, Self

from core.engine.keeping.manifests import Rooted
from core.model import Cid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

_PAGE: Final = 500


class Spool:
    """Roots by bundle number, in a file of its own that `close` removes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._remove()
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self._conn = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # a file that is begun anew after a crash need not outlive one
        self._conn.execute("PRAGMA journal_mode=OFF")
        self._conn.execute("PRAGMA synchronous=OFF")
        self._conn.execute(
            "CREATE TABLE roots(n INTEGER NOT NULL, root BLOB NOT NULL, peers TEXT NOT NULL,"
            " PRIMARY KEY(n,root)) WITHOUT ROWID"
        )

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Make the file, in place of one that was left."""
        return await asyncio.to_thread(cls, path)

    async def add(self, page: Sequence[Rooted]) -> None:
        """Keep roots; one that is there already stays once."""
        rows = [(one.number, one.root, " ".join(one.peers)) for one in page]
        await asyncio.to_thread(
            self._conn.executemany, "INSERT OR IGNORE INTO roots VALUES(?,?,?)", rows
        )

    async def in_order(self) -> AsyncIterator[Rooted]:
        """Yield all, the lowest bundle first."""
        after: tuple[int, bytes] = (-1, b"")
        while page := await asyncio.to_thread(self._page, after):
            for number, root, peers in page:
                yield Rooted(number, Cid(root), tuple(peers.split()))
            after = page[-1][:2]

    async def close(self) -> None:
        """Remove the file."""
        await asyncio.to_thread(self._close)

    def _page(self, after: tuple[int, bytes]) -> list[tuple[int, bytes, str]]:
        return self._conn.execute(
            "SELECT n,root,peers FROM roots WHERE (n,root)>(?,?) ORDER BY n,root LIMIT ?",
            (*after, _PAGE),
        ).fetchall()

    def _close(self) -> None:
        self._conn.close()
        self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
