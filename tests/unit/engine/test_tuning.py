"""The climb to the right number of workers, on curves that are known."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.pace.tuning import Climber, Reading, Step, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    Curve = Callable[[int], float]

MOST = 256


def reading(
    objects_s: float, *, cpu: float = 0.3, sending: float = 0.0, reads: float = 0.0
) -> Reading:
    return Reading(objects_s, 0.0, cpu, sending, reads)


def climb(climber: Climber, curve: Curve, *, noise: float = 0.0, seed: int = 1) -> list[int]:
    """Measure until the climb stops; return the numbers that were tried."""
    rng = random.Random(seed)  # noqa: S311 - a curve's noise, the same every time
    tried = [climber.workers]
    while climber.stopped is None:
        step = climber.look(reading(curve(climber.workers) * rng.uniform(1 - noise, 1 + noise)))
        assert step is not None
        tried.append(step.workers)
        assert len(tried) < 60
    return tried


@given(st.integers(1, 200), st.integers(1, MOST))
def test_it_ends_near_the_knee_of_any_curve_that_saturates(knee: int, start: int) -> None:
    climber = Climber(start, most=MOST)
    tried = climb(climber, lambda workers: 100.0 * min(workers, knee))
    assert 0.9 * knee <= climber.workers <= max(knee + 1, 1.3 * knee), tried
    assert all(1 <= one <= MOST for one in tried)


@given(st.integers(2, 60), st.integers(1, 120))
def test_it_does_not_stay_where_more_workers_hurt(peak: int, start: int) -> None:
    def curve(workers: int) -> float:
        return 100.0 * (workers if workers <= peak else max(1.0, 2 * peak - workers))

    climber = Climber(start, most=MOST)
    climb(climber, curve)
    assert curve(climber.workers) >= 0.85 * curve(peak)


@given(st.integers(0, 10_000), st.integers(1, 40))
def test_noise_does_not_keep_it_climbing(seed: int, start: int) -> None:
    climber = Climber(start, most=MOST)
    climb(climber, lambda workers: 100.0 * min(workers, 12), noise=0.01, seed=seed)
    assert climber.workers >= 9


def test_one_worker_is_enough_where_none_brings_more() -> None:
    climber = Climber(10, most=MOST)
    climb(climber, lambda _workers: 500.0)
    assert climber.workers == 1


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (reading(100, cpu=0.97, reads=1.0), Stop.CPU),
        (reading(100, sending=0.8), Stop.NODE),
        (reading(100, reads=0.8), Stop.SOURCE),
        (reading(100, sending=0.4, reads=0.4), Stop.OPTIMUM),
    ],
)
def test_it_says_why_it_stopped(seen: Reading, why: Stop) -> None:
    climber = Climber(1, most=1)
    assert climber.look(seen) == Step(1, why)
    assert climber.stopped is why


def test_a_full_machine_is_given_no_more_workers() -> None:
    climber = Climber(4, most=MOST)
    step = climber.look(reading(100, cpu=0.99))
    assert step == Step(3, None)


def test_bytes_count_as_much_as_objects() -> None:
    assert Reading(0.0, 16 * 1024 * 100.0, 0.0, 0.0, 0.0).score == reading(100.0).score


def test_it_begins_anew_once_the_speed_has_changed_for_good() -> None:
    climber = Climber(8, most=MOST)
    climb(climber, lambda workers: 100.0 * min(workers, 8))
    assert climber.look(reading(790)) is None
    assert climber.look(reading(100)) is None
    assert climber.look(reading(100)) is None
    assert climber.look(reading(800)) is None  # one odd look is forgotten
    for _ in range(2):
        assert climber.look(reading(100)) is None
    assert climber.look(reading(100)) == Step(12, None)
    assert climber.stopped is None
