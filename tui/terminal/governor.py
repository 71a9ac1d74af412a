"""Decides what is painted now: at most so many bytes in any one second.

Title, totals and footer go first, then the other rows in rotation, so that no row starves. What an
operator's key asked for is painted at once and charged afterwards.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.terminal.grid import Span

LOW_DATA_BYTES_S = 1_800
BYTES_S = 8_000

WINDOW_S = 1.0

PAINT_BYTES = 40
"""What a paint costs beside its spans: cursor parked, synchronised update begun and ended."""

TOTALS_END = 8


class Governor:
    """Keeps the bytes of the last second, and takes spans as long as there is room."""

    def __init__(self, budget_bytes_s: int) -> None:
        self.budget_bytes_s = budget_bytes_s
        self._spent: deque[tuple[float, int]] = deque()
        self._turn = 0

    def room(self, now_s: float) -> int:
        """Return how many bytes may go out now; negative after an urgent paint."""
        while self._spent and self._spent[0][0] <= now_s - WINDOW_S:
            self._spent.popleft()
        return self.budget_bytes_s - sum(spent for _, spent in self._spent)

    def take(self, spans: Sequence[Span], rows: int, now_s: float) -> list[Span]:
        """Return the spans to paint now; the others stay dirty and are offered again."""
        room = self.room(now_s) - PAINT_BYTES
        taken: list[Span] = []
        used = 0
        for span in sorted(spans, key=lambda span: self._rank(span, rows)):
            if used + span.price_bytes > room:
                self._turn = span.y
                break
            taken.append(span)
            used += span.price_bytes
        if taken:
            self._spent.append((now_s, used + PAINT_BYTES))
        return taken

    def charge(self, spans: Sequence[Span], now_s: float) -> None:
        """Count spans that are painted whatever they cost."""
        if spans:
            price = sum(span.price_bytes for span in spans) + PAINT_BYTES
            self._spent.append((now_s, price))

    def _rank(self, span: Span, rows: int) -> tuple[int, int, int]:
        if span.y == 0:
            return (0, 0, span.start)
        if span.y < TOTALS_END:
            return (1, span.y, span.start)
        if span.y >= rows - 2:
            return (2, span.y, span.start)
        return (3, (span.y - self._turn) % rows, span.start)
