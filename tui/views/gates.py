"""What the assessment lets through: the checks that block, and the warnings nobody took on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.fact import State
from tui.checklist import Kind, kind_of
from tui.views.line import Line, Piece, Role, column
from tui.views.totals import labelled
from tui.views.words import stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire_checks import Check, Checks


def view(checks: Checks | None, width: int) -> list[Line]:
    """Return a row for the gate, and one for each check that needs somebody."""
    if checks is None:
        return [labelled("gates", stands(State.UNKNOWN, "unknown"), Piece(": not read yet"))]
    if checks.run is None:
        said = ": never assessed, so nothing blocks: g a, then B"
        return [labelled("gates", stands(State.WARN, "not assessed"), Piece(said))]
    fails = [check for check in checks.checks if check.blocks]
    warns = [check for check in checks.checks if kind_of(check) is Kind.WARN]
    if fails:
        gate = stands(State.FAIL, "plan, copy and retry are blocked")
    elif warns:
        gate = stands(State.WARN, "open; warnings that nobody took on:")
    else:
        gate = stands(State.PASS, "open")
    rows = [*_rows(fails, State.FAIL, width), *_rows(warns, State.WARN, width)]
    return [labelled("gates", gate), *rows]


def _rows(checks: Sequence[Check], state: State, width: int) -> list[Line]:
    return [
        labelled(
            "",
            stands(state, column(check.id, 12)),
            Piece(column(check.evidence, max(8, width - 27)).rstrip(), Role.DIM),
        )
        for check in checks
    ]
