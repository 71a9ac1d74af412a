"""The totals at the top of Migrate: counters, rate, ETA, the last minute, the limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.facts import eta_fact
from core.model import NS_PER_S
from tui.views.graph import bar, sweep
from tui.views.line import EMPTY, Line, Piece, Role, at, right
from tui.views.words import current_job, done_percent, is_alive, role_of, speed

if TYPE_CHECKING:
    from core.control.wire.state import Snapshot
    from tui.ui import Ui

LABEL_COLUMN = 11
_BAR_CELLS = 20
_GRAPH_CELLS = 61  # a minute and the gap


def labelled(label: str, *pieces: Piece) -> Line:
    """Return a line that begins with a dim label."""
    return at((Piece(f" {label}", Role.DIM),), LABEL_COLUMN, *pieces)


def totals(now: Snapshot, ui: Ui, width: int) -> list[Line]:
    """Return six lines."""
    return [
        _objects(now, ui, width),
        _bytes(now),
        _rate(now),
        _eta(now, width),
        _minute(now, ui, width),
        labelled("limit", Piece(now.limit)) if now.limit else EMPTY,
    ]


def _objects(now: Snapshot, ui: Ui, width: int) -> Line:
    t = now.totals
    job = current_job(now)
    if job is not None and job.kind == "plan" and job.total is None and not t.migrated:
        listed = f"{display.count(t.objects)} listed so far, {display.size(t.size_bytes)}"
        return labelled("objects", Piece(listed))
    line = labelled(
        "objects",
        Piece(f"{display.count(t.migrated)} of {display.count(t.wanted)}"),
        Piece(f"   {done_percent(now)}  ", Role.TITLE),
        Piece(bar(t.migrated, t.wanted, _BAR_CELLS, unicode=ui.unicode), Role.GRAPH),
    )
    failed = Piece(f"failed {display.count(t.failed)}", Role.BAD if t.failed else Role.DIM)
    return right(line, width - 1, failed)


def _bytes(now: Snapshot) -> Line:
    t = now.totals
    line = labelled(
        "bytes",
        Piece(f"{display.size(t.migrated_bytes)} of {display.size(t.wanted_bytes)}"),
    )
    beside = [
        f"re-queued {display.count(t.requeued)}",
        f"skipped {display.count(t.skipped)}",
        f"pins waiting {display.count(t.pins_waiting)}",
    ]
    if t.gone:
        beside.insert(2, f"gone {display.count(t.gone)}")
    return at(line, 32, Piece("   ".join(beside), Role.DIM))


def _rate(now: Snapshot) -> Line:
    rate = now.rate
    if rate.objects_s is None and not is_alive(current_job(now)):
        return labelled("rate", Piece("- no job runs", Role.DIM))
    if rate.objects_s is None:
        return labelled("rate", Piece("? unknown", Role.UNKNOWN), Piece(": not earned yet"))
    line = labelled(
        "rate",
        Piece(f"{display.count(round(rate.objects_s))} obj/s  {speed(rate.bytes_s)} (60 s)"),
    )
    if rate.objects_s_mean is None:
        return line
    mean = f"{display.count(round(rate.objects_s_mean))} obj/s since start"
    return at(line, 48, Piece(mean, Role.DIM))


def _eta(now: Snapshot, width: int) -> Line:
    fact = eta_fact(now)
    first, *rest = fact.parts
    role = Role.TEXT if now.eta.low_s is not None else role_of(fact.state)
    mark = "" if now.eta.low_s is not None else f"{fact.state.glyph} "
    line = labelled("ETA", Piece(mark + first, role), *(Piece(f"   {part}") for part in rest))
    return line if now.sync_lag_s is None else _lag(line, now, now.sync_lag_s, width)


def _lag(line: Line, now: Snapshot, lag_s: float, width: int) -> Line:
    """Say how far the target is behind the source; without what waits, where there is no room."""
    lag = f"lag {display.duration(lag_s)}"
    waits = f"   {display.count(now.sync_pending)} to carry" if now.sync_pending else ""
    whole = right(line, width - 1, Piece(lag + waits, Role.DIM))
    return whole if whole != line else right(line, width - 1, Piece(lag, Role.DIM))


def _minute(now: Snapshot, ui: Ui, width: int) -> Line:
    cells = min(_GRAPH_CELLS, width - LABEL_COLUMN - 1)
    at_s = now.at_ns // NS_PER_S
    return labelled("60 s", sweep(now.rate.history, at_s, cells, 1, unicode=ui.unicode))
