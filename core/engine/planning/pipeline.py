"""Writes in order, a few of them under way at once. Imports nothing of the project."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType


class Pipeline:
    """Starts writes in the order given, waits for the oldest when `depth` are under way.

    done: called after each write that ended well. The first error comes out of the next call, or
    of the end of the block; later writes of a failed one are waited for, not begun anew.
    """

    def __init__(self, depth: int, done: Callable[[], None]) -> None:
        self._depth = depth
        self._done = done
        self._tasks: deque[asyncio.Task[None]] = deque()

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for all writes; their error counts only where the block had none."""
        while self._tasks:
            if error is None:
                await self._oldest()
            else:
                await asyncio.wait([self._tasks.popleft()])

    async def put(self, write: Coroutine[None, None, None]) -> None:
        """Start a write, once there is room for it."""
        while len(self._tasks) >= self._depth:
            await self._oldest()
        self._tasks.append(asyncio.create_task(write, name="plan commit"))

    async def _oldest(self) -> None:
        await self._tasks[0]
        self._tasks.popleft()
        self._done()
