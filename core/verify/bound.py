"""How much of a set can be wrong, when so much of a sample was: an upper bound at 95 %.

Exact (Clopper and Pearson, one-sided): the share at which a sample of n holds at most `bad` wrong
ones with a chance of 5 %. For few wrong ones it is 3.00/n, 4.74/n, 6.30/n. Pure.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p
from typing import Final

CONFIDENCE: Final = 0.95

_STEPS: Final = 200
_CLOSE: Final = 1e-12
_TINY: Final = 1e-300


def bound95(n: int, bad: int) -> float:
    """Return the largest share of wrong ones that this sample leaves likely; 1.0 for no sample.

    n: objects that were read. bad: of them, wrong; 0 <= bad <= n, ValueError otherwise.
    """
    if not 0 <= bad <= n:
        raise ValueError(f"{bad} of {n}")
    if bad == n:
        return 1.0
    low, high = bad / n, 1.0
    while high - low > _CLOSE * high:
        middle = (low + high) / 2
        if low in {middle, high}:
            break
        # the chance of more than bad wrong ones grows with their share
        if _beta(middle, bad + 1, n - bad) < CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _beta(x: float, a: int, b: int) -> float:
    """Return the regularized incomplete beta function I_x(a, b), 0 < x < 1."""
    if x >= 1.0:
        return 1.0
    # it converges fast on this side of its middle; the other side is its complement
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _beta_below(1.0 - x, b, a)
    return _beta_below(x, a, b)


def _beta_below(x: float, a: int, b: int) -> float:
    front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    return front * _fraction(x, a, b)


def _fraction(x: float, a: int, b: int) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, _not_nil(1.0 - (a + b) * x / (a + 1))
    d = 1.0 / d
    value = d
    for m in range(1, _STEPS * 10):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / _not_nil(1.0 + even * d)
        c = _not_nil(1.0 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / _not_nil(1.0 + odd * d)
        c = _not_nil(1.0 + odd / c)
        value *= d * c
        if abs(d * c - 1.0) < _CLOSE:
            break
    return value


def _not_nil(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
