"""What is at risk, by name: keys that green changed and blue is not known to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.model import NS_PER_S
from tui.facts.at_risk import RiskList, Which
from tui.views.line import EMPTY, Line, Piece, Role, column, text, wrapped
from tui.views.line import Size as _Size
from tui.views.listed import listed

if TYPE_CHECKING:
    from core.control.wire.rollback import RiskName
    from tui.facts.at_risk import RiskWindow
    from tui.ui import Scene, Ui
    from tui.views.line import Size

_HEAD_ROWS = 3
_DETAIL_ROWS = 3
_FIGURES = 29
_TITLES = {Which.AT_RISK: "at risk", Which.CANNOT_CARRY: "cannot carry"}
_SAYS = {
    Which.AT_RISK: "on green, not known to be on blue; what is carried leaves the list",
    Which.CANNOT_CARRY: "blue cannot hold these: they stay on green",
}
_NOTHING = {
    Which.AT_RISK: "nothing is at risk: all of green's is on blue",
    Which.CANNOT_CARRY: "blue can hold all that green took",
}


def room(size: Size) -> int:
    """Return how many rows of the list a body of this size shows."""
    return max(1, size.height - _HEAD_ROWS - _DETAIL_ROWS)


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: which list, its rows, and why the one under the cursor waits."""
    which = ui.names or Which.AT_RISK
    window = _window(scene, ui, which)
    slice_ = ui.slice or "all"
    total = "" if window is None else f"   {display.counted(window.total, 'key')}"
    head: list[Line] = [
        (
            Piece(f" {_TITLES[which]}, slice {slice_}", Role.TITLE),
            Piece(total),
            Piece("   Esc: the plan", Role.DIM),
        ),
        text(f" {_SAYS[which]}", Role.DIM),
    ]
    if window is None:
        return [*head, EMPTY, text(" ...", Role.DIM)]
    if not window.total:
        return [*head, EMPTY, text(f" {_NOTHING[which]}", Role.DIM)]
    head.append(text(f"   {'#':>9}  {'did':<4}{'size':>9}{'heard':>7}  object", Role.DIM))

    def row(one: RiskName, index: int, width: int) -> Line:
        return _row(one, index, width, scene.now_ns)

    rows = listed(window, ui, _Size(size.width, room(size)), row)
    blank = [EMPTY] * (room(size) - len(rows))
    return [*head, *rows, *blank, *_detail(window.row(ui.cursor), size.width)]


def _window(scene: Scene, ui: Ui, which: Which) -> RiskWindow | None:
    window = scene.risk_window
    listing = RiskList(which=which, slice=ui.slice)
    return window if window is not None and window.listing == listing else None


def _row(one: RiskName, index: int, width: int, now_ns: int) -> Line:
    size = "-" if one.size_bytes is None else display.size(one.size_bytes)
    heard = display.age(max(0.0, (now_ns - one.seen_ns) / NS_PER_S))
    return (
        Piece(f"{display.count(index + 1):>9}  ", Role.DIM),
        Piece(f"{one.op:<4}{size:>9}{heard:>7}  "),
        Piece(
            column(one.object, max(1, width - _FIGURES - 2)).rstrip(),
            Role.BAD if one.cannot else Role.TEXT,
        ),
    )


def _detail(one: RiskName | None, width: int) -> list[Line]:
    if one is None:
        return []
    tries = f"tried {display.counted(one.tries, 'time')}: " if one.tries else ""
    why = one.why or ("waits for the reverse copy" if not one.cannot else "blue cannot hold it")
    lines = wrapped(f"{one.object}", width - 9)[:1] + wrapped(f"{tries}{why}", width - 9)[:2]
    labels = ("object", "why")
    return [
        (Piece(f" {labels[n] if n < len(labels) else '':<7} ", Role.DIM), Piece(part))
        for n, part in enumerate(lines)
    ]
