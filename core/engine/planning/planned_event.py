"""The event that tells how far a walk is: one a second at most, whatever its speed.

Pure but for the clock it is given. May import the ledger's rows and display.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.display import safe
from core.engine.copying.recorded_event import EVERY_S
from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Callable


class PlannedEvent:
    """Folds the pages that come within a second into one event."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_s = clock() - EVERY_S
        self._keys = 0

    def note(self, keys: int, bucket: bytes, job: int) -> EventDraft | None:
        """Count a page's keys; return the event that tells of them and those before, if due."""
        self._keys += keys
        if self._clock() - self._told_s < EVERY_S:
            return None
        draft = EventDraft(
            kind="planned", text=f"{self._keys:,} keys, now in {safe(bucket)}", job=job
        )
        self._told_s = self._clock()
        self._keys = 0
        return draft
