"""The ledger's rows of one way back: before each effect, and behind what was read back (I5)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.cutover.states import NUMBERS, Phase, State
from core.ledger.cutovers import CutoverDraft
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cutover.machine import Step
    from core.ledger.cutovers import CutoverRow
    from core.ledger.ledger import Ledger
    from core.ledger.rows import Level


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
        """Add a row with its event."""
        text, self.first = text or self.first, ""
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
        self.plan = None
        told = f"{self.slice}: {NUMBERS[state]} {state} {step} {phase}"
        await self.ledger.cutting.append(draft, self._draft(f"{told}: {text}" if text else told))

    async def say(self, text: str, level: Level = "info") -> None:
        """Append an event that is no step."""
        await self.ledger.event(replace(self._draft(f"{self.slice}: {text}"), level=level))

    def _draft(self, text: str) -> EventDraft:
        return EventDraft(kind="rollback", text=text, actor=self.actor, job=self.job)
