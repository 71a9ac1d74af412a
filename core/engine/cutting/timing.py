"""How long each state of a run took, by its rows. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from core.cutover.machine import FENCED, UNDO
from core.cutover.states import State
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.cutovers import CutoverRow


def took_of(rows: Sequence[CutoverRow]) -> dict[State, float]:
    """Return seconds a state, of those that were left forward. rows: of a run, in their order."""
    took: dict[State, float] = {}
    for before, row in pairwise(rows):
        if row.step not in UNDO:
            state = State(row.state)
            took[state] = took.get(state, 0.0) + (row.at_ns - before.at_ns) / NS_PER_S
    return took


def fence_s(rows: Sequence[CutoverRow]) -> float | None:
    """Return how long writes were held back; None if they never were, or still are."""
    began = next((row.at_ns for row in rows if row.state == State.FENCE), None)
    behind = next(
        (row.at_ns for row in rows if began is not None and row.at_ns > began and not _held(row)),
        None,
    )
    return None if began is None or behind is None else (behind - began) / NS_PER_S


def _held(row: CutoverRow) -> bool:
    return State(row.state) in FENCED
