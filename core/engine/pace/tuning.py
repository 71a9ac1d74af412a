"""Finds the number of workers by climbing: more while that brings more, fewer while it costs none.

One reading is the mean of some seconds under one number. The climb ends where neither direction
pays, and says what bounds it there; it begins anew when the speed has changed for good. Pure.
May import nothing of the project.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

GAIN: Final = 0.05
"""What more workers must bring, or the measure's noise would add them for ever."""

LOSS: Final = 0.02
"""What fewer workers may cost, of the best that was seen."""

OBJECT_BYTES: Final = 16 * 1024
"""The content that costs as much time as an object's open, stat, attributes and close."""

CPU_FULL: Final = 0.92
_HALF: Final = 0.5
_CHANGED: Final = 0.3
_CHANGED_LOOKS: Final = 3


class Stop(StrEnum):
    """What bounds the copy where the climb ended."""

    CPU = "cpu"
    NODE = "node"
    SOURCE = "source"
    OPTIMUM = "at optimum"


class Reading(NamedTuple):
    """What was measured. cpu: share of the machine in use. sending, reading: shares of workers."""

    objects_s: float
    bytes_s: float
    cpu: float
    sending: float
    reading: float

    @property
    def score(self) -> float:
        """Objects and bytes as one speed."""
        return self.objects_s + self.bytes_s / OBJECT_BYTES

    def bound(self) -> Stop:
        """Name what bounds the copy."""
        if self.cpu >= CPU_FULL:
            return Stop.CPU
        if self.sending > _HALF:
            return Stop.NODE
        if self.reading > _HALF:
            return Stop.SOURCE
        return Stop.OPTIMUM


class Step(NamedTuple):
    """The number of workers to have now. stopped: why the climb ended here, None if it goes on."""

    workers: int
    stopped: Stop | None


class _Best(NamedTuple):
    workers: int
    reading: Reading


class Climber:
    """One climb from a number of workers, within 1..most."""

    def __init__(self, workers: int, *, most: int) -> None:
        self.workers = max(1, workers)
        self.stopped: Stop | None = None
        self._most = most
        self._begin()

    def _begin(self) -> None:
        self.stopped = None
        self._best: _Best | None = None
        self._peak = 0.0
        self._seen: set[int] = set()
        self._up, self._failed = True, False
        self._step = max(1, self.workers // 2)
        self._strange = 0

    def look(self, reading: Reading) -> Step | None:
        """Take what was measured with the present number; return the next, None to stay."""
        if self.stopped is not None:
            return self._watch(reading)
        best, here = self._best, _Best(self.workers, reading)
        self._seen.add(self.workers)
        self._peak = max(self._peak, reading.score)
        if best is None:
            self._best = here
        elif self._pays(reading, best.reading):
            self._best = here
            self._step *= 2 if self._up and not self._failed else 1
        else:
            self._failed = True
            self._step //= 2
        return self._next(self._best or here)

    def _pays(self, reading: Reading, best: Reading) -> bool:
        if self._up:
            return reading.score > best.score * (1 + GAIN)
        return reading.score >= self._peak * (1 - LOSS)

    def _next(self, best: _Best) -> Step:
        if self._up:
            wanted = min(self._most, best.workers + self._step)
            if self._step and wanted > best.workers and best.reading.cpu < CPU_FULL:
                return self._go(wanted)
            self._up = False
            self._step = max(1, best.workers // 4)
        wanted = max(1, best.workers - self._step)
        if self._step and wanted < best.workers:
            return self._go(wanted)
        fine = max(1, best.workers // 8)
        more = best.workers + fine
        if more not in self._seen and more <= self._most and best.reading.cpu < CPU_FULL:
            self._up, self._failed, self._step = True, False, fine  # down may have passed the best
            return self._go(more)
        self.stopped = best.reading.bound()
        return Step(self._go(best.workers).workers, self.stopped)

    def _go(self, workers: int) -> Step:
        self.workers = workers
        return Step(workers, None)

    def _watch(self, reading: Reading) -> Step | None:
        """Stay, until the speed is another one for some looks."""
        best = self._best
        held = best.reading.score if best is not None else 0.0
        if abs(reading.score - held) <= _CHANGED * held:
            self._strange = 0
            return None
        self._strange += 1
        if self._strange < _CHANGED_LOOKS:
            return None
        self._begin()
        return self.look(reading)
