"""What the terminal takes: bytes a second, and whether it was stuck too often."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

STUCK_S = 0.3
_LOOK_BACK = 10
_TOO_OFTEN = 3


class Meter:
    """Samples of a metered file, one a second."""

    PERIOD_S: ClassVar[float] = 1.0

    def __init__(self) -> None:
        self.bytes_s: float | None = None
        self._last: tuple[float, int] | None = None
        self._stuck: deque[bool] = deque(maxlen=_LOOK_BACK)

    def sample(self, bytes_out: int, stuck_s: float, now_s: float) -> None:
        """Take the count of bytes written so far, and for how long the terminal has been stuck."""
        if self._last is not None:
            then_s, before = self._last
            self.bytes_s = (bytes_out - before) / max(now_s - then_s, 0.001)
        self._last = (now_s, bytes_out)
        self._stuck.append(stuck_s > STUCK_S)

    @property
    def is_slow(self) -> bool:
        """Whether the terminal was stuck in 3 of the last 10 samples."""
        return sum(self._stuck) >= _TOO_OFTEN

    def forget(self) -> None:
        """Begin to look anew."""
        self._stuck.clear()
