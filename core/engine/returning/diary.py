"""The ledger's rows of one way back: before each effect, and behind what was read back (I5)."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.cutover.states import NUMBERS, Phase, State
from core.errors import CapacityExhausted
from core.ledger.cutovers import CutoverDraft
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cutover.machine import Step
    from core.ledger.cutovers import CutoverRow
    from core.ledger.ledger import Ledger
    from core.ledger.rows import Level

log = logging.getLogger(__name__)

_FIRST_S: Final = 0.2
_MOST_S: Final = 5.0


@dataclass(slots=True, eq=False, kw_only=True)
class Diary:
    """Writes for one run of one slice. plan: canonical JSON, stands in the first row.

    first: what that row says, "" for nothing.
    """

    ledger: Ledger
    run: str
    slice: str
    actor: str
    job: int
    plan: bytes | None
    first: str = ""

    async def rows(self) -> list[CutoverRow]:
        """Return the rows of the slice's newest run, whoever's it is, in their order."""
        newest = {row.slice: row for row in await self.ledger.cutovers.newest()}
        row = newest.get(self.slice)
        return [] if row is None else await self.ledger.cutovers.of_run(row.run)

    @asynccontextmanager
    async def step(self, state: State, step: Step) -> AsyncIterator[None]:
        """Hold an effect between its two rows; one that raises leaves its intent."""
        await self.note(state, step, Phase.INTENT)
        yield
        await self.note(state, step, Phase.DONE)

    async def note(self, state: State, step: Step, phase: Phase, text: str = "") -> None:
        """Add a row with its event; a ledger without room is waited for: clients wait, too."""
        wait_s = _FIRST_S
        while not await self.noted(state, step, phase, text):
            await asyncio.sleep(wait_s)
            wait_s = min(_MOST_S, wait_s * 2)

    async def noted(self, state: State, step: Step, phase: Phase, text: str = "") -> bool:
        """Add a row with its event; tell whether the ledger had room for it."""
        text = text or self.first
        draft = CutoverDraft(
            run=self.run,
            slice=self.slice,
            state=state,
            step=step,
            phase=phase,
            actor=self.actor,
            plan=self.plan,
            data=text,
        )
        told = f"{self.slice}: {NUMBERS[state]} {state} {step} {phase}"
        told = f"{told}: {text}" if text else told
        try:
            await self.ledger.cutting.append(draft, self._draft(told))
        except CapacityExhausted as error:
            log.warning("not in the ledger, %s: %s", error.what, told)
            return False
        self.plan, self.first = None, ""
        return True

    async def say(self, text: str, level: Level = "info") -> None:
        """Append an event that is no step; one that the ledger has no room for is logged alone."""
        try:
            await self.ledger.event(replace(self._draft(f"{self.slice}: {text}"), level=level))
        except CapacityExhausted:
            log.warning("not in the ledger, %s: %s", self.slice, text)

    def _draft(self, text: str) -> EventDraft:
        return EventDraft(kind="rollback", text=text, actor=self.actor, job=self.job)
