"""The machine of a cutover: what comes next, and what is done with what an engine finds. Pure.

A slice's rows say where it stands; the world says what the balancers do. Everything that decides is
here, nothing that acts. The table: `docs/cutover.md`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.cutover.mode import Mode
from core.cutover.states import Phase, State
from core.ledger.cutovers import FLIP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.ledger.cutovers import CutoverRow


class Step(StrEnum):
    """One effect, between its rows `intent` and `done`. UNDO ones bring writes back to blue."""

    ENTER = "enter"  # no effect: the state is reached
    PLAN = "plan"
    LOOK = "look"  # balancers' configuration, map and owner
    GATES = "gates"
    BACKUPS = "backups"
    CATCH_UP = "catch-up"  # a round while writes go on: the last one under the fence is short
    BLUE_RO = "lb-blue_ro"
    DRAIN = "drain"
    FENCE = "fence-gateways"
    PROOF = "proof"
    ROUND = "last-round"
    QUIET = "quiet"
    JOIN = "join"
    READ_BACK = "read-back"
    GREEN_RO = "lb-green_ro"
    CANARY = "canary"
    T_FLIP = FLIP
    GREEN = "lb-green"
    WATCH = "watch"
    REPORT = "report"
    REVERSE = "reverse-copy"  # the way back: core.cutover.way_back
    COMPARE = "compare"
    FILES = "gateway-files"
    TREE = "blue-tree"
    WRITER_OFF = "private-writer-off"
    OPEN = "open-gateways"
    BLUE = "lb-blue"
    UNDO_BLUE_RO = "undo-lb-blue_ro"
    UNDO_OPEN = "undo-open-gateways"
    UNDO_PROBE = "undo-probe"
    UNDO_BLUE = "undo-lb-blue"


STEPS: Final[dict[State, tuple[Step, ...]]] = {
    State.PLANNED: (Step.PLAN,),
    State.PREFLIGHT: (Step.LOOK,),
    State.BASELINE: (Step.ENTER,),
    State.CATCHUP: (Step.ENTER,),
    State.VERIFIED: (Step.ENTER,),
    State.READY: (Step.GATES, Step.BACKUPS, Step.CATCH_UP),
    State.FENCE: (Step.BLUE_RO, Step.DRAIN, Step.FENCE, Step.PROOF),
    State.FINAL: (Step.ROUND, Step.QUIET),
    State.PROVE: (Step.JOIN, Step.READ_BACK),
    State.SWITCH_READS: (Step.GREEN_RO, Step.CANARY),
    State.SWITCH_WRITES: (Step.T_FLIP, Step.GREEN),
    State.GREEN_LIVE: (Step.WATCH,),
    State.COMMITTED: (Step.REPORT,),
}
"""What each state does, in this order; a state is left when the last of them is done."""

UNDO: Final = (Step.UNDO_BLUE_RO, Step.UNDO_OPEN, Step.UNDO_PROBE, Step.UNDO_BLUE)
"""Unfence: green_ro is left first, gateways are open and answer, only then may clients write."""

FENCED: Final = frozenset(
    {State.FENCE, State.FINAL, State.PROVE, State.SWITCH_READS, State.SWITCH_WRITES}
)
"""Here clients' writes are held back: a deadline runs, and an engine that ends has to be undone."""

DEADLINE: Final = "deadline_ns"
"""Where FENCE's first row tells until when writes may be held back."""

BACK: Final = frozenset({State.FENCE_GREEN, State.REVERSE, State.VERIFY_BLUE, State.SWITCH_BACK})
"""The way back, which the rollback drives."""


class Course(StrEnum):
    """What is done with a slice."""

    STAY = "stay"
    FORWARD = "forward"  # go on with the next step
    UNFENCE = "unfence"  # UNDO, then CATCHUP
    ROLLBACK = "rollback"  # the rollback's business
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a run of a slice stands, by its rows.

    done: steps done in this stay in the state. begun: the step whose `intent` is the newest, None
    if it was answered. undoing: an undo has begun and is not done. entered_ns: when the state was
    entered. fenced_ns: when FENCE was; held_ns: when the gateways were seen fenced; until_ns: its
    deadline; flipped_ns: T_flip; 0 without. plan: canonical JSON.
    """

    run: str
    slice: str
    state: State
    done: frozenset[Step]
    begun: Step | None
    undoing: bool
    entered_ns: int
    fenced_ns: int
    held_ns: int
    until_ns: int
    flipped_ns: int
    plan: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the world says. modes: of each balancer, None of one that is silent (I7).

    green_rows: whether green has accepted a write since T_flip, None where that is unknown.
    """

    modes: tuple[Mode | None, ...] = ()
    green_rows: bool | None = None


def standing(rows: Sequence[CutoverRow]) -> Standing | None:
    """Return where a run stands. rows: all of one run and slice, in their order; None without."""
    if not rows:
        return None
    last = rows[-1]
    begins = len(rows) - 1
    while begins and _same_stay(rows[begins - 1], rows[begins]):
        begins -= 1
    stay = rows[begins:]
    done = frozenset(Step(row.step) for row in stay if row.phase == Phase.DONE)
    return Standing(
        run=last.run,
        slice=last.slice,
        state=State(last.state),
        done=done,
        begun=Step(last.step) if last.phase == Phase.INTENT else None,
        undoing=any(row.step in UNDO for row in stay),
        entered_ns=stay[0].at_ns,
        fenced_ns=next((row.at_ns for row in rows if row.state == State.FENCE), 0),
        held_ns=next((row.at_ns for row in rows if _is(row, Step.FENCE, Phase.DONE)), 0),
        until_ns=next((said for row in rows if (said := deadline_of(row.data))), 0),
        flipped_ns=_flipped_ns(rows),
        plan=next((row.plan for row in rows if row.plan is not None), None),
    )


def deadline_of(data: str) -> int:
    """Return the deadline that a row tells, UTC nanoseconds; 0 without one."""
    if f'"{DEADLINE}"' not in data:
        return 0
    return int(json.loads(data)[DEADLINE])


def _is(row: CutoverRow, step: Step, phase: Phase) -> bool:
    return row.step == step and row.phase == phase


def _same_stay(before: CutoverRow, row: CutoverRow) -> bool:
    """Tell whether a row goes on with what the one before did; an undo may turn round once more."""
    turned = before.step in UNDO and row.step not in UNDO and row.phase == Phase.INTENT
    return before.state == row.state and not turned


def _flipped_ns(rows: Sequence[CutoverRow]) -> int:
    """Return T_flip: the first flip behind the last that was taken back; 0 without one."""
    at_ns = 0
    for row in rows:
        if row.step == FLIP and row.phase == Phase.UNDONE:
            at_ns = 0
        elif row.step == FLIP and row.phase == Phase.DONE and not at_ns:
            at_ns = row.at_ns
    return at_ns


def next_state(state: State) -> State | None:
    """Return the state behind one; None behind the last, and on the way back."""
    forward = list(STEPS)
    if state not in STEPS or state is forward[-1]:
        return None
    return forward[forward.index(state) + 1]


def next_step(at: Standing) -> tuple[State, Step] | None:
    """Return the state and the step to do now; None behind the last, or on the way back.

    A step whose `done` row is missing is done again: each can be.
    """
    if at.state not in STEPS:
        return None
    if at.undoing:
        left = next((step for step in UNDO if step not in at.done), None)
        return (at.state, left) if left is not None else (State.CATCHUP, Step.ENTER)
    left = next((step for step in STEPS[at.state] if step not in at.done), None)
    if left is not None:
        return at.state, left
    behind = next_state(at.state)
    return None if behind is None else (behind, STEPS[behind][0])


def found(at: Standing, seen: Observation) -> Course:
    """Return what an engine does with a slice that it finds at its start.

    A fence must not outlive a dead engine; what green may have accepted is never taken from it.
    """
    if at.state in BACK:
        return Course.ROLLBACK
    if at.state is State.COMMITTED:
        return Course.END
    if at.state not in FENCED:
        return Course.STAY
    return _once_fenced(at, seen)


def failed(at: Standing, seen: Observation) -> Course:
    """Return what follows a step that failed, came too late, or was called off."""
    if at.state in BACK:
        return Course.ROLLBACK
    return _once_fenced(at, seen) if at.state in FENCED else Course.STAY


def _once_fenced(at: Standing, seen: Observation) -> Course:
    """Send forward a flip that may have reached a balancer, and back everything else.

    `green` is sent only behind T_flip: without it, no balancer can have been told.
    """
    if not at.flipped_ns:
        return Course.UNFENCE
    silent = not seen.modes or None in seen.modes
    if silent or Mode.GREEN in seen.modes or seen.green_rows is not False:
        return Course.FORWARD
    return Course.UNFENCE
