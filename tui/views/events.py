"""An event of the log as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.display import clock_s
from tui.views.line import Line, Piece, Role

if TYPE_CHECKING:
    from core.control.wire.state import Event

_LEVELS = {"warn": Role.WARN, "error": Role.BAD}
_MARKS = {"warn": "! ", "error": "x "}


def event_line(event: Event) -> Line:
    """Return `14:02:11  bundle 48,206 recorded: 1,000 objects`."""
    return (
        Piece(f" {clock_s(event.ts_ns)}  ", Role.DIM),
        Piece(_MARKS.get(event.level, "") + event.text, _LEVELS.get(event.level, Role.TEXT)),
    )
