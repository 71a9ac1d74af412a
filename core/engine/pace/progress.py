"""Rates, the time that is left, and whether anything moves. Pure but for the samples it is given.

No figure before it is earned: no ETA under 1 % or 60 s, a range with its age instead of a point, a
stall instead of a range once neither ledger nor workers moved for 30 s. Time in which nothing was
to be done (paused, outside the windows) counts nowhere.
May import the costs.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from core.engine.pace.progress_cost import Span, seconds_left

STALL_S = 30.0
EARNED_S = 60.0
EARNED_SHARE = 0.01
WINDOW_S = 60
ETA_WINDOW_S = 600
SPAN_S = 10.0
LEAST_SPANS = 3
SILENCE_S = 300.0
"""So long a range may stand while workers move and nothing is recorded: large objects take long."""

SECONDS_S = 10.0
"""Below it an end is said to be within seconds: a figure would be older than it."""

GLANCE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The counters at one moment (monotonic seconds).

    objects, size_bytes: recorded. ended, ended_bytes: in any end state. moved: a sum that grows
    whenever a worker moves something. held: nothing is to be done now.
    """

    at_s: float
    objects: int
    size_bytes: int
    ended: int = 0
    ended_bytes: int = 0
    moved: int = 0
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """What is left of a job.

    share: of all objects ended, 0..1. complete: the plan has ended. bundles: not recorded yet;
    pins_waiting: those of them that wait for nothing but their pins. held: why nothing is to be
    done, or "".
    """

    objects: int
    size_bytes: int
    share: float
    complete: bool
    bundles: int = 0
    pins_waiting: int = 0
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Seconds left as a range, or why not. Exactly one of low_s, unknown, stalled_s, ending is set.

    high_s and age_s come with low_s: the age of the newest record that the range rests on.
    ending: so near the end that a figure says less than words.
    """

    low_s: float | None = None
    high_s: float | None = None
    age_s: float | None = None
    unknown: str | None = None
    stalled_s: float | None = None
    ending: str | None = None


class _Mark(NamedTuple):
    """The ended counters at one moment of active time."""

    active_s: float
    ended: int
    ended_bytes: int


@dataclass(slots=True, kw_only=True)
class Progress:
    """One job's speed: a sample a second for ten minutes, and spans of what was recorded."""

    first: Sample
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=ETA_WINDOW_S + 1))
    _active: deque[float] = field(default_factory=lambda: deque(maxlen=ETA_WINDOW_S + 1))
    _marks: deque[_Mark] = field(default_factory=deque)
    _recorded_s: float = 0.0
    _stirred_s: float = 0.0

    def __post_init__(self) -> None:
        """Start with the job's first sample."""
        self.samples.append(self.first)
        self._active.append(0.0)
        self._marks.append(_Mark(0.0, self.first.ended, self.first.ended_bytes))

    @property
    def active_s(self) -> float:
        """How long there was something to do since the job began."""
        return self._active[-1]

    def add(self, sample: Sample) -> None:
        """Take the counters as they are now."""
        last = self.samples[-1]
        held = sample.held and last.held
        now_s = self.active_s + (0.0 if held else max(0.0, sample.at_s - last.at_s))
        self.samples.append(sample)
        self._active.append(now_s)
        if (sample.ended, sample.ended_bytes) != (last.ended, last.ended_bytes):
            self._recorded_s = self._stirred_s = now_s
            if now_s - self._marks[-1].active_s >= SPAN_S:
                self._marks.append(_Mark(now_s, sample.ended, sample.ended_bytes))
                self._forget(now_s)
        if sample.moved != last.moved:
            self._stirred_s = now_s

    def rates(self) -> tuple[float, float] | None:
        """Return objects/s and bytes/s of the last minute; None before there are two samples."""
        if len(self.samples) < 2:  # noqa: PLR2004 - a rate needs two points
            return None
        at = max(0, len(self.samples) - 1 - WINDOW_S)
        return _rates(self.samples[at], self.samples[-1], self.active_s - self._active[at])

    def mean(self) -> tuple[float, float] | None:
        """Return objects/s and bytes/s of the active time since the job began."""
        if self.active_s < 1:
            return None
        return _rates(self.first, self.samples[-1], self.active_s)

    def history(self) -> list[int]:
        """Return objects/s for each of the last 60 seconds, oldest first."""
        tail = list(self.samples)[-(WINDOW_S + 1) :]
        return [
            round((b.objects - a.objects) / max(b.at_s - a.at_s, 1e-3))
            for a, b in itertools.pairwise(tail)
        ]

    def still_s(self) -> float:
        """Return how long neither the ledger's counters nor any worker have moved."""
        return self.active_s - self._stirred_s

    def left(self, rest: Remaining) -> Left:
        """Say when it ends: a range, or in words why there is none."""
        if not rest.held and self.still_s() >= STALL_S:
            return Left(stalled_s=self.still_s())
        unknown = rest.held
        if not unknown and not rest.complete:
            unknown = "the plan is still walking, the total is not known"
        ending = "" if unknown else self._ending(rest)
        if ending:
            return Left(ending=ending)
        unknown = unknown or self._unearned(rest)
        found = None if unknown else seconds_left(self._spans(), rest.objects, rest.size_bytes)
        if found is None:
            return Left(unknown=unknown or "nothing was recorded yet")
        return Left(low_s=found[0], high_s=found[1], age_s=self._age_s())

    def _age_s(self) -> float:
        return self.active_s - self._recorded_s

    def _ending(self, rest: Remaining) -> str:
        """Name the end that is near, "" if it is not."""
        if not rest.objects:
            return "everything is copied, the target is looked at once more"
        if rest.pins_waiting and rest.pins_waiting >= rest.bundles:
            return f"last pins: {rest.pins_waiting} of {rest.bundles} bundles wait for nothing else"
        gone = self.samples[-1].ended - self.first.ended
        if self.active_s < GLANCE_S or not gone or self._age_s() > SECONDS_S:
            return ""
        gone_bytes = self.samples[-1].ended_bytes - self.first.ended_bytes
        # by what it did on the whole; the slower of objects and bytes
        parts = max(rest.objects / gone, rest.size_bytes / gone_bytes if gone_bytes else 0.0)
        return "ends within seconds" if parts * self.active_s < SECONDS_S else ""

    def _unearned(self, rest: Remaining) -> str:
        """Say what is missing to a figure, "" if nothing is."""
        if rest.share < EARNED_SHARE:
            return f"{int(rest.share * 1000) / 10:.1f} % done"  # cut: 1.0 % would be a figure
        if self.active_s < EARNED_S:
            return f"measured for {int(self.active_s)} of {EARNED_S:.0f} s"
        longest_s = max((span.took_s for span in self._recorded()), default=0.0)
        if self._age_s() > max(SILENCE_S, LEAST_SPANS * longest_s):
            return f"nothing was recorded for {int(self._age_s()) // 60} min, though workers move"
        return ""

    def _spans(self) -> list[Span]:
        """Return what was recorded; the last span bears the silence since."""
        spans = self._recorded()
        if spans and self._age_s() >= SPAN_S:
            spans[-1] = spans[-1]._replace(took_s=spans[-1].took_s + self._age_s())
        return spans

    def _recorded(self) -> list[Span]:
        """Return what was recorded between marks."""
        return [
            Span(
                then.active_s - before.active_s,
                then.ended - before.ended,
                then.ended_bytes - before.ended_bytes,
                self.active_s - then.active_s,
            )
            for before, then in itertools.pairwise(self._marks)
        ]

    def _forget(self, now_s: float) -> None:
        """Let go of marks that are older than the window, but for a few spans."""
        while len(self._marks) > LEAST_SPANS + 1 and self._marks[1].active_s < now_s - ETA_WINDOW_S:
            self._marks.popleft()


def _rates(then: Sample, now: Sample, span_s: float) -> tuple[float, float] | None:
    if span_s <= 0:
        return None
    return (now.objects - then.objects) / span_s, (now.size_bytes - then.size_bytes) / span_s
