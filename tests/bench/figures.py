"""What rows measured, and what it comes to: medians, ratios, verdicts. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One run of one row.

    cpu_s: seconds by group of processes. foreign: share of all cores that others took.
    problem: what the row did not do; such a take has no rate.
    """

    objects: int = 0
    size_bytes: int = 0
    seconds: float = 0.0
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    foreign: float = 0.0
    problem: str = ""


class Unit(StrEnum):
    """What a rate counts."""

    OBJECTS = "objects/s"
    ENTRIES = "entries/s"
    MEGABYTES = "MB/s"

    def rate(self, take: Take) -> float:
        """Return a take's rate in this unit; a megabyte is 10^6 bytes."""
        amount = take.size_bytes / 1e6 if self is Unit.MEGABYTES else take.objects
        return amount / take.seconds

    def show(self, rate: float) -> str:
        """Return the digits that mean something."""
        return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


class Spread(NamedTuple):
    """The middle of several values, and their ends."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """values: at least one."""
        return cls(median(values), min(values), max(values))


class Verdict(StrEnum):
    """How a figure stands to its goal."""

    OK = "ok"
    BELOW = "below"
    NONE = ""


class Goal(NamedTuple):
    """A least value, and one that would be better still; most: the figure is to stay under it."""

    least: float
    stretch: float | None = None
    most: bool = False

    def verdict(self, figure: float) -> Verdict:
        """Compare; the goal itself is met."""
        met = figure <= self.least if self.most else figure >= self.least
        return Verdict.OK if met else Verdict.BELOW

    def show(self, text: str = "{:g}") -> str:
        """Return the goal, and in brackets the stretch."""
        sign = "<= " if self.most else ""
        told = sign + text.format(self.least)
        return told if self.stretch is None else f"{told} ({text.format(self.stretch)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All takes of one row."""

    name: str
    takes: tuple[Take, ...]

    @property
    def problem(self) -> str:
        """Why there is no figure: the first take that did not do its work, or ""."""
        if not self.takes:
            return "did not run"
        return next((take.problem for take in self.takes if take.problem), "")

    def rate(self, unit: Unit) -> Spread | None:
        """Return the rate; None for a row that did not do its work in every take."""
        if self.problem:
            return None
        return Spread.of([unit.rate(take) for take in self.takes])

    def cpu_us(self) -> dict[str, float]:
        """Return CPU microseconds an object by group, medians; empty without a rate."""
        if self.problem:
            return {}
        groups = dict.fromkeys(name for take in self.takes for name in take.cpu_s)
        return {
            name: median(take.cpu_s.get(name, 0.0) / take.objects * 1e6 for take in self.takes)
            for name in groups
        }

    def foreign(self) -> float | None:
        """Return the share of all cores that others took; None without a rate."""
        return None if self.problem else median(take.foreign for take in self.takes)


def ratio(ours: Result, other: Result, unit: Unit) -> float | None:
    """Return ours against the other, medians; None where one of them did not do its work."""
    mine, theirs = ours.rate(unit), other.rate(unit)
    if mine is None or theirs is None:
        return None
    return mine.middle / theirs.middle
