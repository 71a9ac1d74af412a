"""An end by the clock: closed windows are waited for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.schedule import ALL_TIMES, Schedule
from core.engine.pace.progress_hours import WEEK_S, by_the_clock

NIGHTS = Schedule.parse("22:00-06:00")
H = 3_600.0


def ns(hour: int, minute: int = 0) -> int:
    """Return a time of Wednesday, 26 November 2026 UTC."""
    return int(datetime(2026, 11, 26, hour, minute, tzinfo=UTC).timestamp()) * 10**9


def test_without_windows_work_is_time() -> None:
    assert by_the_clock(123.5, ns(12), ALL_TIMES) == 123.5


@pytest.mark.parametrize(
    ("now_ns", "work_s", "clock_s"),
    [
        (ns(23), 2 * H, 2 * H),  # within the night
        (ns(12), 1 * H, 11 * H),  # the window opens in ten hours
        (ns(5), 2 * H, 18 * H),  # an hour now, another from ten in the evening
        (ns(22), 8 * H, 8 * H),  # the whole night, to its last second
        (ns(22), 7 * 8 * H + 60, 7 * 24 * H + 60),  # more than a week
    ],
)
def test_closed_hours_are_waited_for(now_ns: int, work_s: float, clock_s: float) -> None:
    assert by_the_clock(work_s, now_ns, NIGHTS) == clock_s


@given(st.integers(0, 10**6), st.integers(0, 10**7), st.integers(0, 10**5))
def test_more_work_never_ends_earlier_and_never_before_its_own_time(
    ahead_s: int, work_s: int, more_s: int
) -> None:
    now_ns = ns(0) + ahead_s * 10**9
    first = by_the_clock(float(work_s), now_ns, NIGHTS)
    assert first >= work_s
    assert by_the_clock(float(work_s + more_s), now_ns, NIGHTS) >= first
    assert first <= 3 * work_s + WEEK_S
