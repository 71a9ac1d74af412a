"""Writes down what an engine does while it does it: its log's minutes and stalls, its recording.

Once a second, from the same snapshot that a screen would get, so that both tell what was seen. It
stands beside the work: what it cannot write is lost and said, and stops nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.control.flight import frames as flight
from core.control.flight.ring import FlightRing
from core.control.log.snapshots import SnapshotLog, working_job
from core.control.log.writing import say
from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.control.desk import LookDesk
    from core.control.wire import state as wire

_log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
END_S: Final = 5.0


class Chronicle:
    """Sees an engine's snapshots, one after the other."""

    def __init__(self, desk: LookDesk, ring: FlightRing) -> None:
        self._desk = desk
        self._ring = ring
        self._lines = SnapshotLog(time.time_ns())
        self._seen: tuple[int, bool] | None = None
        self._lost = 0

    async def look(self) -> None:
        """Take one snapshot down."""
        now = await self._desk.snapshot()
        for line in self._lines.see(now):
            say(_log, line)
        works = working_job(now) is not None
        seen = (now.last_seq, works)
        if works or seen != self._seen:
            await asyncio.to_thread(self._record, now)
        self._seen = seen  # not before: the look at the end repeats one that was cut short
        if self._ring.lost != self._lost:
            if not self._lost:
                _log.warning("the flight recorder cannot write: seconds of it are lost")
            self._lost = self._ring.lost

    def _record(self, now: wire.Snapshot) -> None:
        """Record it: a job is at work, or something happened."""
        self._ring.add(now.at_ns, flight.pack(now, redact))


@asynccontextmanager
async def chronicling(workspace: Path, desk: LookDesk) -> AsyncIterator[None]:
    """Write an engine's log and recording while the block runs, its end included."""
    ring = FlightRing(workspace / flight.FOLDER)
    chronicle = Chronicle(desk, ring)
    task = asyncio.create_task(_go_on(chronicle), name="chronicle")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        try:
            async with asyncio.timeout(END_S):
                await _look(chronicle)
        except TimeoutError:
            _log.warning("the last second of the engine is not recorded")
        ring.close()


async def _go_on(chronicle: Chronicle) -> None:
    while True:
        await _look(chronicle)
        await asyncio.sleep(EVERY_S)


async def _look(chronicle: Chronicle) -> None:
    try:
        await chronicle.look()
    except VgwmError as error:
        _log.warning("no snapshot for the recording: %s", error.what)
