"""The kinds of values that knobs have: how each is read, bounded and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar

from core.config.schedule import ACCEPTED, Schedule
from core.config.units import (
    duration_text,
    parse_duration,
    parse_rate,
    parse_size,
    rate_text,
    size_text,
)
from core.display import safe
from core.errors import BadInput

KnobValue: TypeAlias = int | float | str | Schedule | None
"""A count, bytes, bytes per second; seconds; a word; windows; None for off."""

OFF: Final = "off"


class Kind(Protocol):
    """How a value is written."""

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""

    def parse(self, text: str) -> KnobValue:
        """Return the value of a text; BadInput if it has no such form or is out of bounds."""

    def show(self, value: KnobValue) -> str:
        """Return the text of a value; parse reads it back."""


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from low to high."""

    low: int
    high: int

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        return f"{self.low}..{self.high}"

    def parse(self, text: str) -> int:
        """Return the number; BadInput if it is none, or out of bounds."""
        stripped = text.strip()
        # isdigit alone takes digits of any script, and int() what is not shown back
        if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > len(str(self.high)):
            raise _refuse(text, self.bounds)
        return _within(int(stripped), self.low, self.high, text, self.bounds)

    def show(self, value: KnobValue) -> str:
        """Return its decimals."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes from low to high; `step`: a whole multiple of it."""

    low: int
    high: int
    step: int = 1

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        steps = "" if self.step == 1 else f", in whole {size_text(self.step)}"
        return f"{size_text(self.low)}..{size_text(self.high)}{steps}"

    def parse(self, text: str) -> int:
        """Return the bytes; BadInput if it has no unit, or is out of bounds."""
        size = _within(parse_size(text), self.low, self.high, text, self.bounds)
        if size % self.step:
            raise _refuse(text, self.bounds)
        return size

    def show(self, value: KnobValue) -> str:
        """Return it with its unit."""
        return size_text(value) if isinstance(value, int) else OFF


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds from low to high."""

    low: float
    high: float

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        return f"{duration_text(self.low)}..{duration_text(self.high)}"

    def parse(self, text: str) -> float:
        """Return the seconds; BadInput if it has no unit, or is out of bounds."""
        return _within(parse_duration(text), self.low, self.high, text, self.bounds)

    def show(self, value: KnobValue) -> str:
        """Return it with its unit."""
        return duration_text(value) if isinstance(value, int | float) else OFF


@dataclass(frozen=True, slots=True)
class Limit:
    """Bytes per second from low up, or off (None)."""

    low: int

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        return f"{OFF}, or >= {rate_text(self.low)}"

    def parse(self, text: str) -> int | None:
        """Return the bytes per second, None for off; BadInput otherwise."""
        if text.strip() == OFF:
            return None
        return _within(parse_rate(text), self.low, 1 << 62, text, self.bounds)

    def show(self, value: KnobValue) -> str:
        """Return it with its unit, or off."""
        return rate_text(value) if isinstance(value, int) else OFF


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds from low to high, or off (None)."""

    low: float
    high: float

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        return f"{OFF}, or {duration_text(self.low)}..{duration_text(self.high)}"

    def parse(self, text: str) -> float | None:
        """Return the seconds, None for off; BadInput otherwise."""
        if text.strip() == OFF:
            return None
        return _within(parse_duration(text), self.low, self.high, text, self.bounds)

    def show(self, value: KnobValue) -> str:
        """Return it with its unit, or off."""
        return duration_text(value) if isinstance(value, int | float) else OFF


@dataclass(frozen=True, slots=True)
class Times:
    """Windows in which work is allowed."""

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        return ACCEPTED

    def parse(self, text: str) -> Schedule:
        """Return the windows; BadInput if one has no such form."""
        return Schedule.parse(text)

    def show(self, value: KnobValue) -> str:
        """Return the windows' text."""
        return value.text() if isinstance(value, Schedule) else OFF


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def bounds(self) -> str:
        """What is accepted, for people."""
        return ", ".join(self.words)

    def parse(self, text: str) -> str:
        """Return the word; BadInput if it is none of them."""
        if text.strip() not in self.words:
            raise _refuse(text, self.bounds)
        return text.strip()

    def show(self, value: KnobValue) -> str:
        """Return the word."""
        return str(value)


def _refuse(text: str, bounds: str) -> BadInput:
    return BadInput(
        what=f"{safe(text)!r} is not accepted", where="value", remedy=f"Accepted: {bounds}."
    )


_Number = TypeVar("_Number", int, float)


def _within(value: _Number, low: _Number, high: _Number, text: str, bounds: str) -> _Number:
    if not low <= value <= high:
        raise _refuse(text, bounds)
    return value
