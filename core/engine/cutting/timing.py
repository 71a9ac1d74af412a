"""How long each state of a run took, by its rows. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from core.cutover.machine import FENCED, STEPS, UNDO, Step
from core.cutover.states import Phase, State
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.cutovers import CutoverRow


_NO_WORK: Final = frozenset(
    {State.GREEN_LIVE, State.COMMITTED}
    | {state for state, steps in STEPS.items() if steps == (Step.ENTER,)}
)
"""Green is watched until a person commits; the others are entered, and nothing is done in them."""


def took_of(rows: Sequence[CutoverRow]) -> dict[State, float]:
    """Return seconds a state, of those that came to their end. rows: of a run, in their order.

    One that was broken off says nothing of how long it takes, nor does the wait for a commit.
    """
    took: dict[State, float] = {}
    whole: set[State] = set()
    for before, row in pairwise(rows):
        state = State(row.state)
        if row.step in UNDO or state not in STEPS or state in _NO_WORK:
            continue
        took[state] = took.get(state, 0.0) + (row.at_ns - before.at_ns) / NS_PER_S
        if row.step == STEPS[state][-1] and row.phase == Phase.DONE:
            whole.add(state)
    return {state: took_s for state, took_s in took.items() if state in whole}


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
