"""Stores a plan's pages in their order, several under way, also through a time without room.

May import the errors and the hold.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from core.engine.holding import Hold


class PageWrites:
    """Makes the writes of a pipeline; each call must be undone whole where it fails."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self._before = asyncio.Event()
        self._before.set()

    def write(self, call: Callable[[], Awaitable[None]]) -> Coroutine[None, None, None]:
        """Return the write of the next page."""
        before, self._before = self._before, asyncio.Event()
        return self._write(call, before, self._before)

    async def _write(
        self, call: Callable[[], Awaitable[None]], before: asyncio.Event, done: asyncio.Event
    ) -> None:
        try:
            await call()
        except VgwmError:
            # a page behind one that found no room is refused too, as out of order: once more, then
            await before.wait()
            await self._hold.patiently(call)
        finally:
            done.set()
