"""Holds a job that cannot go on until somebody outside acts: there is no room, or no right.

The job is paused with its reason instead of failing, and its objects are not blamed. It goes on by
itself once what was missing is seen to be back, or when somebody resumes it. May import the ledger,
the reins and the errors.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, TypeVar

from core.engine.copying.faults import Backoff
from core.engine.reins import JobCancelled
from core.errors import CapacityExhausted, Denied, VgwmError
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.ledger.rows import Level

log = logging.getLogger(__name__)

HELD = (CapacityExhausted, Denied)
"""What a job is held for."""

FIRST_S = 2.0
MOST_S = 15.0
_CALM_S = 60.0
"""A job that went on for so long was really mended: the next hold looks often again."""

NO_ROOM = "no room"
NO_RIGHT = "no right"

_T = TypeVar("_T")


def is_hold(reason: str) -> bool:
    """Tell whether a paused job's reason is a hold of the engine's, not a person's pause."""
    return reason.startswith((NO_ROOM, NO_RIGHT))


class Hold:
    """Holds one job. One look at a time asks whether it may go on, whoever else waits for it."""

    def __init__(
        self, ledger: Ledger, reins: Reins, *, first_s: float = FIRST_S, most_s: float = MOST_S
    ) -> None:
        self._ledger = ledger
        self._reins = reins
        self._first_s = first_s
        self._most_s = most_s
        self._backoff = Backoff(first_s=first_s, most_s=most_s)
        self._went_on_s = time.monotonic()
        self._over: asyncio.Event | None = None

    async def patiently(
        self,
        call: Callable[[], Awaitable[_T]],
        *,
        ready: Callable[[VgwmError], Awaitable[bool]] | None = None,
    ) -> _T:
        """Return what call returns; while it meets no room or no right, the job is held.

        call must repeat safely. ready: tells whether it is worth another try. Raises JobCancelled.
        """
        while True:
            try:
                return await call()
            except HELD as fault:
                await self.wait(fault, ready)

    async def checkpoint(self) -> None:
        """Wait while the job is paused or shut. Raises JobCancelled once it was told to end."""
        await self._reins.checkpoint()

    async def wait(
        self, fault: VgwmError, ready: Callable[[VgwmError], Awaitable[bool]] | None = None
    ) -> None:
        """Return when the job goes on again. Raises JobCancelled."""
        if self._reins.cancelled:
            raise JobCancelled
        if self._over is not None:
            await self._over.wait()
            await self._reins.checkpoint()
            return
        over = self._over = asyncio.Event()
        try:
            await self._hold(fault, ready)
        finally:
            self._over = None
            over.set()

    async def _hold(
        self, fault: VgwmError, ready: Callable[[VgwmError], Awaitable[bool]] | None
    ) -> None:
        reins = self._reins
        missing = NO_RIGHT if isinstance(fault, Denied) else NO_ROOM
        reason = f"{missing}: {fault.what}. {fault.remedy}"
        if time.monotonic() - self._went_on_s > _CALM_S:
            self._backoff = Backoff(first_s=self._first_s, most_s=self._most_s)
        noted = True
        if not reins.held:
            reins.hold(reason)
            noted = await self._note(f"{reins.kind} is paused: {reason}", level="warn")
        while not await reins.goes_on(within_s=self._backoff.next_s()):
            if not reins.by_engine:
                continue  # a person paused it: a person lets it go on
            noted = noted or await self._note(f"{reins.kind} is paused: {reason}", level="warn")
            if await self._ready(fault, ready):
                reins.resume()
                # a ledger that has no room for this has none for the job either
                if await self._note(f"{reins.kind} goes on by itself: what was missing is back"):
                    break
                reins.hold(reason)
        self._went_on_s = time.monotonic()
        await reins.checkpoint()

    async def _ready(
        self, fault: VgwmError, ready: Callable[[VgwmError], Awaitable[bool]] | None
    ) -> bool:
        if ready is None:
            return True
        try:
            return await ready(fault)
        except VgwmError:
            return False  # no answer is no leave to go on (I7)

    async def _note(self, text: str, *, level: Level = "info") -> bool:
        """Store the job's state and reason; tell whether the ledger took it (I5)."""
        reins = self._reins
        log.warning("job %d: %s", reins.id, text, extra={"kind": "job"})
        try:
            await self._ledger.job_state(
                reins.id,
                reins.state,
                reason=reins.reason,
                event=EventDraft(kind="job", text=text, level=level, job=reins.id),
            )
        except CapacityExhausted:
            return False
        return True
