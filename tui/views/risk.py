"""What the way back would cost: row 2 of every screen once green has taken over, and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.facts_crossing import risk_fact
from tui.views.line import EMPTY, Line, Piece, Role
from tui.views.words import role_of

if TYPE_CHECKING:
    from core.control.wire.state import Risk


def row(risk: Risk | None) -> Line:
    """Return row 2: empty before the flip, after it the key of the way back and what is at risk."""
    if risk is None or not risk.since_ns:
        return EMPTY
    return (Piece(" R", Role.KEY), Piece(" back", Role.DIM), Piece("  at risk "), words(risk))


def words(risk: Risk) -> Piece:
    """Return what is on green and not known to be on blue; "unknown" where its feed is silent."""
    fact = risk_fact(risk)
    return Piece(f"{fact.state.glyph} {'  '.join(fact.parts)}", role_of(fact.state))
