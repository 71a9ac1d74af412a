"""Errors: the objects that did not come over, why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.facts import clock_s
from tui.views.line import EMPTY, Line, Piece, Role, Size, column, text

if TYPE_CHECKING:
    from core.control.wire import Failure
    from tui.ui import Scene, Ui

_DETAIL_ROWS = 5
_CLASS_CELLS = 20


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: a head, the list around the cursor, the one under it at length."""
    now = scene.snapshot
    if now is None:
        return []
    failed = f"{display.count(now.totals.failed)} of {display.count(now.totals.objects)}"
    shown = len(scene.failures)
    more = " and more" if scene.failures_more else ""
    lines: list[Line] = [
        (
            Piece(f" failed {failed}", Role.BAD if now.totals.failed else Role.OK),
            Piece(f"   skipped {display.count(now.totals.skipped)}"),
            Piece(f"   listed {display.count(shown)}{more}", Role.DIM),
        ),
    ]
    if not shown:
        return [*lines, EMPTY, text(" no object failed or was skipped")]
    lines.append(text(f"   {'#':>5}  {'tries':>5}   {'class':<{_CLASS_CELLS}} key", Role.DIM))
    room = max(1, size.height - len(lines) - _DETAIL_ROWS)
    cursor = min(ui.cursor, shown - 1)
    begins = max(0, min(cursor - room // 2, shown - room))
    lines += [
        _row(scene.failures[index], index, size.width, is_cursor=index == cursor)
        for index in range(begins, min(shown, begins + room))
    ]
    return [*lines, *_detail(scene.failures[cursor])]


def _name(failure: Failure) -> str:
    version = f" @{failure.version}" if failure.version else ""
    return f"{failure.bucket}/{failure.key}{version}"


def _row(failure: Failure, index: int, width: int, *, is_cursor: bool) -> Line:
    failed = failure.disposition == "failed"
    head = f"{index + 1:>5}  {failure.tries:>5}   "
    return (
        Piece(" > " if is_cursor else "   ", Role.KEY),
        Piece(head),
        Piece(column(failure.code, _CLASS_CELLS) + " ", Role.BAD if failed else Role.WARN),
        Piece(column(_name(failure), max(1, width - 38)).rstrip()),
    )


def _detail(failure: Failure) -> list[Line]:
    return [
        EMPTY,
        (Piece(" what   ", Role.DIM), Piece(failure.text)),
        (Piece(" where  ", Role.DIM), Piece(_name(failure))),
        (Piece(" do     ", Role.DIM), Piece(failure.remedy)),
        (
            Piece(" state  ", Role.DIM),
            Piece(f"{failure.disposition} in {failure.phase}, last {clock_s(failure.last_ns)} UTC"),
        ),
    ]
