"""Log: the engine's durable events, newest first; numbered, nothing missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.display import clock_s
from tui.linked import LinkState
from tui.views.line import EMPTY, Line, Piece, Role, Size, column, text

if TYPE_CHECKING:
    from core.control.wire.state import Event, Snapshot
    from tui.ui import Scene, Ui

_ROLES = {"warn": Role.WARN, "error": Role.BAD}


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows."""
    if scene.snapshot is None:
        return []
    events = scene.events or _last_known(scene.snapshot)
    down = scene.snapshot.engine.state == "down"
    head = text(f"   {'seq':>9}  {'time':<8}   {'job':>4}   {'who':<10} event", Role.DIM)
    if not events:
        return [head, EMPTY, _no_events(ui, down=down)]
    if ui.link.state is LinkState.GONE:
        head = text(_last_words(len(events), down=down), Role.WARN)
    room = size.height - 1
    cursor = min(ui.cursor, len(events) - 1)
    begins = max(0, min(cursor - room // 2, len(events) - room))
    rows = [
        _row(events[index], is_cursor=index == cursor)
        for index in range(begins, min(len(events), begins + room))
    ]
    return [head, *rows]


def _last_known(now: Snapshot) -> tuple[Event, ...]:
    """Return the events that came with the facts: all that there is while no engine answers."""
    return tuple(sorted(now.events, key=lambda event: -event.seq))


def _no_events(ui: Ui, *, down: bool) -> Line:
    if ui.link.state is LinkState.LIVE:
        return text(" nothing has happened yet")
    if down:
        return text(" no engine runs, and the ledger holds no event yet; B starts it", Role.WARN)
    return text(" no engine answers, so nothing can be read", Role.WARN)


def _last_words(count: int, *, down: bool) -> str:
    """Return what the list is while nobody adds to it."""
    whose = "of the ledger" if down else "that were read"
    return f" the engine is down: the last {display.count(count)} events {whose}"


def _row(event: Event, *, is_cursor: bool) -> Line:
    job = "-" if event.job is None else str(event.job)
    return (
        Piece(" > " if is_cursor else "   ", Role.KEY),
        Piece(f"{display.count(event.seq):>9}  {clock_s(event.ts_ns)}   {job:>4}   ", Role.DIM),
        Piece(column(event.who, 10) + " "),
        Piece(event.text, _ROLES.get(event.level, Role.TEXT)),
    )
