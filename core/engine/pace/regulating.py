"""The live knobs of a running copy put in force: windows, bandwidth, pauses, a source's latency.

Pauses and rates go onto the board, where every worker reads them at its next piece; the number of
readers goes to the executor. May import the ledger's rows and the engine's parts.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.config.schedule import ALL_TIMES
from core.config.units import duration_text, rate_text
from core.engine.pace.readers import Readers
from core.engine.worker.latency import Reads
from core.errors import NoAnswer
from core.ledger.rows import EventDraft
from core.model import NS_PER_S, JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.knobs import Knobs
    from core.config.schedule import Hours
    from core.engine.crew.board import Board
    from core.engine.crew.executor import LocalExecutor
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger

STEP_S = 0.25
_LOOK_S = 1.0


class Regulator:
    """Regulates one copy. clock_ns: UTC."""

    def __init__(
        self,
        *,
        board: Board,
        reins: Reins,
        ledger: Ledger,
        knobs: Callable[[], Knobs],
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._board = board
        self._reins = reins
        self._ledger = ledger
        self._knobs = knobs
        self._clock_ns = clock_ns
        self._hours: Hours | None = None
        self._reads = Reads()
        self.readers = Readers()
        self._looked_s = 0.0

    async def run(self, executor: LocalExecutor) -> None:
        """Regulate until cancelled."""
        while True:
            await self.step(executor)
            await asyncio.sleep(STEP_S)

    async def step(self, executor: LocalExecutor) -> None:
        """Look at knobs, clock and reins, and put in force what they say."""
        await self._keep_hours()
        self.rule()
        now_s = time.monotonic()
        freed = self._knobs().source_p99_max is None and self.readers.allowed is not None
        if freed or now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            await self._spare_source(executor)

    def rule(self) -> None:
        """Write the rules that hold now onto the board."""
        self._board.rules.rule(hold=self._reins.still, bytes_s=self.bytes_s() or 0)

    def end(self) -> None:
        """Let everything pass: the copy has ended."""
        self._board.rules.rule(hold=False, bytes_s=0)

    def bytes_s(self) -> int | None:
        """Return the bytes a second that knob and window allow now; None for no limit."""
        hours = self._hours.bytes_s if self._hours is not None else None
        rates = [rate for rate in (self._knobs().bandwidth, hours) if rate is not None]
        return min(rates, default=None)

    def source_reason(self) -> str:
        """Say why fewer workers read than there are, "" if all may."""
        allowed = self.readers.allowed
        if allowed is None:
            return ""
        p99_s, most_s = self._reads.p99_s(), self._knobs().source_p99_max
        took = "unknown" if p99_s is None else duration_text(p99_s)
        most = "off" if most_s is None else duration_text(most_s)
        return f"source: read p99 {took} of {most}, {allowed} of {self._knobs().workers} read"

    async def _keep_hours(self) -> None:
        now_ns = self._clock_ns()
        hours = self._knobs().windows.at(now_ns)
        before, self._hours = self._hours, hours
        if hours.is_open:
            if self._reins.shut:
                self._reins.open()
        elif before is None or before.until_ns != hours.until_ns or not self._reins.shut:
            self._reins.close(f"window: opens {_clock(hours.until_ns)}")
        if before is None and hours == (True, None, None):
            return
        if before is None or before[:2] != hours[:2] or (before != hours and not hours.is_open):
            self.rule()
            await self._announce(hours)

    async def _announce(self, hours: Hours) -> None:
        """Store that a window opened or closed, with the job's reason."""
        reins = self._reins
        text = f"window closed: it opens {_clock(hours.until_ns)}"
        if hours.is_open:
            rate = "" if hours.bytes_s is None else f", {rate_text(hours.bytes_s)}"
            text = f"window open until {_clock(hours.until_ns)}{rate}"
        draft = EventDraft(kind="window", text=text, job=reins.id)
        with suppress(NoAnswer):  # a full ledger says so at the next change
            if reins.state is not JobState.RUNNING:
                await self._ledger.event(draft)
                return
            await self._ledger.job_state(reins.id, reins.state, reason=reins.reason, event=draft)

    async def _spare_source(self, executor: LocalExecutor) -> None:
        """Have fewer workers read while the source is slow."""
        knobs = self._knobs()
        self._reads.look(self._board.reads())
        throttled = self.readers.allowed is not None
        p99_s = None if self._reins.still else self._reads.p99_s()
        if not self.readers.look(p99_s, knobs.source_p99_max, knobs.workers):
            return
        if throttled != (self.readers.allowed is not None):
            text = self.source_reason() or "source: all workers read again"
            with suppress(NoAnswer):
                await self._ledger.event(EventDraft(kind="throttle", text=text, job=self._reins.id))
        self._reads.forget()
        await executor.limit(self.readers.allowed)


def knobs_of(kind: JobKind, knobs: Knobs) -> Knobs:
    """Return the knobs that a job's copying keeps to: clients wait for a cutover's, nobody else's.

    Its pause was confirmed: no window, no bandwidth and no spared source makes that longer.
    """
    if kind not in {JobKind.CUTOVER, JobKind.REHEARSE}:
        return knobs
    return replace(knobs, windows=ALL_TIMES, bandwidth=None, source_p99_max=None)


def _clock(at_ns: int | None) -> str:
    if at_ns is None:
        return "the knob changes"
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%d %H:%M} UTC"
