"""What a trial measured: rates of a small copy, as a range. Pure; the trial itself is the engine's.

A rate is taken over groups of what came to its end one after another, since bundles end in lumps:
its slow end is the 10th percentile of the groups, its fast end the 90th.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

GROUPS: Final = 10
LEAST_GROUPS: Final = 3
"""Fewer groups than this are no range: the rate stays unknown."""

_MOMENT_S: Final = 1e-6

SLOW: Final = 0.1
FAST: Final = 0.9


class Done(NamedTuple):
    """Something that came to its end at a moment. at_s: monotonic. amount: bytes, objects, .."""

    at_s: float
    amount: float


class Rate(msgspec.Struct, frozen=True):
    """A rate a second, as a range. slow: 10th percentile, > 0. fast: 90th."""

    slow: float
    fast: float


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured. at_ns: UTC. bytes: sent, every copy counted. None: not measured, and why.

    objects, size_bytes: what was carried, each once. left: what stays behind, in words.
    """

    at_ns: int
    took_s: float
    objects: int = 0
    size_bytes: int = 0
    bundles: int = 0
    copies: int = 1
    bytes_rate: Rate | None = None
    objects_rate: Rate | None = None
    pins_rate: Rate | None = None
    rows_rate: Rate | None = None
    bytes_text: str = ""
    objects_text: str = ""
    pins_text: str = ""
    rows_text: str = ""
    fault: str = ""
    left: str = ""


def rate_of(done: Sequence[Done], began_s: float) -> Rate | None:
    """Return the rate of what ended, None where too little did. began_s: monotonic.

    Groups hold as many ends each; what fell short of a group at the end is left out.
    """
    ordered = sorted(done)
    each = max(1, len(ordered) // GROUPS)
    rates: list[float] = []
    before_s = began_s
    for start in range(0, len(ordered) - each + 1, each):
        group = ordered[start : start + each]
        took_s = group[-1].at_s - before_s
        if took_s <= 0:
            continue  # at one moment with the group before: no rate of its own
        rates.append(sum(one.amount for one in group) / took_s)
        before_s = group[-1].at_s
    rates = sorted(rate for rate in rates if rate > 0)
    if len(rates) < LEAST_GROUPS:
        return None
    return Rate(percentile(rates, SLOW), percentile(rates, FAST))


def whole_rate_of(done: Sequence[Done], began_s: float) -> Rate | None:
    """Return the rate of what began together and ends in lumps, as pins do with their batches.

    Slow: of all, over the time of the last. Fast: the best over the time of any in the later half.
    None where fewer than LEAST_GROUPS ended.
    """
    ordered = sorted(done)
    if len(ordered) < LEAST_GROUPS:
        return None
    sums: list[float] = []
    total = 0.0
    for one in ordered:
        total += one.amount
        sums.append(total / max(one.at_s - began_s, _MOMENT_S))
    return Rate(sums[-1], max(sums[len(sums) // 2 :]))


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, linear between two of them.

    ordered: ascending, at least one.
    """
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
