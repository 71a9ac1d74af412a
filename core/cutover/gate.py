"""A gate: a condition with its evidence and age. Unknown and stale are not green (I7). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.cutover.states import State
from core.verdict import Verdict

AHEAD_S: Final = 60.0
"""How far ahead the time of a measurement may lie: clocks are set by less all the time."""

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition of READY, of a later state, or of GREEN_LIVE.

    name: such as `verified`, `forecast`, `lb-2`. evidence, remedy: safe to show. at_ns: when it was
    measured, UTC; 0 if never. limit_s: the age from which it counts for nothing. acked: by whom a
    WARN was acknowledged by name, "" if by nobody.
    """

    name: str
    verdict: Verdict
    evidence: str
    at_ns: int
    limit_s: float
    remedy: str = ""
    acked: str = ""

    def age_s(self, now_ns: int) -> float | None:
        """Return its age, None if it was never measured."""
        return (now_ns - self.at_ns) / _NS if self.at_ns else None

    def is_stale(self, now_ns: int) -> bool:
        """Tell whether it counts for nothing: never measured, too old, or by a clock that was set.

        What is of a time to come would else stay young for as long as the clock was ahead.
        """
        age_s = self.age_s(now_ns)
        return age_s is None or not -AHEAD_S <= age_s <= self.limit_s

    def is_open(self, now_ns: int) -> bool:
        """Tell whether it lets a cutover pass."""
        if self.is_stale(now_ns):
            return False
        return self.verdict is Verdict.PASS or (self.verdict is Verdict.WARN and bool(self.acked))

    def why(self, now_ns: int) -> str:
        """Return why it is shut, "" if it is open."""
        age_s = self.age_s(now_ns)
        if self.is_open(now_ns):
            return ""
        if age_s is None:
            return f"gate {self.name} was never measured"
        if age_s > self.limit_s:
            return f"gate {self.name} is {age_s:.0f} s old, at most {self.limit_s:.0f} s count"
        if age_s < -AHEAD_S:
            return f"gate {self.name} is of a time {-age_s:.0f} s ahead: the clock was set"
        if self.verdict is Verdict.WARN:
            return f"gate {self.name} warns and is not acknowledged: {self.evidence}"
        return f"gate {self.name} is {self.verdict}: {self.evidence}"


def unwatched(state: State) -> tuple[Gate, ...]:
    """Return the gates of a green that serves and that nobody watches: unknown (I7)."""
    if state is not State.GREEN_LIVE:
        return ()
    return (
        Gate(
            name="watch",
            verdict=Verdict.UNKNOWN,
            evidence="green was not watched yet",
            at_ns=0,
            limit_s=0.0,
            remedy="An engine watches it, some seconds behind its start: vgwm engine start.",
        ),
    )
