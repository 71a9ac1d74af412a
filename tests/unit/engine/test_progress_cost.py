"""The two-term estimate over simulated runs: the truth lies in the range, or the range is wide."""

from __future__ import annotations

import pytest

from core.engine.pace.progress_cost import Cost, Span, fit, quantile, seconds_left
from tests.unit.engine.runs import Copy

MIB = 1 << 20


def _hits(copy: Copy, slack: float = 0.1) -> float:
    """Return the share of ranges that hold the truth, within slack of it."""
    ranges = copy.ranges()
    assert len(ranges) > 100
    good = [low * (1 - slack) - 2 <= true <= high * (1 + slack) + 2 for low, high, true in ranges]
    return sum(good) / len(good)


def test_a_steady_run_of_small_objects_is_a_narrow_range() -> None:
    copy = Copy([(40_000, 4096)], object_s=0.01, byte_s=0.0).run()
    assert _hits(copy, slack=0.05) == 1.0
    assert all(high - low <= 0.1 * true + 3 for low, high, true in copy.ranges())


def test_noise_widens_the_range_and_the_truth_stays_inside() -> None:
    copy = Copy([(60_000, 4096)], object_s=0.01, byte_s=1e-7, noise=0.5).run()
    assert _hits(copy) >= 0.9


@pytest.mark.parametrize("seed", range(4))
def test_where_bytes_cost_the_few_large_ones_are_not_forgotten(seed: int) -> None:
    """Small and large ones took turns; then mostly large ones are left."""
    turns = [(400, 4096), (3, 100 * MIB)] * 12 + [(30, 100 * MIB)] * 2
    copy = Copy(turns, object_s=0.01, byte_s=4e-8, noise=0.3, seed=seed).run()
    assert _hits(copy) >= 0.9
    low, high, true = copy.ranges()[len(copy.ranges()) // 2]
    assert high < 2.5 * true, (low, high, true)


def test_a_mix_that_was_never_seen_gives_a_range_as_wide_as_the_ignorance() -> None:
    copy = Copy([(20_000, 4096), (40, 200 * MIB)], object_s=0.01, byte_s=2e-8).run()
    small_only = [one for one in copy.told if one[0] < 190 and one[1].low_s is not None]
    assert small_only
    for second, left in small_only:
        assert left.low_s is not None
        assert left.high_s is not None
        assert left.low_s <= copy.ends_s - second <= left.high_s
        assert left.high_s > 10 * left.low_s


def test_a_slow_start_is_outgrown() -> None:
    copy = Copy([(100_000, 4096)], object_s=0.01, byte_s=0.0, slow_until_s=90).run()
    late = [one for one in copy.ranges() if one[2] < copy.ends_s - 600]
    assert late
    assert all(low * 0.9 <= true <= high * 1.1 + 2 for low, high, true in late)


def test_a_restart_begins_anew_and_counts_nothing_of_before() -> None:
    copy = Copy([(60_000, 4096)], object_s=0.01, byte_s=0.0).run(done=30_000)
    assert copy.told[0][1].unknown == "measured for 1 of 60 s"
    assert all(left.low_s is None for second, left in copy.told if second < 60)
    assert _hits(copy, slack=0.05) == 1.0


def test_paused_time_counts_nowhere() -> None:
    copy = Copy([(60_000, 4096)], object_s=0.01, byte_s=0.0, held=range(100, 400)).run()
    assert {left.unknown for second, left in copy.told if second in copy.held} == {"paused by op1"}
    assert all(left.stalled_s is None for _, left in copy.told)
    assert _hits(copy, slack=0.05) == 1.0


def test_fit_finds_both_terms_and_no_negative_one() -> None:
    cost = Cost(0.01, 1e-8)
    spans = [
        Span(cost.of(n, size), n, size, 0.0)
        for n, size in ((1000, 0), (500, 10**9), (100, 5 * 10**8), (7, 3 * 10**9))
    ]
    found = fit(spans)
    assert found.object_s == pytest.approx(cost.object_s)
    assert found.byte_s == pytest.approx(cost.byte_s)
    # the more bytes the faster: no byte gives time back
    odd = fit([Span(10, 1000, 0, 0.0), Span(5, 1000, 10**9, 0.0), Span(7, 1000, 10**8, 0.0)])
    assert odd.object_s >= 0
    assert odd.byte_s >= 0


def test_nothing_recorded_tells_nothing() -> None:
    assert seconds_left([], 10, 10) is None
    assert seconds_left([Span(10.0, 0, 0, 0.0)], 10, 10) is None


def test_newer_spans_weigh_more() -> None:
    old, new = Span(10.0, 100, 0, 1_200.0), Span(10.0, 1_000, 0, 0.0)
    assert fit([old, new]).object_s == pytest.approx(0.01, rel=0.05)


def test_a_quantile_counts_weight() -> None:
    assert quantile([1.0, 2.0, 3.0], [1.0, 1.0, 98.0], 0.1) == 3.0
    assert quantile([5.0], [1.0], 0.9) == 5.0
