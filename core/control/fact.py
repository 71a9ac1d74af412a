"""A labelled fact, as screens and plain lines show it, and how it may stand. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a fact stands: always shown as glyph and word, never by colour alone."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a verdict, no password
    DONE = "done"
    WARN = "warn"
    STALLED = "stalled"
    FAIL = "fail"
    UNKNOWN = "unknown"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    SKIPPED = "skipped"
    STALE = "stale"

    @property
    def glyph(self) -> str:
        """One ASCII character: the same in every glyph set and every terminal."""
        return _GLYPHS[self]


_GLYPHS = {
    State.NONE: "-",
    State.PASS: "=",
    State.DONE: "=",
    State.WARN: "!",
    State.STALLED: "!",
    State.FAIL: "x",
    State.UNKNOWN: "?",
    State.RUNNING: ">",
    State.WAITING: '"',
    State.PAUSED: "|",
    State.SKIPPED: "-",
    State.STALE: "~",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing known: what it is called, what it is, how it stands, why, and how old it is.

    parts are the columns of its row, already safe to show; value joins them. age_s is None for what
    does not age.
    """

    label: str
    parts: tuple[str, ...]
    state: State = State.NONE
    reason: str = ""
    age_s: float | None = None

    @property
    def value(self) -> str:
        """The parts on one line."""
        return "  ".join(part for part in self.parts if part)
