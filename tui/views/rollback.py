"""Rollback: the way back to blue as it is this second, what it costs, and what it cannot carry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from tui.facts.at_risk import Which
from tui.linked import LinkState
from tui.views import gate_rows, risk, risk_names
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
    if ui.names is not None:
        return risk_names.view(scene, ui, size)
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
        *_lost(now, size.width),
        *_cost(now, chosen=_is_on(Which.AT_RISK, now, ui)),
        *_cannot(now, size.width, chosen=_is_on(Which.CANNOT_CARRY, now, ui)),
        *_named("steps", packed(map(step_words, now.steps), "  ", size.width - _LABEL), size.width),
        *_named("limits", [_limits(now)], size.width),
        *_named("note", now.notes, size.width, Role.WARN),
        *_named("R is off", now.off.splitlines(), size.width, Role.WARN),
        EMPTY,
    ]
    room = size.height - len(lines)
    if now.gates and room > 1:
        of_gates = replace(ui, cursor=ui.cursor - len(lists_of(now)))
        lines += gate_rows.rows(now.gates, of_gates, Size(size.width, room))
    return lines


def lists_of(now: Rollback) -> tuple[Which, ...]:
    """Return the rows that Enter lists by name: the first that the cursor stands on."""
    cannot = (Which.CANNOT_CARRY,) if now.uncarriable_total else ()
    return (Which.AT_RISK, *cannot)


def _is_on(which: Which, now: Rollback, ui: Ui) -> bool:
    lists = lists_of(now)
    return ui.cursor < len(lists) and lists[ui.cursor] is which


def _label(label: str, *, chosen: bool) -> Line:
    mark = Piece(">" if chosen else " ", Role.KEY)
    return (mark, Piece(f"{label:<{_LABEL - 1}}", Role.DIM))


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


def _lost(now: Rollback, width: int) -> list[Line]:
    """Return what would be lost with green dead, by name: nothing else matters more."""
    green = (Piece(f" {'green':<{_LABEL - 1}}", Role.DIM), _green(now.green))
    if not now.lost_total:
        return [green]
    keys = display.counted(now.lost_total, "key")
    rows = [f"{keys} stay on green only:", *now.lost[:_NAMES]]
    return [*_named("lost", rows, width, Role.BAD), green]


def _green(word: str) -> Piece:
    state, said = _GREEN.get(word, (State.UNKNOWN, "unknown"))
    return stands(state, said)


def _cost(now: Rollback, *, chosen: bool) -> list[Line]:
    label = _label("at risk now", chosen=chosen)
    if now.risk is None:
        return [(*label, stands(State.UNKNOWN, "unknown"))]
    return [(*label, risk.words(now.risk))]


def _cannot(now: Rollback, width: int, *, chosen: bool) -> list[Line]:
    if not now.uncarriable_total:
        return []
    keys = display.counted(now.uncarriable_total, "key")
    first = (*_label("cannot carry", chosen=chosen), Piece(f"{keys}:"))
    return [first, *_named("", now.uncarriable[:1], width)]


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
