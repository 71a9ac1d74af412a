"""Hints while a job lives: gathered in the background, told where they fail, taken for a round.

    async with hinting(engine, reins) as heard:     # with `hints: off` nothing is ever heard
        heard.names.wide          -> why a full round is due at once, ""
        await heard.take()        -> {bucket: keys}

Hints only shorten the time between full rounds: nothing that goes wrong with them stops a job.
May import the ledger, the source, and the engine's parts.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from core.engine.settings import source_config
from core.errors import BadInput, VgwmError
from core.ledger.rows import EventDraft
from core.source.hint_sources import open_hints
from core.source.hints import Names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.ledger.rounds import Found
    from core.source.hints import Hints

GATHER_S: Final = 0.25
"""Between two looks at what was said: a kernel's queue of 16,384 events fills in no less."""

AGAIN_S: Final = 5.0
"""Between two tries where hints fail."""


class Heard:
    """What hints of one job say. why: what they fail with, "" while they are heard."""

    def __init__(self, hints: Hints | None, ledger: Ledger, job: int) -> None:
        self.names = Names()
        self.why = ""
        self._hints = hints
        self._ledger = ledger
        self._job = job
        self._begun = False
        self._closed = False
        self._looks = asyncio.Lock()
        self._steps = threading.Lock()  # a step outlives the task that was cancelled over it
        self._heard_before: int | None = None

    async def take(self, *, settled: bool = True) -> Mapping[bytes, list[bytes]]:
        """Return what is named by now; see `Names.take`."""
        async with self._looks:
            await self._gather()
            return self.names.take(settled=settled)

    async def begin(self) -> None:
        """Begin to listen, if anything is to be heard."""
        async with self._looks:
            await self._gather()

    async def listen(self) -> None:
        """Gather for ever."""
        while True:
            await asyncio.sleep(AGAIN_S if self.why else GATHER_S)
            async with self._looks:
                await self._gather()

    def close(self) -> None:
        """Listen no more. Blocks until what is being gathered is."""
        with self._steps:
            self._closed = True
            if self._hints is not None:
                self._hints.close()

    async def full_round_begins(self) -> None:
        """Note that a walk will see whatever was changed up to now."""
        if nameless := self.names.nameless:
            await self._tell(
                f"{nameless:,} requests that change something named no object:"
                " the full round that begins finds what they did",
                "info",
            )
        self.names.narrow()

    async def full_round_ended(self, found: Found) -> None:
        """Say so where a walk found changes though nothing at all was said: hints are silent.

        Of the first round of a job nothing follows: what it found may be older.
        """
        before, self._heard_before = self._heard_before, self.names.heard
        if self._hints is None or self.why or before is None or before != self.names.heard:
            return
        if found.moved:
            await self._tell(
                f"hints are silent: a full round found {found.moved:,} changes, and none was named."
                " A gateway that could not write to its access log once never does again;"
                " of other hosts a kernel knows nothing. Full rounds go on.",
                "warn",
            )

    async def tell_off(self, why: str) -> None:
        """Say that nothing is heard, and why."""
        self.why = why
        await self._tell(f"hints are off: {why}. Full rounds go on.", "warn")

    async def _gather(self) -> None:
        """Take in what was said. A failure is told once, and so is its end."""
        if self._hints is None:
            return
        try:
            await asyncio.to_thread(self._step)
        except (VgwmError, OSError) as error:
            why = getattr(error, "what", "") or getattr(error, "strerror", "") or "unknown"
            self._begun = False
            if why != self.why:
                await self.tell_off(why)
            return
        if self.why:
            self.why = ""
            self.names.widen("hints were off")
            await self._tell("hints are heard again", "info")

    def _step(self) -> None:
        with self._steps:
            if self._hints is None or self._closed:
                return
            if not self._begun:
                self._hints.close()
                self._hints.begin()
                self._begun = True
            self._hints.gather(self.names)

    async def _tell(self, text: str, level: str) -> None:
        event = EventDraft(
            kind="hints", text=text, level="warn" if level == "warn" else "info", job=self._job
        )
        with suppress(VgwmError):  # a ledger that takes no event stops the job by itself
            await self._ledger.event(event)


@asynccontextmanager
async def hinting(premises: Premises, reins: Reins, *, wanted: bool = True) -> AsyncIterator[Heard]:
    """Listen to what the workspace names for as long as the block lasts, if it is wanted."""
    hints, why = await asyncio.to_thread(_opened, premises) if wanted else (None, "")
    heard = Heard(hints, premises.ledger, reins.id)
    if hints is None:
        if why:
            await heard.tell_off(why)
        yield heard
        return
    await heard.begin()
    listening = asyncio.create_task(heard.listen(), name="hints")
    try:
        yield heard
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await asyncio.to_thread(heard.close)


def _opened(premises: Premises) -> tuple[Hints | None, str]:
    """Return the hints that are asked for, or why there are none."""
    if premises.workspace.cutover.hints == "off":
        return None, ""  # an endpoint's keys are not asked for
    try:
        return open_hints(premises.workspace.cutover, source_config(premises.workspace)), ""
    except BadInput as error:
        return None, error.what
