"""A line of a screen: pieces of text, each in a role. Knows no colour, only roles.

Outside text is made safe by whoever made the snapshot; widths are those of `rich.cells`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, chop_cells, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterable


class Role(StrEnum):
    """What a piece of text means; a theme gives each role its colour and attributes."""

    TEXT = "text"
    TITLE = "title"
    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"
    DIM = "dim"
    GRAPH = "graph"
    KEY = "key"
    CURSOR = "cursor"


class Size(NamedTuple):
    """Columns and rows of the terminal."""

    width: int
    height: int


class Piece(NamedTuple):
    """Text in one role."""

    text: str
    role: Role = Role.TEXT


Line = tuple[Piece, ...]
EMPTY: Line = ()

WIDE = 120
"""From this width on a second pane stands beside the first."""


def text(value: str, role: Role = Role.TEXT) -> Line:
    """Return a line of one piece."""
    return (Piece(value, role),)


def plain(line: Line) -> str:
    """Return the line's text without its roles."""
    return "".join(piece.text for piece in line)


def width_of(line: Line) -> int:
    """Return how many cells the line takes."""
    return sum(cell_len(piece.text) for piece in line)


def in_ascii(line: Line) -> Line:
    """Return the line with a `?` in each cell of what is not ASCII."""
    if plain(line).isascii():
        return line
    return tuple(
        Piece("".join(c if c.isascii() else "?" * cell_len(c) for c in piece.text), piece.role)
        for piece in line
    )


def at(line: Line, column: int, *pieces: Piece) -> Line:
    """Append pieces so that they begin at column, or one blank after what is there already."""
    used = width_of(line)
    gap = column - used if column > used or not used else 1
    return (*line, Piece(" " * gap), *pieces) if gap > 0 else (*line, *pieces)


def right(line: Line, width: int, *pieces: Piece) -> Line:
    """Append pieces so that they end at width; dropped if they do not fit after the line."""
    room = width - width_of(line) - width_of(pieces)
    return (*line, Piece(" " * room), *pieces) if room > 0 else line


def column(value: str, width: int, *, to_right: bool = False) -> str:
    """Return the text in exactly width cells, cut with `~` if it is longer."""
    if cell_len(value) > width:
        value = set_cell_size(value, width - 1) + "~"
    pad = " " * (width - cell_len(value))
    return pad + value if to_right else value + pad


def fitted(line: Line, width: int) -> Line:
    """Return a line of at most `width` cells, cut with `~` in the piece that is too long."""
    if width_of(line) <= width:
        return line
    kept: list[Piece] = []
    room = width
    for piece in line:
        if cell_len(piece.text) > room:
            return (*kept, Piece(column(piece.text, room), piece.role)) if room > 0 else tuple(kept)
        kept.append(piece)
        room -= cell_len(piece.text)
    return tuple(kept)


def wrapped(value: str, width: int) -> list[str]:
    """Return the text in rows of at most `width` cells, cut between words where it can be."""
    rows = [""]
    for word in value.split(" "):
        joined = f"{rows[-1]} {word}" if rows[-1] else word
        if cell_len(joined) <= width:
            rows[-1] = joined
            continue
        if not rows[-1]:
            rows.pop()
        rows += chop_cells(word, max(1, width))
    return rows


def packed(parts: Iterable[str], gap: str, width: int) -> list[str]:
    """Return parts in rows of at most `width` cells, none of them broken where it fits in one."""
    rows: list[str] = []
    for part in parts:
        joined = f"{rows[-1]}{gap}{part}" if rows else part
        if rows and cell_len(joined) <= width:
            rows[-1] = joined
        else:
            rows.append(part)
    return rows


def beside(left: list[Line], pane: list[Line], column_at: int, height: int) -> list[Line]:
    """Return the left rows with the pane's rows at a column."""
    lines: list[Line] = []
    for y in range(min(height, max(len(left), len(pane)))):
        line = left[y] if y < len(left) else EMPTY
        if y < len(pane):
            gap = column_at - width_of(line)
            line = (*line, Piece(" " * gap), *pane[y]) if gap > 0 else line
        lines.append(line)
    return lines
