"""Moments as operators write them."""

from __future__ import annotations

import pytest

from core.control.since import MARGIN_NS, since_ns
from core.errors import BadInput
from core.model import NS_PER_S

NOW_NS = 1_800_000_000 * NS_PER_S
AT_NS = 1_767_225_600 * NS_PER_S  # 2026-01-01 00:00 UTC


@pytest.mark.parametrize(
    ("text", "moment_ns"),
    [
        ("2026-01-01T00:00:00Z", AT_NS),
        ("2026-01-01", AT_NS),
        ("2026-01-01 01:00:00+01:00", AT_NS),
        ("24h", NOW_NS - 86_400 * NS_PER_S),
        ("30m", NOW_NS - 1_800 * NS_PER_S),
    ],
)
def test_a_time_and_an_age_are_moments_less_a_margin(text: str, moment_ns: int) -> None:
    assert since_ns(text, NOW_NS) == moment_ns - MARGIN_NS


@pytest.mark.parametrize("text", ["yesterday", "", "5", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no time"):
        since_ns(text, NOW_NS)


def test_a_moment_before_all_times_is_the_first() -> None:
    assert since_ns("1970-01-01", NOW_NS) == 0
