"""A grid of cells: what a terminal shows, what it should show, and the spans between the two.

Pure; `tui/widgets/panel.py` paints it. A wide character is a cell with its text, followed by an
empty one; spans never cut it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from tui.views.line import Line, Piece, Role, Size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Cell = tuple[str, Role]
BLANK: Cell = (" ", Role.TEXT)

JOIN_CELLS = 10
"""Changed cells nearer than this are one span: moving the cursor costs 8 bytes."""

RUN_BYTES = 14
"""What changing to a role and back costs where the caller does not know better."""

Costs = Mapping[Role, int]


class Span(NamedTuple):
    """Cells start..end of row y that differ, and what they cost on the wire, at most."""

    y: int
    start: int
    end: int
    price_bytes: int

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a cell."""
        return self.y == other.y and self.start < other.end and other.start < self.end


def _cells(line: Line, width: int) -> list[Cell]:
    """Return exactly width cells; what is longer is cut, a wide character in half is a blank."""
    cells: list[Cell] = []
    for text, role in line:
        for char in text:
            wide = cell_len(char)
            if wide == 0:
                if cells:
                    cells[-1] = (cells[-1][0] + char, cells[-1][1])
                continue
            cells.append((char, role))
            if wide > 1:
                cells.append(("", role))
    if len(cells) > width:
        cut_in_half = cells[width][0] == ""
        del cells[width:]
        if cut_in_half and cells:
            cells[-1] = BLANK
    cells.extend([BLANK] * (width - len(cells)))
    return cells


class Grid:
    """Rows of cells. Blank at first."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.rows: list[list[Cell]] = [[BLANK] * size.width for _ in range(size.height)]

    @classmethod
    def of(cls, lines: Sequence[Line], size: Size) -> Grid:
        """Return the lines as a grid: missing rows are blank, surplus ones are dropped."""
        grid = cls(size)
        for y, line in enumerate(lines[: size.height]):
            grid.rows[y] = _cells(line, size.width)
        return grid

    def runs(self, y: int) -> list[Piece]:
        """Return row y as pieces of one role each."""
        return [
            Piece("".join(text for text, _ in run), role)
            for role, run in groupby(self.rows[y], key=lambda cell: cell[1])
        ]

    def text(self) -> str:
        """Return the rows without roles, right ends stripped."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self.rows)

    def take(self, other: Grid, spans: Iterable[Span]) -> None:
        """Copy the spans' cells from a grid of the same size."""
        for y, start, end, _ in spans:
            self.rows[y][start:end] = other.rows[y][start:end]


def _price(y: int, x: int, cells: Sequence[Cell], costs: Costs) -> int:
    """Return at most how many bytes it takes to go there and write the cells."""
    size = len(f"\x1b[{y + 1};{x + 1}H")
    role: Role | None = None
    for text, cell_role in cells:
        if cell_role != role:
            size += costs.get(cell_role, RUN_BYTES)
            role = cell_role
        size += len(text.encode())
    return size


def _whole(shown: Sequence[Cell], wanted: Sequence[Cell], start: int, end: int) -> tuple[int, int]:
    """Widen a span until it cuts no wide character of either row."""
    while start > 0 and "" in (shown[start][0], wanted[start][0]):
        start -= 1
    while end < len(shown) and "" in (shown[end][0], wanted[end][0]):
        end += 1
    return start, end


def changes(shown: Grid, wanted: Grid, costs: Costs) -> list[Span]:
    """Return the spans in which two grids of one size differ, top to bottom, left to right.

    costs: bytes to change to a role and back, for the spans' price.
    """
    spans: list[tuple[int, int, int]] = []
    for y, (old, new) in enumerate(zip(shown.rows, wanted.rows, strict=True)):
        if old == new:
            continue
        start = end = -1
        for x, (was, is_now) in enumerate(zip(old, new, strict=True)):
            if was == is_now:
                continue
            if start >= 0 and x - end >= JOIN_CELLS:
                spans.append((y, *_whole(old, new, start, end)))
                start = -1
            if start < 0:
                start = x
            end = x + 1
        spans.append((y, *_whole(old, new, start, end)))
    return [
        Span(y, start, end, _price(y, start, wanted.rows[y][start:end], costs))
        for y, start, end in _joined(spans)
    ]


def _joined(spans: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Join spans that touch after they were widened."""
    out: list[tuple[int, int, int]] = []
    for y, start, end in spans:
        last = out[-1] if out else None
        if last is not None and last[0] == y and start <= last[2]:
            out[-1] = (y, last[1], max(last[2], end))
        else:
            out.append((y, start, end))
    return out
