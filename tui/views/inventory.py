"""What the source holds: sizes by class, the largest objects, what the target cannot carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.model import NS_PER_S
from tui.views.graph import bar
from tui.views.line import EMPTY, WIDE, Line, Piece, Role, Size, beside, column, fitted, text
from tui.views.totals import labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.checks import Inventory, LargeObject
    from tui.ui import Scene, Ui

_BAR_CELLS = 16
_WITH_BAR = 70
_HEAD_ROWS = 2
"""Of the screen, above these."""
_SUMS = "integrity:"
"""Classes that say how the source sums its objects: no loss."""


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the rows below the head; without an inventory, what makes one."""
    found = scene.checks.inventory if scene.checks is not None else None
    if found is None:
        return [EMPTY, text(" nothing was counted yet: B asks every check, and counts")]
    head = [*_counts(found, scene.now_ns), EMPTY]
    lines = _lines(found, ui, size)
    below = max(0, len(lines) - (size.height - len(head)))
    return [*head, *lines[min(ui.cursor, below) :]]


def overflow(found: Inventory, ui: Ui, size: Size) -> int:
    """Return how many rows do not fit a body of this size, so far can it be scrolled."""
    head = _HEAD_ROWS + len(_counts(found, found.measured_ns)) + 1
    return max(0, len(_lines(found, ui, size)) - (size.height - head))


def _lines(found: Inventory, ui: Ui, size: Size) -> list[Line]:
    wide = size.width >= WIDE
    half = size.width // 2 if wide else size.width
    sizes = [*histogram(found.histogram, ui, half), EMPTY, *losses(found.cannot_carry)]
    large = largest(found.largest, half)
    if not wide:
        return [*sizes, EMPTY, *large]
    sizes = [fitted(line, half - 1) for line in sizes]
    return beside(sizes, large, half, max(len(sizes), len(large)))


def _counts(found: Inventory, now_ns: int) -> list[Line]:
    age = display.age(max(0.0, (now_ns - found.measured_ns) / NS_PER_S))
    whole = Piece(f"   counted {age} ago", Role.DIM)
    if not found.complete:
        whole = Piece(f"   ! incomplete, {age} ago: not every entry could be read", Role.WARN)
    history = f"{display.count(found.versions)} versions   {display.count(found.markers)} markers"
    clients = ", ".join(found.clients)
    return [
        labelled(
            "objects",
            Piece(f"{display.count(found.objects)}   {display.size(found.size_bytes)}"),
            Piece(f"   {display.count(found.buckets)} buckets"),
            whole,
        ),
        labelled("history", Piece(history)),
        *([labelled("clients", Piece(clients))] if clients else []),
    ]


def histogram(classes: Sequence[tuple[str, int, int]], ui: Ui, width: int) -> list[Line]:
    """Return a row for each class of sizes; its bar only where there is room for one."""
    whole = sum(objects for _, objects, _ in classes)
    if not whole:
        return [text(" no object", Role.DIM)]
    lines: list[Line] = [text(f"   {'size':<12} {'objects':>13}  {'share':>7}  bytes", Role.DIM)]
    for label, objects, size_bytes in classes:
        if not objects:
            continue
        cells = _BAR_CELLS if width >= _WITH_BAR else 0
        graph = bar(objects, whole, cells, unicode=ui.unicode) if cells else ""
        shown = f"{display.percent(objects, whole):>7}  {display.size(size_bytes):>8}  "
        lines.append(
            (
                Piece(f"   {column(label, 12)} {display.count(objects):>13}  {shown}"),
                Piece(graph, Role.GRAPH),
            )
        )
    return lines


def losses(classes: dict[str, int]) -> list[Line]:
    """Return what the target cannot carry, by class, the most first; none is said, too."""
    lost = sorted(
        ((name, n) for name, n in classes.items() if n and not name.startswith(_SUMS)),
        key=lambda pair: (-pair[1], pair[0]),
    )
    if not lost:
        return [labelled("cannot", Piece("= nothing: all of it can be carried", Role.OK))]
    return [
        labelled(
            "" if n else "cannot", Piece(f"{display.count(count):>11}  ", Role.WARN), Piece(name)
        )
        for n, (name, count) in enumerate(lost)
    ]


def largest(objects: Sequence[LargeObject], width: int) -> list[Line]:
    """Return the largest objects."""
    if not objects:
        return []
    room = max(8, width - 14)
    return [
        text("     largest   object", Role.DIM),
        *(
            (
                Piece(f"{display.size(found.size_bytes):>12}   "),
                Piece(column(found.name, room).rstrip()),
            )
            for found in objects
        ),
    ]
