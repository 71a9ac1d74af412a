"""A row of the Errors screen and its detail: an object, a class of failure, or a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.wire.failures import FailureBundle, FailureCause
from core.control.wire.state import Failure
from core.display import clock_s
from tui.facts.listing import Tab, name_of
from tui.views.line import EMPTY, Line, Piece, Role, column, text, wrapped

if TYPE_CHECKING:
    from tui.facts.listing import Row
    from tui.ui import Ui

_CLASS_CELLS = 20
_LABEL_CELLS = 8


def header(tab: Tab) -> Line:
    """Return the names of a list's columns."""
    match tab:
        case Tab.CAUSES:
            head = f"{'#':>9}   {'objects':>11}  {'share':>7}   {'last':<8}   {'state':<9} class"
        case Tab.BUNDLES:
            head = f"{'#':>9}   {'bundle':>11}   {'last':<8}   {'objects':>9} first key"
        case _:
            head = f"{'#':>9}  {'tries':>5}   {'class':<{_CLASS_CELLS}} key"
    return text(f"   {head}", Role.DIM)


def row(found: Row, index: int, width: int) -> Line:
    """Return a row of the list in at most `width` cells, without the cursor's mark."""
    number = Piece(f"{display.count(index + 1):>9}", Role.DIM)
    match found:
        case Failure():
            return (
                number,
                Piece(f"  {found.tries:>5}   "),
                Piece(column(found.code, _CLASS_CELLS) + " ", _role(found.disposition)),
                Piece(column(name_of(found), max(1, width - 40)).rstrip()),
            )
        case FailureCause():
            return (
                number,
                Piece(f"   {display.count(found.objects):>11}  {100 * found.share:>5.1f} %"),
                Piece(f"   {clock_s(found.last_ns):<8}   "),
                Piece(f"{found.disposition:<9} "),
                Piece(found.code, _role(found.disposition)),
            )
        case FailureBundle():
            return (
                number,
                Piece(f"   {display.count(found.id):>11}   {clock_s(found.last_ns):<8}   "),
                Piece(f"{display.count(found.failed):>9} ", Role.BAD),
                Piece(column(found.first, max(1, width - 48)).rstrip()),
            )


def detail(found: Row, width: int, ui: Ui, rows: int | None = None) -> list[Line]:
    """Return a row at length: what, where, what to do, when, and what `T` and `S` would take.

    rows: at most so many, each cut at the width but for what to do; else all of it, wrapped.
    """
    room = max(1, width - _LABEL_CELLS)
    lines: list[Line] = []
    for label, value in _said(found):
        whole = rows is None or label == "do"
        said = wrapped(value, room) if whole else [column(value, room).rstrip()]
        lines += [
            (Piece(f" {label if not n else '':<{_LABEL_CELLS - 1}}", Role.DIM), Piece(part))
            for n, part in enumerate(said)
        ]
    if rows is not None:
        return lines[:rows]
    return [
        *lines,
        EMPTY,
        *(text(f" {part}", Role.DIM) for part in wrapped(_taken(found, ui), room)),
    ]


def _taken(found: Row, ui: Ui) -> str:
    """Return what the acts of this screen are about now."""
    match found:
        case Failure() if ui.opened:
            return "T and S take this object alone; Enter: all failed ones of the list"
        case Failure():
            return "T and S take all failed ones of this list; Enter: this one alone"
        case FailureCause():
            return "T and S take all of this class; Enter lists them"
        case FailureBundle():
            return "Enter lists its objects"


def _said(found: Row) -> list[tuple[str, str]]:
    match found:
        case Failure():
            return [
                ("what", found.text),
                ("where", _where(found)),
                ("do", found.remedy),
                ("when", _when(found)),
                ("state", _state(found)),
            ]
        case FailureCause():
            one = f"for one: {name_of(found.example)}" if found.example is not None else ""
            return [
                ("what", f"{display.count(found.objects)} objects {found.disposition}"),
                ("where", f"in {found.phase}; {one}" if one else f"in {found.phase}"),
                ("do", found.remedy),
                ("when", f"first {clock_s(found.first_ns)}  last {clock_s(found.last_ns)} UTC"),
                ("state", f"class {found.code}; Enter lists them, T tries all of them again"),
            ]
        case FailureBundle():
            failed = display.count(found.failed)
            return [
                ("what", f"{failed} of its {display.count(found.objects)} objects failed"),
                ("where", f"bundle {display.count(found.id)}, {found.first} .. {found.last}"),
                ("do", "Enter lists them"),
                ("when", f"last {clock_s(found.last_ns)} UTC"),
                ("state", ", ".join(found.codes)),
            ]


def _where(failure: Failure) -> str:
    bundle = "" if failure.bundle is None else f"  bundle {display.count(failure.bundle)}"
    return f"{name_of(failure)}{bundle}"


def _when(failure: Failure) -> str:
    first = f"first {clock_s(failure.first_ns)}  " if failure.first_ns else ""
    sized = "" if failure.size_bytes is None else f"  {display.size(failure.size_bytes)}"
    return f"{first}last {clock_s(failure.last_ns)} UTC  {_times(failure.tries)}{sized}"


def _state(failure: Failure) -> str:
    by = f" by {failure.who}: {failure.why}" if failure.who else ""
    return f"{failure.disposition} in {failure.phase}, class {failure.code}{by}"


def _times(tries: int) -> str:
    return "tried once" if tries == 1 else f"tried {tries} times"


def _role(disposition: str) -> Role:
    return Role.BAD if disposition == "failed" else Role.WARN
