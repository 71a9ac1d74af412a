"""The difference of two clocks, from a Date cut to the second."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NoAnswer
from core.probe.clock import Span, common, judge, span
from core.verdict import Verdict

AT_S = 1_800_000_000


def date(at_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(at_s), tz=UTC), usegmt=True)


@given(
    skew_s=st.floats(-1000, 1000),
    sent_s=st.floats(0, 10),
    there_s=st.floats(0, 1),
    back_s=st.floats(0, 1),
)
def test_the_true_difference_lies_in_the_span(
    skew_s: float, sent_s: float, there_s: float, back_s: float
) -> None:
    sent = AT_S + sent_s
    told = span(date(sent + there_s + skew_s), sent, sent + there_s + back_s)
    assert told.low_s - 1e-3 <= skew_s <= told.high_s + 1e-3


def test_answers_across_the_edge_of_a_second_narrow_it() -> None:
    spans = [Span(-0.9, 0.1), Span(-0.2, 0.8)]
    assert common(spans) == Span(-0.2, 0.1)


def test_a_clock_set_meanwhile_is_taken_as_it_is_now() -> None:
    assert common([Span(5.0, 6.0), Span(-0.5, 0.5)]) == Span(-0.5, 0.5)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.9, 0.1, Verdict.PASS),
        (0.9, 1.9, Verdict.PASS),
        (1.0, 2.0, Verdict.WARN),
        (-2.5, -1.5, Verdict.WARN),
        (60.0, 61.0, Verdict.WARN),
        (60.1, 61.1, Verdict.FAIL),
        (-3700.0, -3600.0, Verdict.FAIL),
    ],
)
def test_only_a_difference_that_is_certain_counts(
    low: float, high: float, verdict: Verdict
) -> None:
    assert judge(Span(low, high)).verdict is verdict


@pytest.mark.parametrize("header", ["", "yesterday", "Sat, 99 Foo 2026"])
def test_i7_a_server_without_a_date_gives_no_answer(header: str) -> None:
    with pytest.raises(NoAnswer):
        span(header, 0.0, 0.0)
