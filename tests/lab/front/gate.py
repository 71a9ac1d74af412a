"""The front's own fence, and what else it is told to do: the dial's file, read at each word of it.

A fence holds once its word is answered: writes that began before have ended by then, and one whose
body came meanwhile is refused when it wants to be seen.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.lab.front.faults import S3Fault
from tests.lab.front_dial import dial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Gate:
    """Knows what the dial says, and which writes are under way."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way: set[asyncio.Event] = set()
        self.dial = dial(folder)

    async def reload(self) -> None:
        """Do what the dial says now; return when no write is left that began before."""
        self.dial = dial(self._folder)
        for write in list(self._under_way):
            await write.wait()

    def refuse_fenced(self, bucket: str) -> None:
        """Raise SlowDown if the bucket takes no writes."""
        if self.dial.holds(bucket):
            raise S3Fault("SlowDown")

    @asynccontextmanager
    async def writing(self, bucket: str) -> AsyncIterator[None]:
        """Hold the moment in which a write becomes visible; SlowDown if the bucket is fenced."""
        self.refuse_fenced(bucket)
        ended = asyncio.Event()
        self._under_way.add(ended)
        try:
            yield
        finally:
            self._under_way.discard(ended)
            ended.set()
