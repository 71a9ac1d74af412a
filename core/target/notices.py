"""What the target's side has to say to the operator, folded so that a thousand alike are one.

Imports nothing of the project.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 10.0
"""How often one kind of thing is said of one server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that happened at the target. kind: of the event that tells it."""

    kind: str
    text: str
    level: Literal["info", "warn"] = "warn"


class Notices:
    """A queue of notices; one kind about one server is said at most every EVERY_S."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queue: asyncio.Queue[Notice] = asyncio.Queue()
        self._said: dict[tuple[str, str], float] = {}
        self._unsaid: dict[tuple[str, str], int] = {}

    def say(self, notice: Notice, *, about: str) -> None:
        """Say a notice about a server now, or count it into the next of its kind."""
        key, now_s = (notice.kind, about), self._clock()
        if now_s - self._said.get(key, -EVERY_S) < EVERY_S:
            self._unsaid[key] = self._unsaid.get(key, 0) + 1
            return
        self._said[key] = now_s
        more = self._unsaid.pop(key, 0)
        text = f"{notice.text} (and {more:,} more like it before)" if more else notice.text
        self._queue.put_nowait(Notice(kind=notice.kind, text=text, level=notice.level))

    async def next(self) -> Notice:
        """Wait for the next notice."""
        return await self._queue.get()
