"""What an object and a byte cost, fitted to what was recorded; the time of what is left. Pure.

Two terms, because neither alone holds: a million small objects cost by the object, a few large ones
by the byte, and what is left may be of another mix than what was seen. Imports nothing of the
project.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HALF_LIFE_S: Final = 240.0
LOW, HIGH = 0.1, 0.9
_AS_GOOD = 1.15
_AS_GOOD_BY = 0.02


class Span(NamedTuple):
    """What was recorded in one stretch of active time. age_s: since its end, active too."""

    took_s: float
    objects: int
    size_bytes: int
    age_s: float


class Cost(NamedTuple):
    """Seconds per object and per byte, of the whole pipeline: never negative."""

    object_s: float
    byte_s: float

    def of(self, objects: int, size_bytes: int) -> float:
        """Return the seconds that so much takes."""
        return self.object_s * objects + self.byte_s * size_bytes


def seconds_left(
    spans: Sequence[Span], objects: int, size_bytes: int
) -> tuple[float, float] | None:
    """Return p10 and p90 of the seconds that objects and size_bytes take; None if nothing tells.

    Every cost that explains the spans as well as the best one does has its say: if only small
    objects were seen, nothing tells what large ones take, and the range is as wide as that.
    """
    kept = [span for span in spans if span.took_s > 0 and (span.objects or span.size_bytes)]
    found = [(cost, ratios) for cost in _costs(kept) if (ratios := _ratios(cost, kept))]
    if not found:
        return None
    weights = [_weight(span) for span in kept]
    errors = [_error(ratios, weights) for _, ratios in found]
    most = max(min(errors) * _AS_GOOD, min(errors) + _AS_GOOD_BY)
    ranges = [
        (cost.of(objects, size_bytes), ratios)
        for (cost, ratios), error in zip(found, errors, strict=True)
        if error <= most
    ]
    return (
        min(whole_s * quantile(ratios, weights, LOW) for whole_s, ratios in ranges),
        max(whole_s * quantile(ratios, weights, HIGH) for whole_s, ratios in ranges),
    )


def fit(spans: Sequence[Span]) -> Cost:
    """Return the cost with the least squares of relative errors, newer spans weighing more."""
    nn = nb = bb = n1 = b1 = 0.0
    for span in spans:
        weight = _weight(span)
        n, b = span.objects / span.took_s, span.size_bytes / span.took_s
        nn, nb, bb = nn + weight * n * n, nb + weight * n * b, bb + weight * b * b
        n1, b1 = n1 + weight * n, b1 + weight * b
    determinant = nn * bb - nb * nb
    if determinant > 1e-9 * nn * bb:
        cost = Cost((n1 * bb - b1 * nb) / determinant, (b1 * nn - n1 * nb) / determinant)
        if cost.object_s >= 0 and cost.byte_s >= 0:
            return cost
    by_object = Cost(n1 / nn if nn else 0.0, 0.0)
    by_byte = Cost(0.0, b1 / bb if bb else 0.0)
    # what is left of the squares, but for a constant: the one that takes more away is better
    return by_object if n1 * by_object.object_s >= b1 * by_byte.byte_s else by_byte


def quantile(values: Sequence[float], weights: Sequence[float], share: float) -> float:
    """Return the value below which so much of the weight lies. values: not empty."""
    ordered = sorted(zip(values, weights, strict=True))
    left = share * math.fsum(weights)
    for value, weight in ordered:
        left -= weight
        if left <= 0:
            return value
    return ordered[-1][0]


def _costs(spans: Sequence[Span]) -> list[Cost]:
    """Return the best cost, and the best ones of one term alone."""
    if not spans:
        return []

    def only(amount: Callable[[Span], int]) -> float:
        weighted = [(_weight(span), amount(span) / span.took_s) for span in spans]
        square = math.fsum(weight * value * value for weight, value in weighted)
        return math.fsum(weight * value for weight, value in weighted) / square if square else 0.0

    return [
        fit(spans),
        Cost(only(lambda span: span.objects), 0.0),
        Cost(0.0, only(lambda span: span.size_bytes)),
    ]


def _ratios(cost: Cost, spans: Sequence[Span]) -> list[float]:
    """Return how much longer each span took than the cost says; [] if it says nothing of one."""
    told = [cost.of(span.objects, span.size_bytes) for span in spans]
    if min(told, default=0.0) <= 0:
        return []
    return [span.took_s / whole_s for span, whole_s in zip(spans, told, strict=True)]


def _error(ratios: Sequence[float], weights: Sequence[float]) -> float:
    squares = math.fsum(w * (1 - 1 / r) ** 2 for r, w in zip(ratios, weights, strict=True))
    return math.sqrt(squares / math.fsum(weights))


def _weight(span: Span) -> float:
    return math.pow(0.5, span.age_s / HALF_LIFE_S)
