"""Reading times: bins that hold their times, and a 99th percentile that few reads do not give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.worker.latency import BINS, ENOUGH, SAMPLE, Reads, bin_of, p99_s, timed, upper_s


@given(st.integers(0, 20 * 10**9))
def test_a_bin_holds_its_times(ns: int) -> None:
    number = bin_of(ns)
    assert ns / 1e9 <= upper_s(number) * 1.000001
    assert number == 0 or ns / 1e9 > upper_s(number - 1) * 0.999999


def test_a_time_beyond_all_bins_is_in_the_last() -> None:
    assert bin_of(10**15) == BINS - 1


def of_times(*times_s: float) -> list[int]:
    counts = [0] * BINS
    for time_s in times_s:
        counts[bin_of(round(time_s * 1e9))] += 1
    return counts


def test_one_slow_read_in_a_hundred_does_not_make_the_99th_percentile_two_do() -> None:
    assert p99_s(of_times(*[0.001] * (ENOUGH - 1))) is None
    assert p99_s(of_times(*[0.001] * 99, 1.0)) == pytest.approx(0.001, rel=0.27)
    assert p99_s(of_times(*[0.001] * 98, 1.0, 1.0)) == pytest.approx(1.0, rel=0.27)


def test_the_newest_reads_count_as_far_back_as_it_takes_to_have_enough() -> None:
    reads, sums = Reads(), [0] * BINS
    reads.look(list(sums))
    assert reads.p99_s() is None
    for time_s, number in ((1.0, 500), (0.001, 60), (0.001, 60)):
        sums[bin_of(round(time_s * 1e9))] += number
        reads.look(list(sums))
    assert reads.p99_s() == pytest.approx(0.001, rel=0.27)
    reads.forget()
    assert reads.p99_s() is None


def test_the_first_chunk_and_one_in_sixteen_are_timed() -> None:
    noted: list[int] = []
    chunks = list(timed(iter(range(SAMPLE + 2)), noted.append))
    assert chunks == list(range(SAMPLE + 2))
    assert len(noted) == 2
