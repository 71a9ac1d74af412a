"""Windows: their text reads back, and what holds at a minute agrees with a count by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config.schedule import DAYS, Schedule, Window
from core.errors import BadInput
from core.model import MIB, NS_PER_S

MONDAY = datetime(2025, 11, 24, tzinfo=UTC)
MINUTE_NS = 60 * NS_PER_S
WEEK_MIN = 7 * 1440


def ns(at: datetime) -> int:
    return round(at.timestamp()) * NS_PER_S


@st.composite
def windows(draw: st.DrawFn) -> Window:
    begin = draw(st.integers(0, 1439))
    end = draw(st.integers(0, 1440).filter(lambda e: e != begin))
    rate = draw(st.one_of(st.none(), st.integers(64 * 1024, 1 << 40)))
    days = draw(st.integers(1, 7))
    first = 0 if days == 7 else draw(st.integers(0, 6))
    return Window(first, days, begin, end, rate)


schedules = st.lists(windows(), max_size=4).map(lambda found: Schedule(tuple(found)))


@given(schedules)
def test_a_schedules_text_reads_back(schedule: Schedule) -> None:
    assert Schedule.parse(schedule.text()) == schedule


@given(st.text(max_size=30) | st.from_regex(r"(mon|sat-tue)? ?\d\d:\d\d-\d\d:\d\d", fullmatch=True))
def test_any_text_is_a_schedule_or_a_refusal_that_names_the_forms(text: str) -> None:
    remedy, found = "", None
    try:
        found = Schedule.parse(text)
    except BadInput as refusal:
        remedy = refusal.remedy
    if found is None:
        assert "22:00-06:00" in remedy or "50MiB/s" in remedy
    else:
        assert Schedule.parse(found.text()) == found


def by_hand(window: Window, at: datetime) -> bool:
    """Look at the windows that begin on this day and on the day before."""
    for back in (0, 1):
        day = (at - timedelta(days=back)).replace(hour=0, minute=0)
        if (day.weekday() - window.first_day) % 7 >= window.days:
            continue
        begin = day + timedelta(minutes=window.begin_min)
        end = day + timedelta(minutes=window.end_min)
        if window.end_min <= window.begin_min:
            end += timedelta(days=1)
        if begin <= at < end:
            return True
    return False


@given(schedules, st.integers(0, WEEK_MIN - 1), st.integers(0, 59))
def test_what_holds_is_what_the_first_open_window_says(
    schedule: Schedule, minute: int, second: int
) -> None:
    at = MONDAY + timedelta(minutes=minute)
    now = schedule.at(ns(at) + second * NS_PER_S)
    first = next((w for w in schedule.windows if by_hand(w, at)), None)
    assert now.is_open == (first is not None or not schedule.windows)
    assert now.bytes_s == (first.bytes_s if first else None)


@given(schedules, st.integers(0, WEEK_MIN - 1))
def test_nothing_changes_before_the_time_that_is_named_and_something_does_then(
    schedule: Schedule, minute: int
) -> None:
    start = ns(MONDAY) + minute * MINUTE_NS
    now = schedule.at(start)
    if now.until_ns is None:
        steps = range(0, WEEK_MIN, 331)
    else:
        assert start < now.until_ns <= start + WEEK_MIN * MINUTE_NS
        assert schedule.at(now.until_ns)[:2] != now[:2]
        ahead = (now.until_ns - start) // MINUTE_NS
        steps = range(0, ahead, max(1, ahead // 30))
    for ahead in steps:
        assert schedule.at(start + ahead * MINUTE_NS)[:2] == now[:2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("always", "always"),
        ("22:00-06:00 UTC", "22:00-06:00"),
        ("mon-fri 19:00-07:00,sat-sun 00:00-24:00", "mon-fri 19:00-07:00, sat-sun 00:00-24:00"),
        ("08:00-18:00=20MiB/s , 00:00-24:00", "08:00-18:00=20MiB/s, 00:00-24:00"),
        ("mon-sun 01:00-02:00", "01:00-02:00"),
        ("fri-mon 22:00-24:00 UTC = 1MiB/s", "fri-mon 22:00-24:00=1MiB/s"),
    ],
)
def test_the_forms_of_a_schedule(text: str, shown: str) -> None:
    assert Schedule.parse(text).text() == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "never", "22:00", "22:00-22:00", "24:00-01:00", "7:00-8:00", "25:00-26:00"),
        *(
            "day 01:00-02:00",
            "01:00-02:00=5",
            "01:00-02:00=1KiB/s",
            "01:00-02:00,",
            "always, always",
        ),
        ", ".join(["01:00-02:00"] * 51),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Schedule.parse(text)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    nights = Schedule.parse("fri 22:00-06:00=1MiB/s")
    friday = MONDAY + timedelta(days=DAYS.index("fri"))
    saturday = friday + timedelta(days=1)
    assert nights.at(ns(friday.replace(hour=3))).is_open is False
    closes = ns(saturday.replace(hour=6))
    assert nights.at(ns(saturday.replace(hour=5, minute=59))) == (True, MIB, closes)
    opens = ns(friday.replace(hour=22) + timedelta(days=7))
    assert nights.at(closes) == (False, None, opens)
