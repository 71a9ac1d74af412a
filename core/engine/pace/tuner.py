"""Sets the number of workers while `autotune` is on: measures, climbs, says each step.

May import the board, the executor's seats, the knobs and the climb.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

import psutil

from core.engine.crew.board import Step as At
from core.engine.live_knobs import TUNER
from core.engine.pace.tuning import Climber, Reading, Stop
from core.errors import NoAnswer
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.crew.board import Board
    from core.engine.crew.executor import LocalExecutor
    from core.engine.live_knobs import LiveKnobs
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger

LOOK_S = 1.0
SETTLE_LOOKS = 3
"""Looks after a change before measuring: workers have to start, or to end what they hold."""

SPAN_LOOKS = 10
"""Looks of one reading."""

MOST = 256
_IDLE = 0.5

WORDS = {
    Stop.CPU: "cpu: the machine is in use",
    Stop.NODE: "node: most workers wait for nodes",
    Stop.SOURCE: "source: most workers read, and more of them read no faster",
    Stop.OPTIMUM: "at optimum: neither more nor fewer workers are faster",
}


@dataclass(slots=True)
class _Span:
    """What was seen since a reading began."""

    began_s: float
    objects: int
    size_bytes: int
    shares: list[tuple[float, float]] = field(default_factory=list)


class Tuner:
    """Tunes one copy. cpu: share of the machine in use since its last call, 0..1."""

    def __init__(
        self,
        *,
        board: Board,
        reins: Reins,
        ledger: Ledger,
        knobs: LiveKnobs,
        cpu: Callable[[], float] | None = None,
    ) -> None:
        self._board = board
        self._reins = reins
        self._ledger = ledger
        self._knobs = knobs
        self._cpu = cpu or _machine
        self._climber: Climber | None = None
        self._settle = 0
        self._span: _Span | None = None

    async def run(
        self, executor: LocalExecutor, changed: Callable[[], object], *, look_s: float = LOOK_S
    ) -> None:
        """Tune until cancelled. changed: puts the new number in force."""
        while True:
            if await self.look(executor):
                changed()
            await asyncio.sleep(look_s)

    async def look(self, executor: LocalExecutor) -> bool:
        """Take a look, once a second; tell whether it set the number of workers."""
        if self._knobs.now.autotune != "on":
            self._climber = None
            return False
        workers = self._knobs.now.workers
        if self._climber is None or self._climber.workers != max(1, workers):
            self._climber = Climber(workers, most=MOST)
            self._again()
        if not self._works(executor, workers):
            self._again()
            return False
        if self._settle:
            self._settle -= 1
            return False
        reading = self._measure(executor)
        return reading is not None and await self._climb(self._climber, reading)

    def _again(self) -> None:
        """Measure anew, once things have settled."""
        self._settle, self._span = SETTLE_LOOKS, None

    def _works(self, executor: LocalExecutor, workers: int) -> bool:
        """Tell whether what can be seen is the speed of so many workers, and of nothing else."""
        if self._reins.still or self._reins.waits or executor.limited:
            return False
        seats = executor.seats()
        busy = sum(bool(seat.held) for seat in seats)
        return len(seats) == workers and busy > _IDLE * workers

    def _measure(self, executor: LocalExecutor) -> Reading | None:
        objects, size_bytes = self._board.done()
        now_s = monotonic()
        if self._span is None:
            self._cpu()
            self._span = _Span(now_s, objects, size_bytes)
            return None
        span = self._span
        span.shares.append(self._shares(executor))
        if len(span.shares) < SPAN_LOOKS:
            return None
        self._span = None
        seconds, looks = max(now_s - span.began_s, 1e-3), len(span.shares)
        return Reading(
            objects_s=(objects - span.objects) / seconds,
            bytes_s=(size_bytes - span.size_bytes) / seconds,
            cpu=self._cpu(),
            sending=sum(sending for sending, _ in span.shares) / looks,
            reading=sum(reading for _, reading in span.shares) / looks,
        )

    def _shares(self, executor: LocalExecutor) -> tuple[float, float]:
        steps = [self._board.read(seat.slot).step for seat in executor.seats()]
        sending = sum(step in (At.SEND, At.STORE) for step in steps)
        reading = sum(step in (At.READ, At.STREAM) for step in steps)
        return sending / max(1, len(steps)), reading / max(1, len(steps))

    async def _climb(self, climber: Climber, reading: Reading) -> bool:
        before = self._knobs.now.workers
        step = climber.look(reading)
        if step is None:
            return False
        measured = f"{reading.objects_s:,.0f} objects/s, {reading.bytes_s / 1e6:,.1f} MB/s"
        why = f"{before} workers did {measured}"
        with suppress(NoAnswer):  # a full ledger says so at the next change
            if step.workers != before:
                await self._knobs.set({"workers": str(step.workers)}, TUNER, why=why)
            if step.stopped is not None:
                cpu = f", {reading.cpu * 100:.0f} %" if step.stopped is Stop.CPU else ""
                text = f"autotune stays at {step.workers} workers, {WORDS[step.stopped]}{cpu}"
                await self._ledger.event(
                    EventDraft(kind="autotune", text=text, actor=TUNER, job=self._reins.id)
                )
        self._again()
        return step.workers != before


def _machine() -> float:
    return psutil.cpu_percent(interval=None) / 100
