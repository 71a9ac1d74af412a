"""How long reads of the source take: bins of a third of an octave, and their 99th percentile.

Workers time one read in `SAMPLE`; the coordinator sums their bins and looks at the last seconds.
May import nothing of the project.
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE = 16
"""One read in so many is timed."""

BINS = 64
_PER_OCTAVE = 3
_FIRST_NS = 16_000

ENOUGH = 100
"""Timed reads that a 99th percentile needs."""

LOOKS = 30
"""Looks, one a second, that are kept."""

_SHARE = 0.99


def bin_of(ns: int) -> int:
    """Return the bin of a time: 0 up to 16 us, the last from half a minute."""
    if ns <= _FIRST_NS:
        return 0
    return min(BINS - 1, math.ceil(math.log2(ns / _FIRST_NS) * _PER_OCTAVE))


def upper_s(number: int) -> float:
    """Return the longest time of a bin, in seconds."""
    return _FIRST_NS * math.pow(2.0, number / _PER_OCTAVE) / 1e9


def p99_s(counts: list[int]) -> float | None:
    """Return the time that 99 of 100 reads do not exceed, None if there are too few of them."""
    total = sum(counts)
    if total < ENOUGH:
        return None
    left = _SHARE * total
    for number, count in enumerate(counts):
        left -= count
        if left <= 0:
            return upper_s(number)
    return upper_s(BINS - 1)


_Chunk = TypeVar("_Chunk")


def timed(chunks: Iterator[_Chunk], note: Callable[[int], None]) -> Iterator[_Chunk]:
    """Yield chunks as they are read; note the nanoseconds of the first, and of one in `SAMPLE`."""
    number = 0
    while True:
        began_ns = time.perf_counter_ns()
        try:
            chunk = next(chunks)
        except StopIteration:
            return
        if number % SAMPLE == 0:
            note(time.perf_counter_ns() - began_ns)
        number += 1
        yield chunk


class Reads:
    """The reads of the last seconds: as few as give a 99th percentile, at most `LOOKS`."""

    def __init__(self) -> None:
        self._looks: deque[list[int]] = deque(maxlen=LOOKS + 1)

    def look(self, counts: list[int]) -> None:
        """Take the sums of all workers as they are now; once a second."""
        self._looks.append(counts)

    def forget(self) -> None:
        """Begin anew: what was measured holds no more."""
        last = self._looks[-1] if self._looks else None
        self._looks.clear()
        if last is not None:
            self._looks.append(last)

    def p99_s(self) -> float | None:
        """Return the 99th percentile of the last reads, None while there are too few."""
        if not self._looks:
            return None
        now = self._looks[-1]
        for then in list(self._looks)[-2::-1]:
            found = p99_s([a - b for a, b in zip(now, then, strict=True)])
            if found is not None:
                return found
        return None
