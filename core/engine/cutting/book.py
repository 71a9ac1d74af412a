"""The rows of one run, as it is driven: before and behind each step, with an event each (I5).

May import the ledger and the machine.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from core.cutover.machine import Standing, Step, standing
from core.cutover.states import NUMBERS, Phase, State
from core.dag.canonical import dumps
from core.errors import Broken, VgwmError
from core.ledger.cutovers import CutoverDraft
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.ledger.ledger import Ledger
    from core.ledger.rows import Level

EVENT: str = "cutover"

log = logging.getLogger(__name__)


class Book:
    """Writes the rows of a run. Each method returns when its row is durable."""

    def __init__(self, ledger: Ledger, *, run: str, slice_: str, actor: str, job: int) -> None:
        self._ledger = ledger
        self._run = run
        self._slice = slice_
        self.actor = actor
        self._job = job
        self._alarmed = ""

    async def begun(self) -> Standing | None:
        """Return where the run stands; None before its first row."""
        return standing(await self._ledger.cutovers.of_run(self._run))

    async def standing(self) -> Standing:
        """Return where the run stands."""
        found = await self.begun()
        if found is None:
            raise Broken(
                what=f"run {self._run} has no rows",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        return found

    async def plan(self, stored: bytes, said: Mapping[str, object]) -> None:
        """Store the plan that the run executes: its first row."""
        await self._add(State.PLANNED, Step.PLAN, Phase.DONE, dict(said), plan=stored)

    async def intent(self, state: State, step: Step, said: Mapping[str, object]) -> None:
        """Note that a step begins; only then may its effect."""
        await self._add(state, step, Phase.INTENT, dict(said))

    async def done(self, state: State, step: Step, said: Mapping[str, object]) -> None:
        """Note that a step was read back."""
        await self._add(state, step, Phase.DONE, dict(said))

    async def undone(self, state: State, step: Step, why: str) -> None:
        """Note that a step did not come about, or was taken back."""
        await self._add(state, step, Phase.UNDONE, {"why": why}, level="warn")

    async def tell(self, text: str) -> None:
        """Say what an operator may want to read, without a row."""
        await self._ledger.event(EventDraft(kind=EVENT, text=text, job=self._job))

    async def alarm(self, text: str) -> None:
        """Say what an operator has to hear now, without a row; once while it stays the same.

        Never raises: what a ledger without room does not take stands in engine.log.
        """
        if text == self._alarmed:
            return
        self._alarmed = text
        log.error("%s", text)
        draft = EventDraft(kind=EVENT, text=text, level="error", job=self._job)
        try:
            await self._ledger.event(draft)
        except VgwmError as error:
            log.warning("the event was not stored: %s", error.what)

    async def _add(  # noqa: PLR0913 - what a row is
        self,
        state: State,
        step: Step,
        phase: Phase,
        said: dict[str, object],
        *,
        plan: bytes | None = None,
        level: Level = "info",
    ) -> None:
        why = f": {said['why']}" if said.get("why") else ""
        text = f"{NUMBERS[state]} {state} of {self._slice}: {step} {phase}{why}"
        await self._ledger.cutting.append(
            CutoverDraft(
                run=self._run,
                slice=self._slice,
                state=state,
                step=step,
                phase=phase,
                actor=self.actor,
                plan=plan,
                data=dumps(said) if said else "",
            ),
            EventDraft(kind=EVENT, text=text, level=level, actor=self.actor, job=self._job),
        )
