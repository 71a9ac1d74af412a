"""The event that tells of recorded bundles: one a second at most, whatever the copy's speed.

A bundle's own record is its row; the event is for whoever reads along. One each would grow with
the set, 200 bytes a bundle. Pure but for the clock it is given. May import the ledger's rows.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.ledger.rows import EventDraft

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S: Final = 1.0


class RecordedEvent:
    """Folds what is recorded within a second into one event of the job."""

    def __init__(self, job: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._clock = clock
        self._told_s = clock() - EVERY_S
        self._last = 0
        self._bundles = 0
        self._objects = 0

    def note(self, bundle: int, objects: int) -> EventDraft | None:
        """Count a bundle; return the event that tells of it and those before, if one is due."""
        self._last = bundle
        self._bundles += 1
        self._objects += objects
        return self.rest() if self._clock() - self._told_s >= EVERY_S else None

    def rest(self) -> EventDraft | None:
        """Return the event of what was counted and not told yet, None if that is nothing."""
        if not self._bundles:
            return None
        many = f"{self._bundles:,} bundles recorded, the last {self._last:,}"
        one = f"bundle {self._last:,} recorded"
        draft = EventDraft(
            kind="recorded",
            text=f"{one if self._bundles == 1 else many}: {self._objects:,} objects",
            job=self._job,
            facts={"bundle": self._last, "bundles": self._bundles, "objects": self._objects},
        )
        self._told_s = self._clock()
        self._bundles = self._objects = 0
        return draft
