"""The rows of a long list around the cursor. Those that are not here show as `...`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from core import display
from tui.facts.window import scrolled
from tui.views.line import Line, Piece, Role, column, plain, width_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.facts.window import Window
    from tui.ui import Ui
    from tui.views.line import Size

ListT = TypeVar("ListT")
RowT = TypeVar("RowT")


def listed(
    window: Window[ListT, RowT], ui: Ui, size: Size, row: Callable[[RowT, int, int], Line]
) -> list[Line]:
    """Return the rows that are shown in `size`, the cursor's marked.

    row: gives a row's line by the row, its place in the list and the cells that it may take.
    """
    width, rows = size
    top = scrolled(ui.top, ui.cursor, rows, window.total)
    lines: list[Line] = []
    for index in range(top, min(window.total, top + rows)):
        mark = Piece(" > " if index == ui.cursor else "   ", Role.KEY)
        found = window.row(index)
        if found is None:
            lines.append((mark, Piece(f"{display.count(index + 1):>9}  ...", Role.DIM)))
        else:
            lines.append(_fits((mark, *row(found, index, width - 3)), width))
    return lines


def _fits(line: Line, width: int) -> Line:
    """Cut what would run into the second pane."""
    return (
        line if width_of(line) <= width else (*line[:1], Piece(column(plain(line[1:]), width - 3)))
    )
