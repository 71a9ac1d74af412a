"""A row of the Assess screen and its detail: how a check stands, why, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.control.wire.checks import Check
from core.display import clock_s
from core.model import NS_PER_S
from tui.facts.checklist import Kind, kind_of, named
from tui.views.line import EMPTY, Line, Piece, Role, column, text, wrapped
from tui.views.words import role_of

if TYPE_CHECKING:
    from tui.facts.checklist import Row

STATES = {
    Kind.FAIL: State.FAIL,
    Kind.UNKNOWN: State.UNKNOWN,
    Kind.WARN: State.WARN,
    Kind.TAKEN: State.SKIPPED,
    Kind.ASKED: State.RUNNING,
    Kind.PASS: State.PASS,
    Kind.IDLE: State.NONE,
}
LAST = "vgwm assess --last"
"""The command that shows all of it, and asks nothing."""
_STATE_CELLS = 11
_NAME_CELLS = 14
_AGE_CELLS = 7
_LABEL_CELLS = 7


def header(width: int) -> Line:
    """Return the names of the list's columns."""
    evidence = column("evidence", _evidence_cells(width))
    head = f"   {'state':<{_STATE_CELLS}} {'check':<{_NAME_CELLS}} {evidence} {'age':>{_AGE_CELLS}}"
    return text(head, Role.DIM)


def _evidence_cells(width: int) -> int:
    return max(8, width - _STATE_CELLS - _NAME_CELLS - _AGE_CELLS - 7)


def row(found: Row, width: int, now_ns: int) -> Line:
    """Return a row of the list in at most `width` cells, without the cursor's mark."""
    kind = kind_of(found) if isinstance(found, Check) else found.kind
    state = STATES[kind]
    if not isinstance(found, Check):
        said = f"{state.glyph} {display.count(found.checks)} {kind}"
        return (Piece(said, role_of(state)), Piece("  (Enter lists them)", Role.DIM))
    place = f"{found.endpoint}: " if found.endpoint else ""
    return (
        Piece(column(f"{state.glyph} {kind}", _STATE_CELLS) + " ", role_of(state)),
        Piece(column(found.id, _NAME_CELLS) + " "),
        Piece(column(place + _evidence(found), _evidence_cells(width)) + " "),
        Piece(f"{age_of(found, now_ns):>{_AGE_CELLS}}", Role.DIM),
    )


def _evidence(check: Check) -> str:
    if check.note is not None:
        return f"{check.note.actor}: {check.note.text}"
    if kind_of(check) is Kind.ASKED:
        return check.title
    if check.manual:
        return f"{check.title or check.id}: yours to answer"
    return check.evidence


def command(check: Check) -> str:
    """Return the command that asks it again, or answers it."""
    return f"vgwm assess --note {check.id}=TEXT" if check.manual else check.command


def age_of(check: Check, now_ns: int) -> str:
    """Return how old an answer is; `asking` while the next is waited for."""
    if check.asked:
        return "asking"
    at_ns = check.measured_ns if check.note is None else check.note.at_ns
    return "-" if at_ns is None else display.age(max(0.0, (now_ns - at_ns) / NS_PER_S))


def detail(check: Check, width: int, rows: int | None = None) -> list[Line]:
    """Return a check at length. rows: at most so many, and then only what helps to decide."""
    room = max(1, width - _LABEL_CELLS)
    lines: list[Line] = []
    for label, value, most in _said(check, whole=rows is None):
        if not value:
            continue
        said = wrapped(value, room)
        if rows is not None and len(said) > most:
            said = [*said[: most - 1], column(" ".join(said[most - 1 :]), room).rstrip()]
        lines += [
            (Piece(f" {'' if n else label:<{_LABEL_CELLS - 1}}", Role.DIM), Piece(part))
            for n, part in enumerate(said)
        ]
    return lines if rows is None else lines[:rows]


def _said(check: Check, *, whole: bool) -> list[tuple[str, str, int]]:
    """Return label, text and how many rows it may take where room is short."""
    short = [
        ("what", _evidence(check), 1),
        ("do", check.remedy, 2),
        ("taken", _ack(check), 1),
        ("runs", command(check), 1),
    ]
    if not whole:
        return short
    kind = kind_of(check)
    blocks = "; it blocks plan, copy and retry" if check.blocks else ""
    return [
        ("check", f"{named(check)}, of {check.component}{_titled(check)}", 1),
        ("state", f"{STATES[kind].glyph} {kind}{blocks}", 1),
        *short[:3],
        ("when", _when(check), 1),
        short[3],
    ]


def _titled(check: Check) -> str:
    return f": {check.title}" if check.title not in {"", check.id} else ""


def _ack(check: Check) -> str:
    if check.ack is None:
        return ""
    return f"on by {check.ack.actor}, {clock_s(check.ack.at_ns)} UTC: {check.ack.reason}"


def _when(check: Check) -> str:
    if check.note is not None:
        return f"said at {clock_s(check.note.at_ns)} UTC"
    if check.measured_ns is None:
        return "never asked"
    return f"answered {clock_s(check.measured_ns)} UTC, took {display.age(check.took_s)}"


def advice(check: Check) -> str:
    """Return what the keys do for this check."""
    if check.manual:
        return "A answers it in your words"
    match kind_of(check):
        case Kind.WARN:
            return "A takes it on, with a reason; T asks it again"
        case Kind.FAIL:
            return "a fail cannot be taken on: mend it, then T asks it again"
        case _:
            return "T asks it again"


def opened(check: Check, width: int) -> list[Line]:
    """Return a check on a screen of its own."""
    said = wrapped(advice(check), max(8, width - 2))
    return [*detail(check, width), EMPTY, *(text(f" {part}", Role.DIM) for part in said)]
