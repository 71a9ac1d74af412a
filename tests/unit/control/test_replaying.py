"""The playhead: where a replay stands, however it is moved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.control.flight.replaying import LONGEST_GAP_S, SPEEDS, Playhead

S = 1_000_000_000
TIMES_NS = [n * S for n in range(101)]


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_plays_so_many_seconds_a_second(clock: Clock) -> None:
    head = Playhead(TIMES_NS, speed=10.0, clock=clock)
    clock.s = 3.0
    assert (head.position_s, head.frame, head.share) == (30.0, 30, 0.3)


def test_it_stays_at_the_end_and_begins_again_from_there(clock: Clock) -> None:
    head = Playhead(TIMES_NS, speed=10.0, clock=clock)
    clock.s = 999.0
    assert (head.ended, head.frame) == (True, 100)
    head.pause()
    assert (head.ended, head.frame, head.paused) == (False, 0, False)


def test_paused_it_stands_and_goes_on_from_there(clock: Clock) -> None:
    head = Playhead(TIMES_NS, speed=1.0, clock=clock)
    clock.s = 5.0
    head.pause()
    clock.s = 50.0
    assert head.frame == 5
    head.pause()
    clock.s = 52.0
    assert head.frame == 7


def test_another_speed_holds_from_now_on(clock: Clock) -> None:
    head = Playhead(TIMES_NS, speed=1.0, clock=clock)
    clock.s = 10.0
    head.set_speed(5.0)
    clock.s = 12.0
    assert head.position_s == 20.0
    head.faster(1)
    assert head.speed == 10.0
    for _ in SPEEDS:
        head.faster(-1)
    assert head.speed == SPEEDS[0]


def test_a_time_without_frames_passes_in_two_seconds(clock: Clock) -> None:
    head = Playhead([0, S, 3_600 * S, 3_601 * S], clock=clock)
    assert head.length_s == 2.0 + LONGEST_GAP_S


def test_a_clock_that_was_set_back_does_not_turn_the_replay(clock: Clock) -> None:
    head = Playhead([10 * S, 5 * S, 6 * S], clock=clock)
    assert head.length_s == 1.0


@given(
    st.lists(st.integers(0, 10**13), min_size=1, max_size=30).map(sorted),
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.none()), max_size=8),
)
def test_no_move_leaves_the_recording(times_ns: list[int], moves: list[float | None]) -> None:
    head = Playhead(times_ns, clock=Clock())
    for by_s in moves:
        head.pause() if by_s is None else head.seek(by_s)
        assert 0 <= head.frame < len(times_ns)
        assert 0.0 <= head.position_s <= head.length_s
    for number in range(len(times_ns)):
        head.to_frame(number)
        # frames of one moment cannot be told apart by time
        assert times_ns[head.frame] == times_ns[number]
