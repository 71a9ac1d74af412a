"""A graph that sweeps: the newest value goes over the oldest, and a gap moves on.

A graph that scrolls changes every cell each second; this one changes two. The place of a value
follows from its second alone, so that two looks at one history agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.views.line import Piece, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

ASCII_LEVELS = ".-=+*#"
UNICODE_LEVELS = "▁▂▃▄▅▆▇█"
GAP = "|"


def ceiling(peak: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50, .. at or over a peak: the scale changes rarely."""
    scale = 1
    while True:
        for step in (1, 2, 5):
            if step * scale >= peak:
                return step * scale
        scale *= 10


def _mark(value: float, top: int, levels: str) -> str:
    if value <= 0:
        return levels[0]
    return levels[min(len(levels) - 1, int(value * len(levels) / top))]


def sweep(history: Sequence[int], at_s: int, cells: int, every_s: int, *, unicode: bool) -> Piece:
    """Return the last `(cells - 1) * every_s` seconds in exactly `cells` cells.

    history: one value a second, oldest first; its last is that of second at_s. A cell is the mean
    of every_s seconds. Cells without a value are blank.
    """
    levels = UNICODE_LEVELS if unicode else ASCII_LEVELS
    newest = at_s // every_s
    sums: dict[int, list[int]] = {}
    for back, value in enumerate(reversed(history)):
        slot = (at_s - back) // every_s
        if newest - slot >= cells - 1:
            break
        sums.setdefault(slot, []).append(value)
    top = ceiling(max(history, default=1))
    out = [" "] * cells
    for slot, values in sums.items():
        out[slot % cells] = _mark(sum(values) / len(values), top, levels)
    out[(newest + 1) % cells] = GAP
    return Piece("".join(out), Role.GRAPH)


def bar(done: int, total: int, cells: int, *, unicode: bool) -> str:
    """Return a bar that is full only when all is done."""
    full, empty = ("█", "░") if unicode else ("#", ".")
    filled = min(cells, done * cells // total) if total > 0 else 0
    return "[" + full * filled + empty * (cells - filled) + "]"
