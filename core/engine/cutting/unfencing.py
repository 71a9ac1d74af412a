"""Writes given back to blue: green's reads end, the gateways open and answer, then clients write.

Every step is tried until it has come about; nothing is written to blue before it is asked whether
green has taken a write. May import the cutover's room and the ledger.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from core.cutover.fleet import Outcome, Way
from core.cutover.machine import UNDO, Step
from core.cutover.mode import Mode, Side
from core.cutover.states import State
from core.errors import BadInput, Denied, VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.cutover.reading import Trouble
    from core.engine.cutting.book import Book
    from core.engine.cutting.means import CutMeans

DEAD_S: Final = 10.0
"""A gateway that does not answer for so long no longer holds up those that do."""

log = logging.getLogger(__name__)


class Turned(Exception):
    """Green has taken a write after all: blue may not write before it is carried there."""


class Unfencing:
    """Undoes the fence of one run."""

    def __init__(self, means: CutMeans, book: Book, buckets: Sequence[str], run: str) -> None:
        self._m = means
        self._book = book
        self._buckets = buckets
        self._run = run
        self._said = ""
        self._flipped = False

    async def run(self, why: str) -> None:
        """Go to blue step by step. Raises Turned only before any gateway was opened."""
        does: dict[Step, Callable[[], Awaitable[str]]] = {
            Step.UNDO_BLUE_RO: self._blue_ro,
            Step.UNDO_OPEN: self._open,
            Step.UNDO_PROBE: self._probe,
            Step.UNDO_BLUE: self._blue,
        }
        at = await self._book.standing()
        self._flipped = bool(at.flipped_ns)
        if not at.undoing:
            await self._note(self._book.undone(at.state, at.begun or Step.ENTER, why))
            await self._note(self._book.intent(at.state, Step.UNDO_BLUE_RO, {"why": why}))
        begun = at.done if at.undoing else frozenset()
        for step in UNDO:
            if step in begun:
                continue
            at = await self._book.standing()
            self._flipped = bool(at.flipped_ns)
            await self._until(does[step])
            if step is Step.UNDO_BLUE_RO and at.flipped_ns:
                await self._require_untouched()
                await self._book.undone(at.state, Step.T_FLIP, why)
                self._flipped = False
            await self._note(self._book.done(at.state, step, {}))
        if at.state is State.SWITCH_WRITES:
            await self._disarm()
        while not await self._note(self._book.done(State.CATCHUP, Step.ENTER, {"why": why})):  # noqa: ASYNC110 - room has no event
            await asyncio.sleep(self._m.retry_s)

    async def _note(self, row: Awaitable[None]) -> bool:
        """Store a row; tell whether it stands. Raises for a flip that stands, VgwmError.

        Without one `green` was sent nowhere: a ledger without room holds up no client, and what is
        done here the next engine does once more.
        """
        try:
            await row
        except VgwmError as error:
            if self._flipped:
                raise
            await self._book.alarm(f"writes go to blue, and the ledger takes no row: {error.what}")
            return False
        return True

    async def _disarm(self) -> None:
        """Let the buckets be blue's again: T_flip may have been begun, whether it is stored or not.

        Else no sync would look at them any more. Clients write to blue by now, and wait for nobody.
        """
        try:
            await self._m.world.feed.end(self._buckets)
        except VgwmError as error:
            await self._book.alarm(f"green's table was not told that it is over: {error.what}")

    async def _until(self, step: Callable[[], Awaitable[str]]) -> None:
        """Repeat a step until nothing hinders it; say what does, once each."""
        while hindered := await self._hindered(step):
            self._said = hindered
            await self._book.alarm(f"writes are not back at blue yet: {hindered}")
            await asyncio.sleep(self._m.retry_s)

    async def _hindered(self, step: Callable[[], Awaitable[str]]) -> str:
        """Do a step; return what hinders it, "" for nothing. Raises Turned."""
        try:
            return await step()
        except Turned:
            raise
        except VgwmError as error:
            return error.what
        except Exception as error:  # clients wait: whatever it is, it is tried again
            told = f"a fault of vgwm: {type(error).__name__}"
            if told != self._said:
                log.warning("a step of the undo stumbled", exc_info=error)
            return told

    async def _require_untouched(self) -> None:
        """Look once more, now that no balancer can send green a write."""
        while (wrote := await self._m.world.feed.wrote(self._buckets)) is None:
            await self._book.alarm("nobody can tell whether green has taken writes: asked again")
            await asyncio.sleep(self._m.retry_s)
        if wrote:
            raise Turned

    async def _blue_ro(self) -> str:
        """Bring back those that read from green; a silent one there accepts no write either."""
        fleet = self._m.world.fleet
        reading = await fleet.read(self._buckets)
        if self._flipped and (reading.silent or Mode.GREEN in reading.modes):
            raise Turned  # what was sent to it may still be done
        if not fleet.can_fence:
            return ""
        if reading.modes <= {Mode.BLUE, Mode.BLUE_RO} and not reading.silent:
            return ""
        way = Way(writer=Side.BLUE)
        moved = await fleet.reach(self._buckets, Mode.BLUE_RO, self._run, way)
        if self._flipped and (moved.reading.silent or Mode.GREEN in moved.reading.modes):
            raise Turned
        behind = moved.reading.modes - {Mode.BLUE, Mode.BLUE_RO}
        return moved.why or "unknown" if behind else ""

    async def _open(self) -> str:
        return await self._alive(lambda: self._m.world.open(self._buckets, self._run))

    async def _probe(self) -> str:
        try:
            return await self._alive(lambda: self._m.world.answering(self._buckets))
        except (BadInput, Denied) as error:
            # such as an engine without the account's keys: the gateways said that they are open
            told = "blue's gateways were not asked whether they take writes"
            await self._book.alarm(f"{told}: {error.what}")
            return ""

    async def _alive(self, ask: Callable[[], Awaitable[list[Trouble]]]) -> str:
        """Ask all gateways; one that is dead holds up the others for a while only."""
        until_s = time.monotonic() + DEAD_S
        while True:
            wrong = await ask()
            if not wrong:
                return ""
            if time.monotonic() >= until_s:
                told = {trouble.name: trouble.why for trouble in wrong}
                lines = [f"{name}: {why}" for name, why in told.items()]
                return "" if len(told) < self._m.world.gateways else "; ".join(lines)
            await asyncio.sleep(min(self._m.retry_s, DEAD_S))

    async def _blue(self) -> str:
        """Bring all to blue; one that slept through `_blue_ro` wakes at green_ro, two modes off."""
        fleet, way = self._m.world.fleet, Way(writer=Side.BLUE)
        moved = await fleet.reach(self._buckets, Mode.BLUE, self._run, way)
        if moved.outcome is Outcome.REFUSED and fleet.can_fence:
            await fleet.reach(self._buckets, Mode.BLUE_RO, self._run, way)
            moved = await fleet.reach(self._buckets, Mode.BLUE, self._run, way)
        return "" if moved.reached else moved.why or "unknown"
