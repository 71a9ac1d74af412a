"""The bound: what is known of a whole by a sample of it, exact at 95 %."""

from __future__ import annotations

from math import comb

import pytest

from core.verify.bound import bound95


def at_most(bad: int, n: int, share: float) -> float:
    """Return the chance of at most so many bad ones, term by term."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(bad + 1))


@pytest.mark.parametrize(("bad", "times"), [(0, 3.00), (1, 4.74), (2, 6.30)])
def test_few_bad_of_many_are_the_known_figures(bad: int, times: float) -> None:
    assert bound95(10_000, bad) * 10_000 == pytest.approx(times, abs=0.006)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 300])
def test_the_bound_is_where_so_few_have_a_chance_of_five_percent(n: int) -> None:
    for bad in range(n):
        assert at_most(bad, n, bound95(n, bad)) == pytest.approx(0.05, rel=1e-6)


def test_nothing_read_and_all_bad_bound_nothing() -> None:
    assert bound95(0, 0) == 1.0
    assert bound95(5, 5) == 1.0


def test_it_never_lies_below_the_share_that_was_seen() -> None:
    for n, bad in ((10, 9), (1_000, 500), (1_000_000, 3), (1_000_000, 400_000)):
        assert bad / n < bound95(n, bad) <= 1.0
    assert bound95(1_000_000, 400_000) == pytest.approx(0.4 + 1.645 * 0.00049, rel=1e-4)


def test_more_read_and_as_few_bad_is_a_lower_bound() -> None:
    assert bound95(100, 1) > bound95(1_000, 1) > bound95(1_000_000, 1)


@pytest.mark.parametrize(("n", "bad"), [(3, 4), (3, -1)])
def test_more_bad_than_read_is_refused(n: int, bad: int) -> None:
    with pytest.raises(ValueError, match=str(bad)):
        bound95(n, bad)
