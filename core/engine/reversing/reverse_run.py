"""The job of the reverse copy: listening and carrying, side by side.

Each waits for what it needs by itself: a blue that is silent or full leaves green's writes known,
and a table that is silent or wrong does not end the job: the risk says since when nothing is known.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol

from core.engine.copying.faults import Backoff
from core.engine.holding import HELD, Hold
from core.engine.reins import JobCancelled
from core.engine.reversing.ground import reversing
from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.reversing.carrying import Round
    from core.engine.reversing.ground import Reverse

CONTINUOUS: Final = "continuous"
FEED: Final = "green"
COPY: Final = "blue"
"""What the job waits for, as it is shown."""

_STEP_S: Final = 0.2


class Bring(Protocol):
    """Carries what waits, one caller at a time."""

    async def __call__(self, reverse: Reverse, *, again: bool = False) -> Round:
        """Return what became of it."""
        ...


class ReverseRun:
    """One run of the job. hear, bring: as the engine's other users take turns with it."""

    def __init__(
        self,
        premises: Premises,
        reins: Reins,
        hear: Callable[[Reverse], Awaitable[None]],
        bring: Bring,
    ) -> None:
        self._premises = premises
        self._reins = reins
        self._hear = hear
        self._bring = bring
        self._hold = Hold(premises.ledger, reins)

    async def run(self) -> None:
        """Work until no bucket is green's. Raises JobCancelled, and what is wrong for good."""
        tasks = [asyncio.create_task(self._listening(), name="reverse feed")]
        cutover = self._premises.workspace.cutover
        if cutover.reverse == CONTINUOUS and cutover.private_writer is None:
            self._reins.waits[COPY] = "vgwm.yaml names no cutover.private_writer"
        elif cutover.reverse == CONTINUOUS:
            tasks.append(asyncio.create_task(self._copying(), name="reverse copy"))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listening(self) -> None:
        """Read the feed again and again, paused or not; end when no bucket is green's."""
        backoff = Backoff()
        while True:
            try:
                async with self._open(carries=False) as reverse:
                    await self._listen(reverse)
                    return
            except VgwmError as fault:
                self._reins.waits[FEED] = fault.what
                await self._rest(backoff.next_s())

    async def _listen(self, reverse: Reverse) -> None:
        while True:
            began_s = time.monotonic()
            await self._hear(reverse)
            took_s = time.monotonic() - began_s
            self._reins.waits.pop(FEED, None)
            if not (await self._premises.ledger.greenlog.stand()).buckets:
                return
            # a look at a whole table takes its time, and shall not take all of the table's
            await self._rest(max(self._premises.knobs.reverse_interval, took_s))

    async def _copying(self) -> None:
        """Carry again and again; a blue without room, or that lets us not in, holds the job."""
        backoff = Backoff()
        while True:
            await self._reins.checkpoint()
            try:
                async with self._open(carries=True) as reverse:
                    await self._carry(reverse)
            except HELD as fault:
                await self._hold.wait(fault)
            except VgwmError as fault:
                self._reins.waits[COPY] = fault.what
                await self._rest(backoff.next_s())

    async def _carry(self, reverse: Reverse) -> None:
        while True:
            done = await self._bring(reverse)
            if done.stuck:
                self._reins.waits[COPY] = f"{done.stuck} keys are tried again: {done.why}"
            else:
                self._reins.waits.pop(COPY, None)
            await self._rest(self._premises.knobs.reverse_interval)
            await self._reins.checkpoint()

    def _open(self, *, carries: bool) -> AbstractAsyncContextManager[Reverse]:
        premises, reins = self._premises, self._reins
        return reversing(
            premises.workspace, premises.ledger, reins.checkpoint, job=reins.id, carries=carries
        )

    async def _rest(self, wait_s: float) -> None:
        """Wait; raise JobCancelled as soon as the job is to end."""
        while wait_s > 0:
            await asyncio.sleep(min(_STEP_S, wait_s))
            wait_s -= _STEP_S
            if self._reins.cancelled:
                raise JobCancelled
