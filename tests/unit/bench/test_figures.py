"""Medians, ratios and verdicts of the bench, and the order of its rounds."""

from __future__ import annotations

import pytest

from tests.bench.figures import Goal, Result, Spread, Take, Unit, Verdict, ratio
from tests.bench.ledger_cost import overhead, total_us
from tests.bench.memory import Peak, peak_figures
from tests.bench.series import order


def result(name: str, *seconds: float, problem: str = "") -> Result:
    takes = [Take(objects=1_000, size_bytes=5_000_000, seconds=s) for s in seconds]
    if problem:
        takes.append(Take(problem=problem))
    return Result(name=name, takes=tuple(takes))


def test_a_rate_is_the_median_of_its_rounds_with_its_ends() -> None:
    assert result("a", 1.0, 4.0, 2.0).rate(Unit.OBJECTS) == Spread(500, 250, 1_000)
    assert result("a", 1.0, 4.0, 2.0).rate(Unit.MEGABYTES) == Spread(2.5, 1.25, 5.0)


def test_a_ratio_holds_our_median_against_the_others() -> None:
    ours, other = result("ours", 2.0, 2.0, 8.0), result("other", 1.0, 1.0, 9.0)
    assert ratio(ours, other, Unit.OBJECTS) == pytest.approx(0.5)


def test_a_row_that_did_not_do_its_work_once_has_no_ratio_and_no_cpu() -> None:
    bad = result("bad", 1.0, 1.0, problem="3 rows are missing")
    assert bad.problem == "3 rows are missing"
    assert bad.rate(Unit.OBJECTS) is None
    assert ratio(result("ours", 1.0), bad, Unit.OBJECTS) is None
    assert ratio(bad, result("other", 1.0), Unit.OBJECTS) is None
    assert bad.cpu_us() == {}
    assert Result(name="never", takes=()).problem == "did not run"


def test_a_goal_is_met_at_its_own_value_from_the_right_side() -> None:
    assert Goal(0.75).verdict(0.75) is Verdict.OK
    assert Goal(0.75).verdict(0.749) is Verdict.BELOW
    assert Goal(150, most=True).verdict(150) is Verdict.OK
    assert Goal(150, most=True).verdict(151) is Verdict.BELOW


def test_cpu_is_told_by_group_and_object() -> None:
    takes = [
        Take(objects=1_000, seconds=1, cpu_s={"kubo": s, "bench": 0.001}) for s in (0.2, 0.3, 0.9)
    ]
    found = Result(name="a", takes=tuple(takes))
    assert found.cpu_us() == pytest.approx({"kubo": 300.0, "bench": 1.0})
    assert total_us(found) == pytest.approx([200, 300, 900])


def test_every_round_begins_with_another_row_and_holds_each_once() -> None:
    rounds = [order(3, number) for number in range(4)]
    assert rounds == [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]


def test_overhead_is_what_the_first_takes_more_than_the_second() -> None:
    assert overhead([110, 120, 105], [100, 100, 100]) == pytest.approx((10, 5, 20))


def test_a_slope_is_bytes_an_object_between_two_sizes() -> None:
    peaks = [
        Peak(10_000, 40_000_000, 20_000_000),
        Peak(100_000, 50_000_000, 20_000_000),
        Peak(1_000_000, 59_000_000, 20_000_000),
    ]
    found = {figure.name: figure for figure in peak_figures(peaks)}
    slope = found["engine, slope an object from the second"].spread
    assert slope is not None
    assert slope.middle == pytest.approx(10.0)
    assert found["engine, 1,000,000 objects"].goal is not None
    assert found["engine, 10,000 objects"].goal is None
    peaks[2] = Peak(1_000_000, problem="it failed")
    found = {figure.name: figure for figure in peak_figures(peaks)}
    assert found["worker, slope an object from the second"].spread is None
