"""Worker processes that died, said in an event each: by which signal, and what to do about it.

May import the ledger and the errors.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING, Final

from core.errors import VgwmError
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from core.ledger.ledger import Ledger

log = logging.getLogger(__name__)

KIND: Final = "worker_died"
_KILLED: Final = f"killed by {signal.SIGKILL.name}"
_ADVICE: Final = (
    ". By the kernel's out-of-memory killer? `dmesg` tells; fewer workers or a smaller"
    " inflight_bytes need less memory: vgwm set workers=N"
)


def how_it_ended(code: int | None) -> str:
    """Say how a process ended. code: its exit code, negative for a signal, None if unknown."""
    if code is None:
        return "nobody saw how"
    if code >= 0:
        return f"exit {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


class Deaths:
    """Tells of dead workers without holding up who replaces them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, who: str, how: str) -> None:
        """Say that a worker died and that another takes its place."""
        text = f"{who} died ({how}), another takes its place"
        if how == _KILLED:
            text += _ADVICE
        log.warning("%s", text, extra={"kind": KIND})
        task = asyncio.create_task(self._store(text), name="tell of a death")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _store(self, text: str) -> None:
        with contextlib.suppress(VgwmError):  # a ledger without room says so at the next change
            await self._ledger.event(EventDraft(kind=KIND, text=text, level="warn"))
