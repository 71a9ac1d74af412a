"""What the assessment lets through: the checks that block, and the warnings nobody took on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.fact import State
from tui.facts.checklist import Kind, kind_of
from tui.views.line import Line, Piece, Role, column
from tui.views.totals import labelled
from tui.views.words import stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.checks import Check, Checks


def view(checks: Checks | None, width: int) -> list[Line]:
    """Return a row for the gate, and one for each check that keeps it shut or unsure."""
    if checks is None:
        return [labelled("gates", stands(State.UNKNOWN, "unknown"), Piece(": not read yet"))]
    if checks.run is None:
        said = ": nothing blocks, nothing is known; g a, then B"
        return [labelled("gates", stands(State.WARN, "never assessed"), Piece(said))]
    fails = [check for check in checks.checks if check.blocks]
    warns = [check for check in checks.checks if kind_of(check) is Kind.WARN]
    unknown = [check for check in checks.checks if _is_silent(check)]
    if fails:
        gate = stands(State.FAIL, "plan, copy and retry are blocked")
    elif warns or unknown:
        gate = stands(State.WARN, "open, and not all of it is settled:")
    else:
        gate = stands(State.PASS, "open")
    return [
        labelled("gates", gate),
        *_rows(fails, State.FAIL, width),
        *_rows(warns, State.WARN, width),
        *_rows(unknown, State.UNKNOWN, width),
    ]


def _is_silent(check: Check) -> bool:
    """Whether a machine was asked, or is to be, and has not answered (I7)."""
    return not check.manual and kind_of(check) in {Kind.UNKNOWN, Kind.IDLE}


def _rows(checks: Sequence[Check], state: State, width: int) -> list[Line]:
    return [
        labelled(
            "",
            stands(state, column(check.id, 12)),
            Piece(column(check.evidence, max(8, width - 27)).rstrip(), Role.DIM),
        )
        for check in checks
    ]
