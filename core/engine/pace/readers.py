"""How many workers may read, so that the source's reads stay below a bound. Pure.

The source serves clients too: when its slowest reads take too long, a third of the readers goes;
when they are well below the bound again, one comes back at a time. May import nothing.
"""

from __future__ import annotations

REST_LOOKS = 3
"""Looks between two changes: reads of before have to leave the measure."""

_CALM = 0.8
_CALM_LOOKS = 5


class Readers:
    """The number of readers. allowed: None while nothing is throttled."""

    def __init__(self) -> None:
        self.allowed: int | None = None
        self._rest = 0
        self._calm = 0

    def look(self, p99_s: float | None, most_s: float | None, workers: int) -> bool:
        """Take a look, once a second; tell whether the number changed.

        p99_s: None while it is unknown. most_s: the bound, None for none.
        """
        before = self.allowed
        if most_s is None:
            self.allowed = None
            return before is not None
        now = min(workers, workers if before is None else before)
        self._rest = max(0, self._rest - 1)
        if p99_s is None or self._rest:
            return False
        if p99_s > most_s:
            self._calm = 0
            self.allowed = max(1, now - max(1, now // 3))
        elif before is not None:
            self._calm = self._calm + 1 if p99_s < _CALM * most_s else 0
            if self._calm >= _CALM_LOOKS:
                self._calm = 0
                self.allowed = now + 1 if now + 1 < workers else None
        if self.allowed != before:
            self._rest = REST_LOOKS
        return self.allowed != before
