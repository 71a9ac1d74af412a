"""How the engine answers, and where a replay stands. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LinkState(StrEnum):
    """What the engine does on its socket."""

    CONNECTING = "connecting"
    LIVE = "ok"
    SILENT = "silent"  # connected, but no answer in time
    GONE = "gone"  # nobody listens
    FOREIGN = "other version"  # answers, but speaks another API
    REPLAY = "replay"  # no engine: a recording of one


ACT_LIMIT_S = 10.0
"""Facts older than this are no ground to act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Where a replay stands. at_ns: UTC, recorded. share: of length_s, 0..1."""

    at_ns: int
    speed: float
    share: float
    length_s: float
    paused: bool
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How the engine answers.

    age_s: of the facts shown, None while there are none. quiet_s: since it stopped answering.
    played: of a replay.
    """

    state: LinkState = LinkState.CONNECTING
    age_s: float | None = None
    quiet_s: float = 0.0
    detail: str = ""
    played: Played | None = None

    @property
    def why_no_acts(self) -> str:
        """Why nothing may be changed now; empty if it may."""
        match self.state:
            case LinkState.LIVE:
                return ""
            case LinkState.CONNECTING:
                return "not connected yet"
            case LinkState.GONE:
                return "the engine is not running; B starts it"
            case LinkState.FOREIGN:
                return f"read-only: {self.detail}"
            case LinkState.REPLAY:
                return "this is a replay: nothing can be changed"
            case LinkState.SILENT:
                return f"engine silent {self.quiet_s:.0f} s" if self.quiet_s > ACT_LIMIT_S else ""
