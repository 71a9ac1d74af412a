"""A row of the five lists, and its object at length: what was wanted and found, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from tui.views.ill_words import words_of
from tui.views.line import EMPTY, Line, Piece, Role, column, text, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.verify import ViewRow

_KIND_CELLS = 15
_FIELD_CELLS = 14
_LABEL_CELLS = 8
_MOST_BELOW = 2
"""Rows of each value that a short detail has."""


def header(name: str) -> Line:
    """Return the names of a list's columns."""
    kind = "" if name == "equal" else f"{'kind':<{_KIND_CELLS}} "
    return text(f"   {'#':>9}  {kind}object", Role.DIM)


def row(found: ViewRow, index: int, width: int) -> Line:
    """Return a row in at most `width` cells, without the cursor's mark."""
    kind = f"{column(found.kind, _KIND_CELLS)} " if found.kind else ""
    field = f"  {found.field}" if found.field and found.kind == "wrong_metadata" else ""
    room = max(1, width - 11 - len(kind) - len(field))
    return (
        Piece(f"{display.count(index + 1):>9}  ", Role.DIM),
        Piece(kind, Role.UNKNOWN if found.kind == "unread" else Role.BAD),
        Piece(column(found.object, room).rstrip()),
        Piece(field, Role.DIM),
    )


def detail(rows: Sequence[ViewRow], chosen: ViewRow, width: int, room: int | None) -> list[Line]:
    """Return an object at length. rows: all that is listed of it here. room: rows, None for all.

    In a short detail only the row under the cursor is shown.
    """
    shown = [chosen] if room is not None else list(rows)
    lines = [*_labelled("object", chosen.object, width, 1 if room is not None else 8)]
    if room is not None:
        means = words_of(chosen.kind)
        lines += _labelled("what", means.means, width, 1)
        lines += _pair(chosen, width, _MOST_BELOW) if _says(chosen) else []
        lines += _labelled("do", means.do, width, 1) if means.do else []
        return lines[:room]
    for one in shown:
        lines += [EMPTY, *_difference(one, width)]
    return lines


def _difference(one: ViewRow, width: int) -> list[Line]:
    means = words_of(one.kind)
    bundle = f"   bundle {display.count(one.bundle)}" if one.bundle else ""
    kind = (Piece(f" {one.kind}", Role.BAD), Piece(bundle, Role.DIM)) if one.kind else EMPTY
    lines: list[Line] = [kind] if kind else []
    lines += _labelled("what", means.means, width, 4)
    if one.where:
        lines += _labelled("where", one.where, width, 4)
    lines += _pair(one, width, None) if _says(one) else []
    return [*lines, *(_labelled("do", means.do, width, 4) if means.do else [])]


def _says(one: ViewRow) -> bool:
    return bool(one.field or one.wanted or one.found)


def _pair(one: ViewRow, width: int, most: int | None) -> list[Line]:
    """Return an attribute with both values side by side, each wrapped in its half."""
    half = max(4, (width - _FIELD_CELLS - 3) // 2)
    wanted, found = (wrapped(value or "-", half) for value in (one.wanted, one.found))
    height = max(len(wanted), len(found))
    height = height if most is None else min(height, most)
    head = (
        Piece(f" {column('attribute', _FIELD_CELLS)}", Role.DIM),
        Piece(f"{column('wanted', half)} {column('found', half)}".rstrip(), Role.DIM),
    )
    lines: list[Line] = [head]
    for n in range(height):
        field = one.field if not n else ""
        left = column(wanted[n], half) if n < len(wanted) else " " * half
        other = found[n] if n < len(found) else ""
        lines.append(
            (
                Piece(f" {column(field, _FIELD_CELLS)}"),
                Piece(f"{left} "),
                Piece(other, Role.BAD),
            )
        )
    return lines


def _labelled(label: str, value: str, width: int, most: int) -> list[Line]:
    """Return a text beside its label, in at most so many rows; what is cut ends in `~`."""
    room = max(1, width - _LABEL_CELLS - 1)
    said = wrapped(value, room)
    if len(said) > most:
        said = [*said[: most - 1], column(" ".join(said[most - 1 :]), room).rstrip()]
    return [
        (Piece(f" {label if not n else '':<{_LABEL_CELLS - 1}}", Role.DIM), Piece(part))
        for n, part in enumerate(said)
    ]
