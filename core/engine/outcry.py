"""What load balancers do in the middle of a step: told at once, an event each, beside the step.

May import the ledger and the cutover's room.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from core.errors import VgwmError
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from core.cutover.reading import Trouble
    from core.ledger.ledger import Ledger

KIND: Final = "traffic"
AGAIN_S: Final = 60.0
"""A step is tried every second: what it meets then is not told anew each time."""

_MOST: Final = 256


class Outcry:
    """Is called with a trouble of one load balancer, as `core.cutover.fleet.Fleet` does."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._said: dict[Trouble, float] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def __call__(self, trouble: Trouble) -> None:
        """Begin to tell it; returns at once."""
        now_s = time.monotonic()
        said_s = self._said.get(trouble)
        if said_s is not None and now_s - said_s < AGAIN_S:
            return
        if len(self._said) >= _MOST:
            self._said.clear()
        self._said[trouble] = now_s
        task = asyncio.create_task(self._tell(trouble), name="load balancer's trouble")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, trouble: Trouble) -> None:
        text = f"load balancer {trouble.name}: {trouble.why}"
        with suppress(VgwmError):  # a ledger that takes no event stops the step by itself
            await self._ledger.event(EventDraft(kind=KIND, text=text, level="warn"))
