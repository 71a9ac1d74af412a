"""The gates of a cutover, a row each: how it stands, what that rests on, how old it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from core import display
from core.control.fact import State
from tui.facts.window import scrolled
from tui.views.line import Line, Piece, Role, column, text, wrapped
from tui.views.words import role_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.cutover import Gate
    from tui.ui import Ui
    from tui.views.line import Size

_NAME, _STATE, _AGE = 15, 11, 8
_MARK = 3


def rows(gates: Sequence[Gate], ui: Ui, size: Size) -> list[Line]:
    """Return the names of the columns, and the rows around the cursor, at most `size.height`."""
    room = max(1, size.height - 1)
    top = scrolled(ui.top, ui.cursor, room, len(gates))
    shown = list(enumerate(gates))[top : top + room]
    return [
        _header(size.width),
        *(_row(gate, size.width, chosen=place == ui.cursor) for place, gate in shown),
    ]


def state_of(gate: Gate) -> tuple[State, str]:
    """Return how a gate stands: one that is too old counts for nothing, whatever it said (I7)."""
    if gate.age_s is None:
        return State.UNKNOWN, "unknown"
    if gate.age_s > gate.limit_s:
        return State.STALE, "stale"
    if gate.acked and gate.open:
        return State.SKIPPED, "taken on"
    known = {"pass": State.PASS, "warn": State.WARN, "fail": State.FAIL}
    return known.get(gate.verdict, State.UNKNOWN), gate.verdict


def detail(gate: Gate | None, width: int, most: int) -> list[Line]:
    """Return why a gate is shut and what to do about it, in at most so many rows."""
    if gate is None:
        return []
    told = [
        ("why", gate.why or (gate.evidence if _is_cut(gate, width) else "")),
        ("do", gate.remedy if not gate.open else ""),
        ("by", gate.acked),
    ]
    lines: list[Line] = []
    for label, said in told:
        for n, part in enumerate(wrapped(said, width - 9) if said else []):
            lines.append((Piece("        " if n else f" {label:<7}", Role.DIM), Piece(part)))
    return lines[:most]


def _evidence_cells(width: int) -> int:
    return max(8, width - _MARK - _NAME - _STATE - 2 * _AGE - 1)


def _is_cut(gate: Gate, width: int) -> bool:
    return cell_len(gate.evidence) > _evidence_cells(width)


def _header(width: int) -> Line:
    evidence = column("evidence", _evidence_cells(width))
    head = f"   {'gate':<{_NAME}}{'state':<{_STATE}}{evidence}{'age':>{_AGE}}{'limit':>{_AGE}}"
    return text(head, Role.DIM)


def _row(gate: Gate, width: int, *, chosen: bool) -> Line:
    state, word = state_of(gate)
    age = "never" if gate.age_s is None else display.age(gate.age_s)
    return (
        Piece(" > " if chosen else "   ", Role.KEY),
        Piece(column(gate.name, _NAME - 1) + " "),
        Piece(column(f"{state.glyph} {word}", _STATE), role_of(state)),
        Piece(column(gate.evidence, _evidence_cells(width))),
        Piece(f"{age:>{_AGE}}{display.age(gate.limit_s):>{_AGE}}", Role.DIM),
    )
