"""Rollback: the way back to blue as it is this second, what it costs, and what it cannot carry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from tui.ui import LinkState
from tui.views import gate_rows, risk
from tui.views.cutover import limit_words, step_words
from tui.views.line import EMPTY, Line, Piece, Role, Size, packed, text, wrapped
from tui.views.words import stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.rollback import Rollback
    from tui.ui import Scene, Ui

_LABEL = 16
_NAMES = 5
_GREEN = {
    "alive": (State.PASS, "answers"),
    "gateway-dead": (State.WARN, "its gateways are dead; blocks and table answer"),
    "dead": (State.FAIL, "dead: load balancers alone are switched"),
}


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: keys that would be lost stand first."""
    now = scene.rollback
    if now is None:
        return _none(scene, ui)
    if not now.hash and not now.state:
        why = now.off or "green is not live"
        said = (
            " nothing to go back from; the plan comes with the flip, and is made anew each second"
        )
        lines = [text(f" {line}", Role.WARN) for line in why.splitlines()]
        return [EMPTY, *lines, text(said, Role.DIM)]
    lines = [
        _head(now),
        *_lost(now, size.width, opened=ui.opened),
        *_cost(now),
        *_named("cannot carry", _uncarriable(now, opened=ui.opened), size.width),
        *_named("steps", packed(map(step_words, now.steps), "  ", size.width - _LABEL), size.width),
        *_named("limits", [_limits(now)], size.width),
        *_named("note", now.notes, size.width, Role.WARN),
        *_named("R is off", now.off.splitlines(), size.width, Role.WARN),
        EMPTY,
    ]
    room = size.height - len(lines)
    if now.gates and room > 1:
        lines += gate_rows.rows(now.gates, ui, Size(size.width, room))
    return lines


def _none(scene: Scene, ui: Ui) -> list[Line]:
    if scene.snapshot is None:
        return []
    match ui.link.state:
        case LinkState.REPLAY:
            return [EMPTY, text(" a recording holds no way back: vgwm rollback plan", Role.WARN)]
        case LinkState.GONE:
            return [EMPTY, text(" no engine answers: B starts it; vgwm rollback plan", Role.WARN)]
        case _:
            return [EMPTY, text(" ...", Role.DIM)]


def _head(now: Rollback) -> Line:
    about = "time unknown" if now.about_s is None else f"about {display.duration(now.about_s)}"
    pause = "" if now.pause_s is None else f", writes pause {display.duration(now.pause_s)}"
    plan = f"plan {now.hash}" if now.hash else "no plan"
    line: Line = (
        Piece(f" back to blue, slice {now.slice}", Role.TITLE),
        Piece(f"   {now.way}   {plan}   {about}{pause}"),
    )
    if now.state and now.state != "GREEN_LIVE":
        line = (*line, Piece("   "), stands(State.RUNNING, f"{now.number} {now.state}"))
    return line


def _lost(now: Rollback, width: int, *, opened: bool) -> list[Line]:
    """Return what would be lost with green dead, by name: nothing else matters more."""
    green = (Piece(f" {'green':<{_LABEL - 1}}", Role.DIM), _green(now.green))
    if not now.lost_total:
        return [green]
    shown = now.lost if opened else now.lost[:_NAMES]
    rows = [f"{display.counted(now.lost_total, 'key')} stay on green only:", *shown]
    return [*_named("lost", rows, width, Role.BAD), green]


def _green(word: str) -> Piece:
    state, said = _GREEN.get(word, (State.UNKNOWN, "unknown"))
    return stands(state, said)


def _cost(now: Rollback) -> list[Line]:
    label = Piece(f" {'at risk now':<{_LABEL - 1}}", Role.DIM)
    if now.risk is None:
        return [(label, stands(State.UNKNOWN, "unknown"))]
    return [(label, risk.words(now.risk))]


def _uncarriable(now: Rollback, *, opened: bool) -> list[str]:
    if not now.uncarriable_total:
        return []
    shown = now.uncarriable if opened else now.uncarriable[:1]
    rest = "" if opened or now.uncarriable_total < 2 else "   (Enter lists them)"  # noqa: PLR2004 - more than shown
    keys = display.counted(now.uncarriable_total, "key")
    return [f"{keys}:{rest}", *shown]


def _limits(now: Rollback) -> str:
    limits = ", ".join(map(limit_words, now.limits))
    return f"{limits}; beyond them it stops and asks again" if limits else ""


def _named(label: str, rows: Sequence[str], width: int, role: Role = Role.TEXT) -> list[Line]:
    """Return rows with a label before the first; none without a row that says something."""
    parts = [part for row in rows if row for part in wrapped(row, width - _LABEL - 1)]
    return [
        (Piece(" " * _LABEL if n else f" {label:<{_LABEL - 1}}", Role.DIM), Piece(part, role))
        for n, part in enumerate(parts)
    ]
