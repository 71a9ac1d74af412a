"""The machine of a cutover, by its table: what comes next, and what is done with what is found."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from core.cutover.machine import (
    BACK,
    DEADLINE,
    FENCED,
    STEPS,
    UNDO,
    Course,
    Observation,
    Step,
    failed,
    found,
    next_step,
    standing,
)
from core.cutover.mode import Mode
from core.cutover.states import Phase, State
from core.ledger.cutovers import CutoverRow

if TYPE_CHECKING:
    from core.cutover.machine import Standing

INTENT, DONE, UNDONE = Phase.INTENT, Phase.DONE, Phase.UNDONE

ALL_GREEN_RO = Observation(modes=(Mode.GREEN_RO, Mode.GREEN_RO), green_rows=False)


class Rows:
    """Rows of one run, each 1 s behind the one before."""

    def __init__(self) -> None:
        self.rows: list[CutoverRow] = []

    def add(self, state: State, step: Step, phase: Phase, data: str = "") -> Rows:
        seq = len(self.rows) + 1
        self.rows.append(
            CutoverRow(
                seq=seq,
                run="9f2c1a7e-1",
                slice="all",
                state=state,
                step=step,
                phase=phase,
                at_ns=seq * 1_000_000_000,
                actor="ann",
                plan=b"{}" if seq == 1 else None,
                data=data,
            )
        )
        return self

    def at(self) -> Standing:
        now = standing(self.rows)
        assert now is not None
        return now

    def go(self, upto: State) -> Rows:
        """Do every step up to and with a state."""
        while True:
            due = next_step(self.at()) if self.rows else (State.PLANNED, Step.PLAN)
            if due is None or list(State).index(due[0]) > list(State).index(upto):
                return self
            self.add(*due, INTENT).add(*due, DONE)


def test_the_way_forward_is_the_order_of_states_each_with_all_its_steps() -> None:
    rows = Rows().go(State.COMMITTED)
    way = [state for state, _ in itertools.groupby(State(row.state) for row in rows.rows)]
    assert way == list(STEPS)
    done = [(row.state, row.step) for row in rows.rows if row.phase == DONE]
    assert done == [(state, step) for state, steps in STEPS.items() for step in steps]
    assert next_step(rows.at()) is None


def test_a_step_without_its_done_row_is_done_again() -> None:
    rows = Rows().go(State.READY).add(State.FENCE, Step.BLUE_RO, INTENT)
    assert next_step(rows.at()) == (State.FENCE, Step.BLUE_RO)
    assert rows.at().begun is Step.BLUE_RO


@pytest.mark.parametrize("state", list(State))
def test_what_is_found_at_start_follows_the_table(state: State) -> None:
    rows = Rows().add(State.PLANNED, Step.PLAN, DONE).add(state, Step.ENTER, INTENT)
    course = found(rows.at(), ALL_GREEN_RO)
    if state in FENCED:
        assert course is Course.UNFENCE
    elif state in BACK:
        assert course is Course.ROLLBACK
    else:
        assert course is (Course.END if state is State.COMMITTED else Course.STAY)


@pytest.mark.parametrize(
    ("seen", "course"),
    [
        (ALL_GREEN_RO, Course.UNFENCE),
        (Observation(modes=(Mode.GREEN_RO, Mode.GREEN), green_rows=False), Course.FORWARD),
        (Observation(modes=(Mode.GREEN_RO, None), green_rows=False), Course.FORWARD),
        (Observation(modes=(Mode.GREEN_RO, Mode.GREEN_RO), green_rows=True), Course.FORWARD),
        (Observation(modes=(Mode.GREEN_RO, Mode.GREEN_RO), green_rows=None), Course.FORWARD),
        (Observation(), Course.FORWARD),
    ],
)
def test_behind_t_flip_only_a_world_that_surely_took_no_write_goes_back(
    seen: Observation, course: Course
) -> None:
    rows = Rows().go(State.SWITCH_READS).add(State.SWITCH_WRITES, Step.T_FLIP, INTENT)
    assert found(rows.at(), seen) is Course.UNFENCE  # T_flip is not stored: green was not sent
    rows.add(State.SWITCH_WRITES, Step.T_FLIP, DONE).add(State.SWITCH_WRITES, Step.GREEN, INTENT)
    assert found(rows.at(), seen) is course
    assert failed(rows.at(), seen) is course


@pytest.mark.parametrize("state", [one for one in State if one in FENCED])
def test_an_undo_opens_the_gateways_before_clients_write_and_ends_in_catchup(
    state: State,
) -> None:
    rows = Rows().go(State.READY).add(state, STEPS[state][0], INTENT)
    rows.add(state, STEPS[state][0], UNDONE).add(state, Step.UNDO_BLUE_RO, INTENT)
    done = []
    while (due := next_step(rows.at())) is not None and due[0] is state:
        done.append(due[1])
        rows.add(*due, DONE)
    assert tuple(done) == UNDO
    assert UNDO.index(Step.UNDO_OPEN) < UNDO.index(Step.UNDO_PROBE) < UNDO.index(Step.UNDO_BLUE)
    assert due == (State.CATCHUP, Step.ENTER)


def test_a_flip_stands_from_its_first_row_until_it_is_taken_back() -> None:
    rows = Rows().go(State.SWITCH_WRITES)
    first = next(row.at_ns for row in rows.rows if row.step == Step.T_FLIP and row.phase == DONE)
    rows.add(State.SWITCH_READS, Step.GREEN_RO, INTENT).add(State.SWITCH_READS, Step.GREEN_RO, DONE)
    rows.add(State.SWITCH_WRITES, Step.T_FLIP, INTENT).add(State.SWITCH_WRITES, Step.T_FLIP, DONE)
    assert rows.at().flipped_ns == first
    rows.add(State.SWITCH_WRITES, Step.T_FLIP, UNDONE)
    assert rows.at().flipped_ns == 0


def test_an_undo_that_meets_a_write_of_green_turns_forward_again() -> None:
    rows = Rows().go(State.SWITCH_READS)
    rows.add(State.SWITCH_WRITES, Step.T_FLIP, INTENT).add(State.SWITCH_WRITES, Step.T_FLIP, DONE)
    rows.add(State.SWITCH_WRITES, Step.UNDO_BLUE_RO, INTENT)
    assert rows.at().undoing
    rows.add(State.SWITCH_READS, Step.GREEN_RO, INTENT)
    assert not rows.at().undoing
    assert next_step(rows.at()) == (State.SWITCH_READS, Step.GREEN_RO)
    assert failed(rows.at(), Observation()) is Course.FORWARD
    # it fails there, is undone, and turns once more, within the same state
    rows.add(State.SWITCH_READS, Step.UNDO_BLUE_RO, INTENT)
    assert rows.at().undoing
    rows.add(State.SWITCH_READS, Step.GREEN_RO, INTENT)
    assert not rows.at().undoing


def test_the_deadline_and_the_hold_are_read_from_the_rows() -> None:
    rows = Rows().go(State.READY)
    rows.add(State.FENCE, Step.BLUE_RO, INTENT, f'{{"{DEADLINE}":77}}')
    assert rows.at().until_ns == 77
    assert rows.at().held_ns == 0
    rows.go(State.FENCE)
    assert rows.at().held_ns > rows.at().fenced_ns > 0
