"""The time of a copy: the slowest term, a range from measured rates, unknown without them."""

from __future__ import annotations

from dataclasses import replace as replace_load
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.config.knobs import Knobs
from core.model import MIB
from core.preflight.estimate import Load, estimate, load_of, network_hours
from core.preflight.survey import ClassCount, Survey
from core.preflight.trial import Done, Rate, Trial, percentile, rate_of, whole_rate_of

KNOBS = Knobs(batch_size=1_000, bundle_bytes=128 * MIB, large_threshold=100 * MIB)
LOAD = Load(size_bytes=1_000, objects=100, pins=10, rows=50, copies=3)


trial = partial(
    replace,
    Trial(
        at_ns=1,
        took_s=60.0,
        copies=3,
        bytes_rate=Rate(10.0, 30.0),
        objects_rate=Rate(1.0, 2.0),
        pins_rate=Rate(1.0, 1.0),
        rows_rate=Rate(50.0, 50.0),
    ),
)


def test_the_slowest_term_rules_low_with_the_fast_rates_high_with_the_slow_ones() -> None:
    got = estimate(LOAD, trial())
    assert [(one.name, one.low_s, one.high_s) for one in got.terms] == [
        ("bytes", 100.0, 300.0),
        ("objects", 50.0, 100.0),
        ("pins", 10.0, 10.0),
        ("rows", 1.0, 1.0),
    ]
    assert (got.low_s, got.high_s, got.unknown) == (100.0, 300.0, "")


def test_i7_without_a_trial_the_time_is_unknown() -> None:
    got = estimate(LOAD, None)
    assert (got.low_s, got.high_s) == (None, None)
    much = estimate(replace_load(LOAD, size_bytes=10**13), None)
    assert "1 Gbps alone would take 2 d 19 h" in much.unknown


def test_i7_an_unmeasured_term_leaves_the_range_open_and_is_named() -> None:
    got = estimate(LOAD, trial(pins_rate=None, pins_text="no peer took a pin"))
    assert (got.low_s, got.high_s) == (100.0, None)
    assert got.unknown == "pins: no peer took a pin"


def test_a_term_of_nothing_takes_no_time_and_needs_no_rate() -> None:
    got = estimate(Load(size_bytes=1, objects=1, pins=0, rows=0, copies=1), trial(pins_rate=None))
    assert got.high_s is not None


def survey(histogram: dict[int, tuple[int, int]]) -> Survey:
    classes = tuple(histogram.get(i, (0, 0)) for i in range(10))
    return Survey(
        began_ns=1,
        ended_ns=2,
        histogram=classes,
        objects=sum(n for n, _ in classes),
        size_bytes=sum(n for _, n in classes),
    )


@pytest.mark.parametrize(
    ("histogram", "pins"),
    [
        ({1: (10_000, 10_000)}, 10),
        ({5: (100, 100 * 16 * MIB)}, 12),
        ({7: (5, 5_000 * MIB)}, 5),
        ({1: (1, 5)}, 1),
        ({}, 0),
    ],
)
def test_pins_are_foretold_by_count_by_bytes_and_by_large_objects(
    histogram: dict[int, tuple[int, int]], pins: int
) -> None:
    assert load_of(survey(histogram), KNOBS, copies=2, pinned=True).pins == pins
    assert load_of(survey(histogram), KNOBS, copies=2, pinned=False).pins == 0


def test_what_stays_behind_takes_no_time_and_history_makes_no_rows() -> None:
    known = replace(
        survey({1: (90, 900)}),
        objects=100,
        versions=20,
        markers=5,
        unreadable=ClassCount("unreadable", 3),
        classes=(ClassCount("special_file", 2), ClassCount("foreign_xattr", 40)),
    )
    load = load_of(known, KNOBS, copies=1, pinned=True)
    assert (load.objects, load.rows, load.size_bytes) == (95, 70, 900)
    left = replace(known, versions_bytes=400)
    bare = load_of(left, KNOBS, copies=1, pinned=True, archive=False)
    assert (bare.objects, bare.rows, bare.size_bytes) == (70, 70, 500)


def test_the_guides_example_of_network_hours_has_its_factor_of_a_thousand() -> None:
    assert round(network_hours(gigabytes=10_000, copies=3, mbps=1_000), 1) == 66.7


@given(st.lists(st.floats(0.01, 10.0), min_size=30, max_size=200), st.floats(1.0, 1e9))
def test_a_rate_lies_between_the_slowest_and_the_fastest_of_what_happened(
    gaps: list[float], amount: float
) -> None:
    at_s, done = 0.0, []
    for gap in gaps:
        at_s += gap
        done.append(Done(at_s, amount))
    rate = rate_of(done, 0.0)
    assert rate is not None
    least, most = amount / max(gaps), amount / min(gaps)
    assert least * 0.999 <= rate.slow <= rate.fast <= most * 1.001


def test_a_steady_rate_is_found_whatever_the_order_of_the_news() -> None:
    done = [Done(float(n), 5.0) for n in range(1, 101)]
    assert rate_of(done[::-1], 0.0) == Rate(5.0, 5.0)


def test_i7_too_few_ends_are_no_rate() -> None:
    assert rate_of([], 0.0) is None
    assert rate_of([Done(1.0, 5.0), Done(2.0, 5.0)], 0.0) is None
    assert rate_of([Done(float(n), 0.0) for n in range(50)], 0.0) is None


def test_what_ends_in_one_lump_has_the_rate_of_the_lump_and_not_of_its_inside() -> None:
    lump = [Done(2.0 + n / 1e6, 1.0) for n in range(64)]
    rate = whole_rate_of(lump, 0.0)
    assert rate is not None
    assert (round(rate.slow), round(rate.fast)) == (32, 32)
    late = whole_rate_of([*lump, Done(10.0, 1.0)], 0.0)
    assert late is not None
    assert (round(late.slow, 1), round(late.fast)) == (6.5, 32)
    assert whole_rate_of(lump[:2], 0.0) is None


def test_percentiles_are_linear_between_values() -> None:
    assert percentile([0.0, 10.0], 0.1) == 1.0
    assert percentile([4.0], 0.9) == 4.0
    assert percentile([1.0, 2.0, 3.0], 1.0) == 3.0
