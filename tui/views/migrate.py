"""Migrate: the dashboard of planning and copying."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.facts import node_fact
from tui.views.line import EMPTY, WIDE, Line, Piece, Role, Size, beside, column, text
from tui.views.totals import totals
from tui.views.words import job_state, role_of, stands
from tui.views.workers import log_tail, table

if TYPE_CHECKING:
    from core.control.wire.state import Job, Snapshot
    from tui.ui import Scene, Ui

_PANE = 38
_TAIL_ROWS = 3


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: totals, workers, the log's tail."""
    now = scene.snapshot
    if now is None:
        return []
    if not now.workspace.planned and not now.jobs and not now.totals.objects:
        return _empty()
    wide = size.width >= WIDE
    width = size.width - _PANE if wide else size.width
    lines = [*totals(now, ui, min(width, 80)), EMPTY]
    rows = size.height - len(lines)
    tail = 0 if ui.low_data else _TAIL_ROWS
    lines += table(now, ui, width, rows - tail)
    if not ui.low_data:
        lines += log_tail(now, size.height - len(lines))
    return beside(lines, _pane(now), width, size.height) if wide else lines


def _empty() -> list[Line]:
    return [
        EMPTY,
        text(" nothing is planned yet"),
        EMPTY,
        (Piece(" B", Role.KEY), Piece("  plans: lists the source once, and copies nothing")),
        text("    the same on the command line: vgwm plan", Role.DIM),
    ]


def _pane(now: Snapshot) -> list[Line]:
    lines: list[Line] = [text("nodes", Role.DIM)] if now.nodes else []
    for node in now.nodes:
        state = node_fact(node).state
        free = "free ?" if node.free_bytes is None else f"{display.size(node.free_bytes)} free"
        lines.append(
            (
                Piece(column(node.name, 12) + " "),
                Piece(column(f"{state.glyph} {node.state}", 12), role_of(state)),
                Piece(free),
            )
        )
        if node.reason:
            lines.append(text(f"  {node.reason}", Role.DIM))
    if now.knobs:
        lines += [EMPTY, text("knobs", Role.DIM)]
        lines += [
            (
                Piece(column(knob.name, 20) + " "),
                Piece(knob.value),
                Piece(f"  {knob.actor}" if knob.actor else "", Role.DIM),
            )
            for knob in now.knobs
        ]
    if now.jobs:
        lines += [EMPTY, text("jobs", Role.DIM)]
        for job in sorted(now.jobs, key=lambda job: -job.id)[:5]:
            lines.append((Piece(f"#{job.id} {job.kind} "), _job(job)))
    return lines


def _job(job: Job) -> Piece:
    return stands(job_state(job), job.state)
