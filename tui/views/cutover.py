"""Cutover: where a slice stands, its gates, the steps ahead, and why an act is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.model import NS_PER_S
from tui.linked import LinkState
from tui.views import gate_rows, risk
from tui.views.line import EMPTY, Line, Piece, Role, Size, packed, text, wrapped
from tui.views.words import stands

if TYPE_CHECKING:
    from core.control.wire.cutover import Cutover, Gate, Limit, Slice, Step
    from tui.ui import Scene, Ui

_DETAIL = 3
_LEAST_GATES = 3
_OFF_ROWS = 2
_ROLLING = "rolling"


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows."""
    now = scene.cutover
    if now is None:
        return _none(scene, ui)
    head = [_head(now, size.width), *_held(now, scene.now_ns), *_across(now)]
    foot = [*_steps(now, size.width), *_off(now, size.width)]
    around = len(head) + len(foot) + _DETAIL
    room = max(_LEAST_GATES, size.height - around)
    gates = gate_rows.rows(now.gates, ui, Size(size.width, room))
    lines = [*head, *gates, *gate_rows.detail(gate_of(scene, ui), size.width, _DETAIL)]
    blank = max(0, size.height - len(lines) - len(foot))
    return [*lines, *([EMPTY] * min(1, blank)), *foot]


def slice_of(now: Cutover) -> Slice | None:
    """Return where the slice that is shown stands."""
    return next((one for one in now.slices if one.name == now.slice), None)


def gate_of(scene: Scene, ui: Ui) -> Gate | None:
    """Return the gate under the cursor."""
    gates = scene.cutover.gates if scene.cutover is not None else ()
    return gates[min(ui.cursor, len(gates) - 1)] if gates else None


def where(one: Slice | None) -> Piece:
    """Return a slice's state: number, word, and whether it is under way or was undone."""
    if one is None:
        return stands(State.UNKNOWN, "unknown")
    word = f"{one.number} {one.state}"
    if one.undoing:
        return stands(State.WARN, f"{word}, giving writes back")
    still = {"PLANNED": State.NONE, "COMMITTED": State.DONE}
    return stands(still.get(one.state, State.RUNNING), word)


def _none(scene: Scene, ui: Ui) -> list[Line]:
    if scene.snapshot is None:
        return []
    match ui.link.state:
        case LinkState.REPLAY:
            return [EMPTY, text(" a recording holds no cutover: vgwm cutover status", Role.WARN)]
        case LinkState.GONE:
            return [EMPTY, text(" no engine answers: B starts it; vgwm cutover status", Role.WARN)]
        case _:
            return [EMPTY, text(" ...", Role.DIM)]


def _head(now: Cutover, width: int) -> Line:
    of = "" if len(now.slices) < 2 else f" {_place(now)}/{len(now.slices)}"  # noqa: PLR2004 - a choice
    told = [
        "" if _is_live(now) else _seconds("forecast", now.forecast_s, now.budget_s),
        "" if now.lag_s is None else f"lag {display.age(now.lag_s)}",
        "" if now.round is None else f"round #{now.round}",
        "" if now.job is None else f"job {now.job}",
    ]
    figures = "   ".join(part for part in told if part)
    name = Piece(f" slice {now.slice}{of}   ", Role.TITLE)
    line: Line = (name, where(slice_of(now)), Piece(f"   {figures}"))
    writes = slice_of(now)
    if writes is not None and writes.writable and width >= 100:  # noqa: PLR2004 - where there is room
        line = (*line, Piece(f"   writes: {writes.writable}", Role.DIM))
    return line


def _place(now: Cutover) -> int:
    return next((n for n, one in enumerate(now.slices, 1) if one.name == now.slice), 0)


def _seconds(label: str, value_s: float | None, of_s: float | None) -> str:
    if value_s is None:
        return f"{label} unknown"
    most = "" if of_s is None else f" of {display.duration(of_s)}"
    return f"{label} {display.duration(value_s)}{most}"


def _held(now: Cutover, now_ns: int) -> list[Line]:
    """Return how long writes may still be held back, or how the last run left the slice."""
    one = slice_of(now)
    if one is None:
        return []
    if now.live_until_ns:
        left_s = max(0.0, (now.live_until_ns - now_ns) / NS_PER_S)
        watched = f" watched for {display.duration(left_s)} more; then C commits"
        return [text(watched, Role.DIM), *_at_risk(now)]
    if one.deadline_ns:
        left_s = max(0.0, (one.deadline_ns - now_ns) / NS_PER_S)
        doing = f"{one.step}: " if one.step else ""
        said = f" {doing}writes are held back, {display.duration(left_s)} more at most"
        return [text(said, Role.WARN)]
    return [text(f" {one.why}", Role.DIM)] if one.why else []


def _at_risk(now: Cutover) -> list[Line]:
    """Return what is at risk of this slice alone; row 2 says it of all."""
    if len(now.slices) < 2 or now.risk is None or not now.risk.since_ns:  # noqa: PLR2004 - a choice
        return []
    return [(Piece(f" of {now.slice} at risk  ", Role.DIM), risk.words(now.risk))]


def _across(now: Cutover) -> list[Line]:
    """Return how many copies between the sides were refused, where slices may be on both."""
    if now.strategy != _ROLLING and not now.across:
        return []
    label = Piece(" copies across refused  ", Role.DIM)
    if now.across is None:
        return [(label, stands(State.UNKNOWN, f"unknown: {now.across_why}"))]
    return [(label, Piece(display.count(now.across)))]


def _steps(now: Cutover, width: int) -> list[Line]:
    """Return the steps that undo themselves, then the first from which there is a price."""
    free = [step_words(step) for step in now.steps if not step.past_return]
    words = [f"{now.strategy}:", *free] if now.strategy and free else free
    lines: list[Line] = [
        (Piece("         " if n else " steps   ", Role.DIM), Piece(part))
        for n, part in enumerate(packed(words, "  ", width - 10))
    ]
    priced = next((step for step in now.steps if step.past_return), None)
    if priced is not None:
        said = f"{step_words(priced)}: after green's first write, back costs a reverse copy"
        lines.append((Piece(" ======  ", Role.WARN), Piece(said)))
    return lines


def _is_live(now: Cutover) -> bool:
    one = slice_of(now)
    return one is not None and one.state == "GREEN_LIVE"


def step_words(step: Step) -> str:
    """Return a step in short: its number, its word, and how long it took last time."""
    took = "" if step.expected_s is None else f" ~{step.expected_s:.1f} s"
    return f"{'= ' if step.done else ''}{step.number} {step.state}{took}"


def limit_words(limit: Limit) -> str:
    """Return a limit with what it limits."""
    return f"{limit.name} {limit.text}" if limit.text.startswith("at most") else limit.text


def hard(off: str) -> list[str]:
    """Return why an act is off whatever is asked; gates are measured anew with its plan."""
    return [line for line in off.splitlines() if not line.startswith("gate ")]


def _off(now: Cutover, width: int) -> list[Line]:
    """Return why an act is off, the one that matters first."""
    why = now.off.commit if _is_live(now) else now.off.start
    first, *more = why.splitlines() or [""]
    rest = f" (and {display.counted(len(more), 'reason')} more)" if more else ""
    says = "C is off" if hard(why) else "C waits for gates, and asks them"
    lines = wrapped(f"{says}: {first}{rest}", width - 2)[:_OFF_ROWS] if first else []
    return [text(f" {line}", Role.WARN) for line in lines]
