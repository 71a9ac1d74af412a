"""Simulated copies: what a run of a known cost shows of itself, second by second."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.engine.pace.progress import Left, Progress, Remaining, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class Copy:
    """A copy of stretches of (objects, bytes each), at object_s + byte_s seconds each.

    Speed varies by `noise` (a lognormal's sigma) each second. told: by second, what was said and
    the truth: seconds from there to the end, without those that were held.
    """

    stretches: Sequence[tuple[int, int]]
    object_s: float
    byte_s: float
    noise: float = 0.0
    slow_until_s: int = 0
    held: range = range(0)
    seed: int = 1
    told: list[tuple[int, Left]] = field(default_factory=list)
    ends_s: int = 0

    @property
    def objects(self) -> int:
        return sum(n for n, _ in self.stretches)

    @property
    def size_bytes(self) -> int:
        return sum(n * size for n, size in self.stretches)

    def run(self, *, done: int = 0, most_s: int = 100_000) -> Copy:
        """Copy everything behind the first `done` objects."""
        chance = random.Random(self.seed)  # noqa: S311 - a simulated run, the same every time
        work = [size for n, size in self.stretches for _ in range(n)]
        ended, ended_bytes = done, sum(work[:done])
        now = Sample(at_s=0.0, objects=ended, size_bytes=ended_bytes, ended=ended)
        progress = Progress(
            first=Sample(
                at_s=0.0,
                objects=ended,
                size_bytes=ended_bytes,
                ended=ended,
                ended_bytes=ended_bytes,
            )
        )
        second, credit_s, moved = 0, 0.0, 0
        while ended < len(work) and second < most_s:
            second += 1
            held = second in self.held
            if not held:
                slow = 0.2 if second <= self.slow_until_s else 1.0
                credit_s += slow * chance.lognormvariate(0.0, self.noise)
                moved += 1
            while ended < len(work):
                cost_s = self.object_s + self.byte_s * work[ended]
                if cost_s > credit_s:
                    break
                credit_s -= cost_s
                ended_bytes += work[ended]
                ended += 1
            now = Sample(
                at_s=float(second),
                objects=ended,
                size_bytes=ended_bytes,
                ended=ended,
                ended_bytes=ended_bytes,
                moved=moved,
                held=held,
            )
            progress.add(now)
            rest = Remaining(
                objects=len(work) - ended,
                size_bytes=self.size_bytes - ended_bytes,
                share=ended / len(work),
                complete=True,
                bundles=1,
                held="paused by op1" if held else "",
            )
            self.told.append((second, progress.left(rest)))
        self.ends_s = second
        return self

    def ranges(self) -> list[tuple[float, float, float]]:
        """Return (low, high, truth) of each second with a range."""
        return [
            (left.low_s, left.high_s, self._truth_s(second))
            for second, left in self.told
            if left.low_s is not None and left.high_s is not None
        ]

    def _truth_s(self, second: int) -> float:
        return sum(1 for then in range(second + 1, self.ends_s + 1) if then not in self.held)
