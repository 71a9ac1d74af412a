"""Rates, the time that is left, and why nothing moves. Pure but for the samples it is given.

No figure before it is earned: no ETA under 1 % or 60 s, a range instead of a point, a reason
instead of a range once the recorded counter stood still for 30 s (`contracts` of the terminal).
May import the model only.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

STALL_S = 30.0
EARNED_S = 60.0
EARNED_SHARE = 0.01
WINDOW_S = 60
ETA_WINDOW_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The recorded counters at one moment (monotonic seconds)."""

    at_s: float
    objects: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Seconds left as a range, or why not. Exactly one of low_s, unknown, stalled_s is set."""

    low_s: float | None = None
    high_s: float | None = None
    unknown: str | None = None
    stalled_s: float | None = None


@dataclass(slots=True, kw_only=True)
class Progress:
    """One job's speed: a sample a second for ten minutes."""

    began_s: float
    first: Sample
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=ETA_WINDOW_S + 1))
    moved_s: float = 0.0

    def __post_init__(self) -> None:
        """Start with the job's first sample."""
        self.samples.append(self.first)
        self.moved_s = self.first.at_s

    def add(self, sample: Sample) -> None:
        """Take the counters as they are now."""
        if (
            sample.objects != self.samples[-1].objects
            or sample.size_bytes != self.samples[-1].size_bytes
        ):
            self.moved_s = sample.at_s
        self.samples.append(sample)

    def rates(self) -> tuple[float, float] | None:
        """Return objects/s and bytes/s of the last minute; None before there are two samples."""
        if len(self.samples) < 2:  # noqa: PLR2004 - a rate needs two points
            return None
        last = self.samples[-1]
        then = self.samples[max(0, len(self.samples) - 1 - WINDOW_S)]
        span = last.at_s - then.at_s
        if span <= 0:
            return None
        return (last.objects - then.objects) / span, (last.size_bytes - then.size_bytes) / span

    def mean(self) -> tuple[float, float] | None:
        """Return objects/s and bytes/s since the job began."""
        last = self.samples[-1]
        span = last.at_s - self.began_s
        if span < 1:
            return None
        return (last.objects - self.first.objects) / span, (
            last.size_bytes - self.first.size_bytes
        ) / span

    def history(self) -> list[int]:
        """Return objects/s for each of the last 60 seconds, oldest first."""
        tail = list(self.samples)[-(WINDOW_S + 1) :]
        return [
            round((b.objects - a.objects) / max(b.at_s - a.at_s, 1e-3))
            for a, b in itertools.pairwise(tail)
        ]

    def still_s(self) -> float:
        """Return how long the recorded counter has stood still."""
        return self.samples[-1].at_s - self.moved_s

    def left(self, *, objects: int, size_bytes: int, share: float, complete: bool) -> Left:
        """Estimate the time for what remains.

        objects, size_bytes: not recorded yet. share: of all objects done, 0..1. complete: the plan
        has ended, so that what remains is known. The range is p10..p90 of the last ten minutes'
        rates, for objects and for bytes apart; the slower of the two holds.
        """
        if self.still_s() >= STALL_S:
            return Left(stalled_s=self.still_s())
        if not complete:
            return Left(unknown="the plan is still walking")
        span = self.samples[-1].at_s - self.began_s
        if span < EARNED_S or share < EARNED_SHARE:
            return Left(unknown=f"{share * 100:.1f} % done")
        object_rates, byte_rates = self._rates_of_windows()
        slow = max(
            objects / max(_quantile(object_rates, 0.1), 1e-9),
            size_bytes / max(_quantile(byte_rates, 0.1), 1e-9),
        )
        fast = max(
            objects / max(_quantile(object_rates, 0.9), 1e-9),
            size_bytes / max(_quantile(byte_rates, 0.9), 1e-9),
        )
        return Left(low_s=fast, high_s=slow)

    def _rates_of_windows(self, window: int = 10) -> tuple[list[float], list[float]]:
        samples = list(self.samples)
        pairs = list(zip(samples, samples[window:], strict=False)) or [(samples[0], samples[-1])]
        spans = [max(b.at_s - a.at_s, 1e-3) for a, b in pairs]
        objects = [(b.objects - a.objects) / s for (a, b), s in zip(pairs, spans, strict=True)]
        size = [(b.size_bytes - a.size_bytes) / s for (a, b), s in zip(pairs, spans, strict=True)]
        return objects, size


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
