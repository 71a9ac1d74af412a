"""How long states took, and how long writes were held back, by a run's rows."""

from __future__ import annotations

from core.cutover.states import State
from core.engine.cutting.timing import fence_s, took_of
from core.ledger.cutovers import CutoverRow


def row(at_s: float, state: str, step: str, phase: str) -> CutoverRow:
    return CutoverRow(
        seq=1,
        run="w-1",
        slice="all",
        state=state,
        step=step,
        phase=phase,
        at_ns=round(at_s * 1_000_000_000),
        actor="ann",
        plan=None,
        data="",
    )


FORWARD = [
    row(0, "READY", "backups", "done"),
    row(1, "FENCE", "lb-blue_ro", "intent"),
    row(2, "FENCE", "proof", "done"),
    row(5, "FINAL", "quiet", "done"),
    row(6, "SWITCH_WRITES", "lb-green", "done"),
    row(6.5, "GREEN_LIVE", "watch", "intent"),
]


def test_states_are_told_with_what_each_took_and_the_undo_is_none_of_them() -> None:
    took = took_of([*FORWARD[:4], row(9, "FINAL", "undo-lb-blue", "done")])
    assert took == {State.FENCE: 2, State.FINAL: 3}


def test_a_state_that_was_broken_off_says_nothing_of_how_long_it_takes() -> None:
    rows = [
        *FORWARD[:2],
        row(1.1, "FENCE", "drain", "intent"),
        row(9, "FENCE", "undo-lb-blue", "done"),
    ]
    assert took_of(rows) == {}


def test_a_state_that_is_only_entered_takes_no_time() -> None:
    assert took_of([row(0, "PROVE", "read-back", "done"), row(9, "CATCHUP", "enter", "done")]) == {}


def test_the_wait_of_the_watch_is_no_time_that_a_commit_takes() -> None:
    rows = [row(86_000, "GREEN_LIVE", "watch", "done"), row(86_400, "COMMITTED", "report", "done")]
    took = took_of([*FORWARD, *rows])
    assert set(took) == {State.FENCE, State.FINAL, State.SWITCH_WRITES}


def test_writes_are_held_from_the_first_row_of_the_fence_to_the_first_behind_it() -> None:
    assert fence_s(FORWARD) == 5.5
    assert fence_s([*FORWARD[:4], row(9, "CATCHUP", "enter", "done")]) == 8
    assert fence_s(FORWARD[:1]) is None
    assert fence_s(FORWARD[:3]) is None  # it is held still
