"""Assess: every check with its state, evidence and age; what the source holds; how long it takes.

Rows come in while they are asked; the worst stands first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.control.wire.checks import Check
from core.model import ENDED, NS_PER_S
from tui.facts.checklist import Kind, Pane, kind_of, rows
from tui.facts.window import scrolled
from tui.linked import LinkState
from tui.views import checking, estimate, inventory
from tui.views.line import (
    EMPTY,
    WIDE,
    Line,
    Piece,
    Role,
    Size,
    beside,
    right,
    text,
    width_of,
)
from tui.views.words import role_of, stands

if TYPE_CHECKING:
    from core.control.wire.checks import Checks, ChecksRun
    from tui.ui import Scene, Ui

_HEAD_ROWS = 3
_DETAIL_ROWS = 5
_FOOT_ROWS = 1
_LEAST_PANE = 46
_COUNTED = (Kind.PASS, Kind.WARN, Kind.TAKEN, Kind.FAIL, Kind.UNKNOWN, Kind.ASKED, Kind.IDLE)
_ALWAYS = frozenset({Kind.PASS, Kind.WARN, Kind.FAIL, Kind.UNKNOWN})


def room(size: Size) -> int:
    """Return how many rows of the list a body of this size shows."""
    below = 0 if size.width >= WIDE else _DETAIL_ROWS + 1
    return max(1, size.height - _HEAD_ROWS - below - _FOOT_ROWS)


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: counts, tabs, then one of the three panes."""
    checks = scene.checks
    if checks is None:
        return [] if scene.snapshot is None else [EMPTY, _not_here(ui)]
    head = [_counts(checks, scene.now_ns, size.width), _tabs(ui, checks)]
    match ui.checklist.pane:
        case Pane.INVENTORY:
            return [*head, *inventory.view(scene, ui, Size(size.width, size.height - len(head)))]
        case Pane.TIME:
            return [*head, EMPTY, *estimate.view(checks.estimate, size.width), *_trial_key()]
        case _:
            return [*head, *_checks(checks, scene, ui, size)]


def _trial_key() -> list[Line]:
    return [
        EMPTY,
        (Piece(" B", Role.KEY), Piece("  asks every check, and measures a trial of 60 s")),
        text("    the same on the command line: vgwm assess --measure 60s", Role.DIM),
    ]


def _not_here(ui: Ui) -> Line:
    if ui.link.state is LinkState.REPLAY:
        return text(" a recording holds no assessment: vgwm assess", Role.WARN)
    if ui.link.state is LinkState.GONE:
        return text(" no engine answers, and the ledger was not read: B starts it", Role.WARN)
    return text(" ...", Role.DIM)


def _counts(checks: Checks, now_ns: int, width: int) -> Line:
    kinds = [kind_of(check) for check in checks.checks]
    pieces: list[Piece] = []
    for kind in _COUNTED:
        n = kinds.count(kind)
        if n or kind in _ALWAYS:
            role = role_of(checking.STATES[kind]) if n else Role.DIM
            pieces.append(Piece(f" {display.count(n)} {kind} ", role))
    line: Line = tuple(pieces)
    run = _run(checks.run, now_ns)
    shown = right(line, width - 1, run)
    return shown if shown is not line else (*line, Piece(" "), run)


def _run(run: ChecksRun | None, now_ns: int) -> Piece:
    """Return when all of it was asked last, or how far it is."""
    if run is None or run.began_ns is None:
        said = "never run" if run is None else f"run {run.state}"
        return stands(State.NONE if run is None else State.WAITING, said)
    if run.state not in ENDED:
        of = f" of {run.rows}" if run.rows else ""
        took = display.duration((now_ns - run.began_ns) / NS_PER_S)
        return stands(State.RUNNING, f"{run.state} {run.answered}{of}, {took}")
    ended_ns = now_ns if run.ended_ns is None else run.ended_ns
    took = display.duration((ended_ns - run.began_ns) / NS_PER_S)
    age = display.age(max(0.0, (now_ns - ended_ns) / NS_PER_S))
    part = f" {','.join(run.only)}" if run.only else ""
    if run.state == "done":
        return Piece(f"run{part} {age} ago, took {took}", Role.DIM)
    why = f": {run.text}" if run.text else ""
    return stands(State.WARN, f"run{part} {run.state} {age} ago{why}")


def _tabs(ui: Ui, checks: Checks) -> Line:
    line: Line = (Piece(" "),)
    for pane in Pane:
        chosen = pane is ui.checklist.pane
        shown = f"[{pane}]" if chosen else f" {pane} "
        line = (*line, Piece(shown, Role.KEY if chosen else Role.DIM))
    if ui.checklist.typed and ui.checklist.pane is Pane.CHECKS:
        return (*line, Piece("   only ", Role.DIM), Piece(ui.checklist.typed, Role.WARN))
    if checks.run is not None and checks.run.state not in ENDED and checks.run.text:
        return (*line, Piece(f"   {checks.run.text}", Role.DIM))
    if ui.checklist.pane is Pane.INVENTORY:
        return (*line, Piece(f"   {checking.LAST}", Role.DIM))
    if ui.checklist.pane is Pane.TIME:
        return (*line, Piece("   Tab next", Role.DIM))
    if checks.blocking:
        verb = "blocks" if len(checks.blocking) == 1 else "block"
        blocks = f"   {', '.join(checks.blocking)} {verb} plan, copy and retry"
        return (*line, Piece(blocks, Role.BAD))
    return (*line, Piece("   all of them; / filters, Tab next", Role.DIM))


def _checks(checks: Checks, scene: Scene, ui: Ui, size: Size) -> list[Line]:
    listed = rows(checks, ui.checklist)
    if not listed:
        return [EMPTY, text(f" {_none(ui)}")]
    cursor = max(0, min(ui.cursor, len(listed) - 1))
    chosen = listed[cursor]
    check = chosen if isinstance(chosen, Check) else None
    wide = size.width >= WIDE
    if ui.opened and check is not None and not wide:
        return [EMPTY, *checking.opened(check, size.width)]
    pane = max(_LEAST_PANE, size.width // 3)
    width = size.width - pane if wide else size.width
    lines: list[Line] = [checking.header(width - 1)]
    most = room(size)
    top = scrolled(ui.top, cursor, most, len(listed))
    for index in range(top, min(len(listed), top + most)):
        mark = Piece(" > " if index == cursor else "   ", Role.KEY)
        lines.append((mark, *checking.row(listed[index], width - 4, scene.now_ns)))
    foot = estimate.one_line(checks.estimate)
    if width_of(foot) > size.width:
        foot = estimate.short_line(checks.estimate)
    if wide:
        beside_it = [] if check is None else [EMPTY, *checking.opened(check, pane - 1)]
        lines = beside(lines, beside_it, width + 1, size.height - _HEAD_ROWS)
    elif check is not None:
        lines += [EMPTY, *checking.detail(check, size.width, rows=_DETAIL_ROWS)]
    else:
        lines += [EMPTY, (Piece(" runs  ", Role.DIM), Piece(checking.LAST))]
    blank = size.height - (_HEAD_ROWS - 1) - _FOOT_ROWS - len(lines)
    return [*lines, *([EMPTY] * blank), foot]


def _none(ui: Ui) -> str:
    if ui.checklist.typed:
        return "no check fits; Esc lets go of the filter"
    return "nothing was asked yet: B asks every check"
