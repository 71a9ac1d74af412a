"""A gate counts while it is young, whatever a clock says; unknown and stale are not green."""

from __future__ import annotations

import pytest

from core.cutover.gate import Gate
from core.verdict import Verdict

NS = 1_000_000_000
NOW_NS = 1_795_685_285 * NS


@pytest.mark.parametrize(
    ("age_s", "is_open", "why"),
    [
        (0, True, ""),
        (300, True, ""),
        (301, False, "is 301 s old, at most 300 s count"),
        (-5, True, ""),
        (-61, False, "is of a time 61 s ahead: the clock was set"),
        (-86_400, False, "the clock was set"),
    ],
)
def test_i7_what_was_measured_before_a_clock_was_set_back_counts_for_nothing(
    age_s: int,
    is_open: bool,  # noqa: FBT001 - a case
    why: str,
) -> None:
    gate = Gate(
        name="canary",
        verdict=Verdict.PASS,
        evidence="-",
        at_ns=NOW_NS - age_s * NS,
        limit_s=300,
    )
    assert gate.is_open(NOW_NS) is is_open
    assert gate.is_stale(NOW_NS) is not is_open
    assert why in gate.why(NOW_NS)
