"""When copying is allowed, and how fast: the windows of a rolling migration. Pure, in UTC.

`always`, or windows in a row: `22:00-06:00`, `mon-fri 19:00-07:00, sat-sun 00:00-24:00`, each with
a rate if wanted: `08:00-18:00=20MiB/s`. Where windows overlap, the one named first says the rate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from core.config.units import parse_rate, rate_text
from core.display import safe
from core.errors import BadInput
from core.model import KIB, NS_PER_S

ALWAYS: Final = "always"
ACCEPTED: Final = f"{ALWAYS}, or windows in UTC such as 22:00-06:00, sat 00:00-24:00=20MiB/s"
LEAST_RATE: Final = 64 * KIB
MOST_WINDOWS: Final = 50

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MIN: Final = 1440
_WEEK_MIN: Final = 7 * _DAY_MIN
_MIN_NS: Final = 60 * NS_PER_S
_EPOCH_DAY: Final = 3  # 1970-01-01 was a Thursday
_DAY: Final = "|".join(DAYS)
_WINDOW: Final = re.compile(
    rf"(?:({_DAY})(?:-({_DAY}))? +)?"
    r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)"
    r"(?: *UTC)?(?: *= *([^,=]+))?"
)


class Window(NamedTuple):
    """One window. It belongs to the day on which it begins, and may end on the next.

    first_day: 0 Monday. days: 1..7 in a row from it. begin_min, end_min: minutes of the day; an
    end at or before the beginning is the next day's. bytes_s: None for no limit of its own.
    """

    first_day: int
    days: int
    begin_min: int
    end_min: int
    bytes_s: int | None = None

    @property
    def length_min(self) -> int:
        """How long it is open."""
        return (self.end_min - self.begin_min) % _DAY_MIN or _DAY_MIN

    def covers(self, minute: int) -> bool:
        """Tell whether it is open in this minute of the week."""
        for day in range(self.first_day, self.first_day + self.days):
            if (minute - day * _DAY_MIN - self.begin_min) % _WEEK_MIN < self.length_min:
                return True
        return False

    def edges(self) -> set[int]:
        """Return the minutes of the week in which it opens or closes."""
        begins = {
            (day % 7) * _DAY_MIN + self.begin_min
            for day in range(self.first_day, self.first_day + self.days)
        }
        return begins | {(begin + self.length_min) % _WEEK_MIN for begin in begins}

    def text(self) -> str:
        """Return it as it is written."""
        last = DAYS[(self.first_day + self.days - 1) % 7]
        days = DAYS[self.first_day] + (f"-{last}" if self.days > 1 else "")
        rate = "" if self.bytes_s is None else f"={rate_text(self.bytes_s)}"
        every = self.days == len(DAYS)
        return f"{'' if every else days + ' '}{_clock(self.begin_min)}-{_clock(self.end_min)}{rate}"


class Hours(NamedTuple):
    """What holds at a moment. until_ns: UTC time of the next change, None if there is none."""

    is_open: bool
    bytes_s: int | None
    until_ns: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """All windows; none at all means always."""

    windows: tuple[Window, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Return the schedule of a text; BadInput names the accepted forms."""
        stripped = text.strip()
        if stripped == ALWAYS:
            return cls()
        parts = stripped.split(",")
        if len(parts) > MOST_WINDOWS:
            raise _refuse(f"{len(parts)} windows")
        return cls(tuple(_window(part.strip()) for part in parts))

    def text(self) -> str:
        """Return the text that parse reads back."""
        return ", ".join(window.text() for window in self.windows) or ALWAYS

    def at(self, now_ns: int) -> Hours:
        """Return what holds now, and until when. now_ns: UTC."""
        if not self.windows:
            return Hours(is_open=True, bytes_s=None, until_ns=None)
        minute = now_ns // _MIN_NS
        in_week = (minute + _EPOCH_DAY * _DAY_MIN) % _WEEK_MIN
        now = self._in(in_week)
        ahead = sorted((edge - in_week) % _WEEK_MIN or _WEEK_MIN for edge in self._edges())
        change = next((a for a in ahead if self._in((in_week + a) % _WEEK_MIN) != now), None)
        until_ns = None if change is None else (minute + change) * _MIN_NS
        return Hours(is_open=now[0], bytes_s=now[1], until_ns=until_ns)

    def _edges(self) -> set[int]:
        return set().union(*(window.edges() for window in self.windows))

    def _in(self, minute: int) -> tuple[bool, int | None]:
        for window in self.windows:
            if window.covers(minute):
                return True, window.bytes_s
        return False, None


ALL_TIMES: Final = Schedule()


def _window(text: str) -> Window:
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise _refuse(text)
    first, last, begin_h, begin_m, end_h, end_m, rate = match.groups()
    begin_min = int(begin_h) * 60 + int(begin_m)
    end_min = _DAY_MIN if end_h is None else int(end_h) * 60 + int(end_m)
    if begin_min == end_min:
        raise _refuse(text)  # nothing, or the whole day? 00:00-24:00 says it
    first_day = DAYS.index(first) if first else 0
    last_day = DAYS.index(last or first) if first else len(DAYS) - 1
    return Window(
        first_day=first_day,
        days=(last_day - first_day) % 7 + 1,
        begin_min=begin_min,
        end_min=end_min,
        bytes_s=None if rate is None else _rate(rate),
    )


def _rate(text: str) -> int:
    bytes_s = parse_rate(text)
    if not LEAST_RATE <= bytes_s < 1 << 62:
        raise _refuse(text)
    return bytes_s


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _refuse(text: str) -> BadInput:
    return BadInput(
        what=f"{safe(text)!r} is no window", where="value", remedy=f"Accepted: {ACCEPTED}."
    )
