"""One node's circuit breaker: a dead or slow node is neither hammered nor forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.target.breaker import FAULTS, FIRST_S, MOST_S, Breaker, Circuit


def opened(kind: str = "NodeUnreachable") -> Breaker:
    made = Breaker()
    for n in range(FAULTS):
        made.fault(kind, "reset", float(n * 10))
    return made


def test_it_opens_after_a_row_of_faults_and_not_before() -> None:
    made = Breaker()
    now_s = 0.0
    for n in range(1, FAULTS + 1):
        assert made.circuit(now_s) is Circuit.CLOSED
        assert made.fault("NodeUnreachable", "reset", now_s) is (n == FAULTS)
        assert not made.takes(now_s)
        now_s += FIRST_S / 2
    assert made.circuit(now_s) is Circuit.OPEN


def test_a_bundle_that_arrives_forgets_the_faults_before_it() -> None:
    made = Breaker()
    for n in range(5 * FAULTS):
        assert not made.fault("NodeUnreachable", "reset", n * 10.0)
        assert made.passed(pinned=False) is False
    assert made.circuit(1000.0) is Circuit.CLOSED


@pytest.mark.parametrize(
    "kind", ["NodeSlow", "CapacityExhausted", "NodeBusy", "Denied", "PinFailed"]
)
def test_a_fault_that_cost_a_long_wait_opens_it_alone(kind: str) -> None:
    assert Breaker().fault(kind, "why", 0.0)


def test_half_open_lets_one_bundle_in_and_its_end_decides() -> None:
    made = opened()
    now_s = 20.0 + FIRST_S
    assert made.circuit(now_s) is Circuit.HALF_OPEN
    assert made.takes(now_s)
    made.taken(now_s)
    assert not made.takes(now_s)
    assert made.fault("NodeUnreachable", "reset", now_s + 1) is False
    assert made.wait_s(now_s + 1) == 2 * FIRST_S
    now_s += 1 + 2 * FIRST_S
    made.taken(now_s)
    assert made.passed(pinned=False)
    assert made.circuit(now_s) is Circuit.CLOSED
    assert made.takes(now_s)


def test_pauses_double_up_to_a_bound() -> None:
    made, now_s, pauses = opened(), 20.0, []
    for _ in range(8):
        pauses.append(made.wait_s(now_s))
        now_s += pauses[-1]
        made.taken(now_s)
        made.fault("NodeUnreachable", "reset", now_s)
    assert pauses[:4] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S, 8 * FIRST_S]
    assert pauses[-1] == MOST_S


def test_bundles_under_way_when_it_opened_do_not_double_its_pause() -> None:
    made = opened()
    for _ in range(6):
        made.fault("NodeUnreachable", "reset", 20.1)
    assert made.wait_s(20.1) == pytest.approx(FIRST_S - 0.1)


def test_retry_after_is_honoured_whatever_the_pause_is() -> None:
    made = Breaker()
    made.fault("NodeBusy", "429", 0.0, wait_s=17.0)
    assert not made.takes(16.9)
    made.fault("NodeBusy", "429", 10.0, wait_s=120.0)
    assert not made.takes(129.9)
    assert made.takes(130.0)


def test_a_trial_that_nobody_hears_of_again_gives_way_to_another() -> None:
    made = opened()
    made.taken(100.0)
    assert not made.takes(100.0 + MOST_S - 1)
    assert made.takes(100.0 + MOST_S)


def test_what_a_pin_opened_an_import_does_not_close() -> None:
    made = Breaker()
    made.fault("PinFailed", "pin_error", 0.0)
    assert not made.passed(pinned=False)
    assert made.circuit(1.0) is Circuit.OPEN
    assert made.passed(pinned=True)
    assert made.circuit(1.0) is Circuit.CLOSED


@given(st.lists(st.tuples(st.sampled_from("tfps"), st.floats(0.0, 90.0)), max_size=80))
def test_it_never_takes_two_bundles_while_it_is_half_open(moves: list[tuple[str, float]]) -> None:
    made, now_s, on_trial_s = Breaker(), 0.0, -1e9
    for move, gap_s in moves:
        now_s += gap_s
        half = made.circuit(now_s) is Circuit.HALF_OPEN
        if move == "t" and made.takes(now_s):
            if half:
                assert now_s - on_trial_s >= MOST_S
                on_trial_s = now_s
            made.taken(now_s)
        elif move == "f":
            made.fault("NodeUnreachable", "reset", now_s)
            on_trial_s = -1e9
        elif move == "p":
            made.passed(pinned=True)
            on_trial_s = -1e9
