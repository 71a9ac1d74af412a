"""Parts of a join are handed out so that walks go on, and no lane idles while parts are left."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.engine.verifying.join_lanes import Stretches


def test_a_lane_takes_its_own_stretch_in_order() -> None:
    left = Stretches(range(7), 2)
    assert [left.next(0) for _ in range(3)] == [0, 1, 2]
    assert [left.next(1) for _ in range(4)] == [3, 4, 5, 6]


def test_a_lane_that_is_done_takes_the_last_of_the_longest_stretch() -> None:
    left = Stretches(range(9), 3)
    assert [left.next(1) for _ in range(2)] == [3, 4]
    assert [left.next(0) for _ in range(4)] == [0, 1, 2, 8]
    assert [left.next(2) for _ in range(2)] == [6, 7]


@given(
    tasks=st.integers(0, 40),
    lanes=st.integers(1, 6),
    asking=st.lists(st.integers(0, 5), max_size=80),
)
def test_every_task_is_taken_once_whoever_asks(tasks: int, lanes: int, asking: list[int]) -> None:
    left = Stretches(range(tasks), lanes)
    order = [lane % lanes for lane in asking] + [0] * tasks
    taken = [left.next(lane) for lane in order]
    assert sorted(task for task in taken if task is not None) == list(range(tasks))
    assert None not in taken[:tasks]
