"""Errors: the objects that did not come over, why, and what to do about it.

The list may be a million rows long; only those of `Scene.window` are here, others show as `...`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from core import display
from core.display import clock_s
from tui.facts.listing import Tab
from tui.linked import LinkState
from tui.views.failing import detail, header, row
from tui.views.line import (
    EMPTY,
    WIDE,
    Line,
    Piece,
    Role,
    Size,
    beside,
    text,
    width_of,
)
from tui.views.listed import listed

if TYPE_CHECKING:
    from core.control.wire.state import Snapshot
    from tui.facts.listing import FailureWindow
    from tui.ui import Scene, Ui

_HEAD_ROWS = 3
_DETAIL_ROWS = 6
_LEAST_PANE = 46


def room(size: Size) -> int:
    """Return how many rows of the list a body of this size shows."""
    below = 0 if size.width >= WIDE else _DETAIL_ROWS
    return max(1, size.height - _HEAD_ROWS - below)


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: a head, the list around the cursor, the row under it at length."""
    now = scene.snapshot
    if now is None:
        return []
    window = scene.window if scene.window and scene.window.listing == ui.listing else None
    head = [_counts(now, window, ui, size.width), _tabs(ui)]
    if window is None:
        return [*head, EMPTY, _not_here(ui)]
    if not window.total:
        return [*head, EMPTY, text(f" {_none(ui, now)}")]
    return [*head, *_body(window, ui, size)]


def _not_here(ui: Ui) -> Line:
    """Say why there is no list: it is being read, or nobody is there to be asked."""
    if ui.link.state is LinkState.GONE:
        return text(
            " no engine answers: `:errors` reads the ledger, B starts the engine", Role.WARN
        )
    if ui.link.state is LinkState.REPLAY:
        return text(" a recording counts objects, and holds no list: vgwm errors", Role.WARN)
    return text(" ...", Role.DIM)


def _body(window: FailureWindow, ui: Ui, size: Size) -> list[Line]:
    """Return the list, and below or beside it the row under the cursor at length."""
    wide = size.width >= WIDE
    chosen = window.row(ui.cursor)
    if ui.opened and not wide:
        return [EMPTY, *([] if chosen is None else detail(chosen, size.width, ui))]
    pane = max(_LEAST_PANE, size.width // 3)
    width = size.width - pane if wide else size.width
    lines = [header(ui.listing.tab), *listed(window, ui, Size(width, room(size)), row)]
    if chosen is None:
        return lines
    if wide:
        beside_it = [EMPTY, *detail(chosen, pane - 1, ui)]
        return beside(lines, beside_it, width + 1, size.height - _HEAD_ROWS + 1)
    return [*lines, EMPTY, *detail(chosen, size.width, ui, rows=_DETAIL_ROWS - 1)]


def _counts(now: Snapshot, window: FailureWindow | None, ui: Ui, width: int) -> Line:
    t = now.totals
    failed = f" failed {display.count(t.failed)} of {display.count(t.objects)}"
    line: Line = (
        Piece(failed, Role.BAD if t.failed else Role.OK),
        Piece(f"   skipped {display.count(t.skipped)}"),
    )
    if window is None or not window.total:
        return line
    more = "" if window.exact else "+"
    at = f"{display.count(ui.cursor + 1)} of {display.count(window.total)}{more}"
    line = (*line, Piece(f"   row {at}", Role.DIM))
    as_of = Piece(f"   as of {clock_s(window.as_of_ns)}", Role.DIM)
    return (*line, as_of) if width_of(line) + cell_len(as_of.text) <= width else line


def _tabs(ui: Ui) -> Line:
    pieces = [Piece(" ")]
    for tab in Tab:
        chosen = tab is ui.listing.tab
        pieces.append(Piece(f"[{tab}]" if chosen else f" {tab} ", Role.KEY if chosen else Role.DIM))
    line: Line = tuple(pieces)
    chosen_by = ui.listing.filter.typed
    if ui.listing.bundle is not None:
        chosen_by = f"bundle {display.count(ui.listing.bundle)} {chosen_by}".rstrip()
    if chosen_by:
        return (*line, Piece("   only ", Role.DIM), Piece(chosen_by, Role.WARN))
    return (*line, Piece("   all classes; / filters, Tab next list", Role.DIM))


def _none(ui: Ui, now: Snapshot) -> str:
    """Say what an empty list means."""
    if ui.listing.filter.typed or ui.listing.bundle is not None:
        return f"no object is {_tab_word(ui)} and matches; Esc lets go of the filter"
    if ui.listing.tab is Tab.FAILED and now.totals.skipped:
        return f"no object failed; {display.count(now.totals.skipped)} were skipped: Tab lists them"
    return "no object failed or was skipped"


def _tab_word(ui: Ui) -> str:
    return "failed" if ui.listing.tab is Tab.FAILED else "listed"
