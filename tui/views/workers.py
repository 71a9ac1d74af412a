"""The workers' table: a row each, state as glyph and word, what it does or what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.control.facts import worker_fact
from core.model import NS_PER_S
from tui.views.events import event_line
from tui.views.graph import sweep
from tui.views.line import EMPTY, Line, Piece, Role, column, text
from tui.views.words import role_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.state import Snapshot, Worker
    from tui.ui import Ui

_MB = 1_000_000  # as every other size and rate on the screen
_GRAPH_CELLS = 13  # twelve times five seconds, and the gap
_GRAPH_EVERY_S = 5
_NARROW = 64


def table(now: Snapshot, ui: Ui, width: int, rows: int) -> list[Line]:
    """Return the header and the workers around the cursor in at most `rows` lines.

    Where not all fit, the last line says how many are left out.
    """
    workers = now.workers
    if not workers or rows < 2:  # noqa: PLR2004 - a header and a row
        return []
    lines = [_header(ui, width)]
    room = rows - 1
    begins, fits = _window(workers, ui.cursor, room)
    for index in range(begins, begins + fits):
        lines += _worker(workers[index], now, ui, width, is_cursor=index == ui.cursor)
    left_out = len(workers) - fits
    if left_out:
        lines.append(text(f"   ... {left_out} more", Role.DIM))
    return lines


def _window(workers: Sequence[Worker], cursor: int, room: int) -> tuple[int, int]:
    """Return the first worker shown and how many."""
    heights = [2 if _detail(worker) else 1 for worker in workers]
    if sum(heights) <= room:
        return 0, len(workers)
    begins = 0
    while True:
        fits = used = 0
        for height in heights[begins:]:
            if used + height > room - 1:
                break
            used += height
            fits += 1
        if begins + fits > min(cursor, len(workers) - 1) or not fits:
            return begins, fits
        begins += 1


def _header(ui: Ui, width: int) -> Line:
    rates = f"{'obj/s':>8}" if not ui.low_data else ""
    graph = f"{'60 s':<{_GRAPH_CELLS + 3}}" if width >= _NARROW else ""
    head = f"   #   {'state':<10}{rates}{'MB/s':>7}   {graph}{'bundle':>9}   step"
    return text(head[:width], Role.DIM)


def _detail(worker: Worker) -> str:
    """Return what stands after the first `; ` of the step: it gets a row of its own."""
    return worker.step.partition("; ")[2]


def _worker(worker: Worker, now: Snapshot, ui: Ui, width: int, *, is_cursor: bool) -> list[Line]:
    state = worker_fact(worker).state
    moves = state is State.RUNNING
    objects = display.count(round(worker.objects_s)) if moves else "-"
    sent = f"{worker.bytes_s / _MB:,.0f}" if moves else "-"
    rates = "" if ui.low_data else f"{objects:>8}"
    step, _, detail = worker.step.partition("; ")
    bundle = "-" if worker.bundle is None else display.count(worker.bundle)
    line: list[Piece] = [
        Piece(" > " if is_cursor else "   ", Role.KEY),
        Piece(f"{worker.slot:<4}"),
        Piece(column(f"{state.glyph} {worker.state}", 10), role_of(state)),
        Piece(f"{rates}{sent:>7}   "),
    ]
    if width >= _NARROW:
        line += [_activity(worker, now, ui, moves=moves), Piece("   ")]
    line += [Piece(f"{bundle:>9}   "), Piece(step)]
    lines: list[Line] = [tuple(line)]
    if detail:
        lines.append(text(f"       {detail}", Role.DIM))
    return lines


def _activity(worker: Worker, now: Snapshot, ui: Ui, *, moves: bool) -> Piece:
    """Return the graph of a worker that works, else how long it has not."""
    if not moves and worker.since_s >= 1 and not any(worker.history[-10:]):
        return Piece(column(display.duration(worker.since_s), _GRAPH_CELLS), Role.DIM)
    at_s = now.at_ns // NS_PER_S
    return sweep(worker.history, at_s, _GRAPH_CELLS, _GRAPH_EVERY_S, unicode=ui.unicode)


def log_tail(now: Snapshot, rows: int) -> list[Line]:
    """Return the newest events, newest first, below a blank line, in at most `rows` lines."""
    events = sorted(now.events, key=lambda event: -event.seq)[: max(0, rows - 1)]
    return [EMPTY, *(event_line(event) for event in events)] if events else []
