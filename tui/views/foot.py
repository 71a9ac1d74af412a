"""The last two rows: messages and prompt, and the keys of this screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from core import display
from tui.acts.reasons import OWN, why_off
from tui.keys import FOOTERS, GO
from tui.linked import LinkState
from tui.screen import Name
from tui.ui import Asks
from tui.views.line import EMPTY, Line, Piece, Role, column, text, width_of
from tui.views.replayed import keys as replay_keys
from tui.views.replayed import position
from tui.views.words import current_job

if TYPE_CHECKING:
    from core.control.wire.state import Job, Snapshot
    from tui.keys import Keymap
    from tui.ui import Prompt, Scene, Ui

_LONGEST_NAME = 8
_HELP = {
    Asks.FILTER: "   BUCKET/KEY begins so, class:C, phase:P; Enter filters, Esc leaves",
    Asks.REASON: "   Enter shows the plan, Esc leaves",
    Asks.ONLY: "   a state, a part of the text; Tab next state, Enter filters, Esc leaves",
    Asks.KIND: "   a kind, a bucket; Tab next kind, Enter filters, Esc leaves",
    Asks.TAKE: "   Enter shows what that does, Esc leaves",
    Asks.GATE: "   Enter shows what that does, Esc leaves",
    Asks.RESTORE: "   Enter shows its plan, Esc leaves",
    Asks.NOTE: "   Enter shows what that does, Esc leaves",
    Asks.FILES: "   Enter converts, and writes nothing; Esc leaves",
    Asks.VALUE: "   Enter gives it this value, Esc leaves",
    Asks.FOLDER: "   Enter reads it, Esc leaves",
    Asks.TO: "   Enter compares, and writes nothing; Esc leaves",
    Asks.LINE: "   Tab completes, Up recalls, Enter runs, Esc leaves",
    Asks.TAKEOVER: "   Enter takes over, Esc leaves",
}


def message_row(scene: Scene, ui: Ui, width: int) -> Line:
    """Return row 23: the prompt, else where `g` leads, else the message, else what to know."""
    if ui.prompt is not None:
        return _prompt(ui.prompt, scene, width)
    if ui.going:
        return _go_row(width)
    if ui.message is not None:
        return text(f" {ui.message.text}", ui.message.role)
    return _standing_advice(scene, ui)


def _go_row(width: int) -> Line:
    """Return where `g` leads: every screen, in as many letters of its name as fit."""
    leaves = Piece("  (Esc leaves)", Role.DIM)
    wide = (*_letters("  "), leaves)
    if width_of(wide) <= width:
        return wide
    cut = (_letters(" ", most) for most in range(_LONGEST_NAME, 0, -1))
    return next((line for line in cut if width_of(line) <= width), _letters(" ", 1))


def _letters(gap: str, most: int = _LONGEST_NAME) -> Line:
    pieces = [Piece(" go:")]
    for letter, name in GO.items():
        pieces += [Piece(f"{gap}{letter}", Role.KEY), Piece(f" {name.value[:most]}")]
    return tuple(pieces)


def _prompt(prompt: Prompt, scene: Scene, width: int) -> Line:
    label = f" {_label_of(prompt, scene)} "
    line: Line = (
        Piece(label, Role.KEY),
        Piece(_end_of(prompt.typed, width - cell_len(label) - 1)),
        Piece("_", Role.CURSOR),
    )
    offers = f"   {' '.join(prompt.offers)}" if prompt.offers else ""
    help_ = offers or _HELP.get(prompt.asks) or _knob_help(prompt, scene)
    return (*line, Piece(help_[: max(0, width - width_of(line))], Role.DIM))


def _label_of(prompt: Prompt, scene: Scene) -> str:
    lease = scene.snapshot.lease if scene.snapshot is not None else None
    if prompt.asks is Asks.TAKEOVER and lease is not None:
        return f"{column(lease.holder, 16).rstrip()} steers; {prompt.asks}"
    return f"{prompt.about}: {prompt.asks}" if prompt.about else prompt.asks


def _end_of(typed: str, width: int) -> str:
    """Return what is typed, or its end where it is longer than the row."""
    while cell_len(typed) > max(1, width):
        typed = typed[1:]
    return typed


def _knob_help(prompt: Prompt, scene: Scene) -> str:
    name = prompt.typed.split(" ")[0]
    knobs = scene.snapshot.knobs if scene.snapshot is not None else []
    found = next((knob for knob in knobs if knob.name == name), None)
    return (
        f"   now {found.value}, {found.bounds}; Tab next knob, Enter sets, Esc leaves"
        if found is not None
        else "   KNOB VALUE; Tab next knob, Enter sets, Esc leaves"
    )


def _standing_advice(scene: Scene, ui: Ui) -> Line:
    if ui.link.played is not None:
        return position(ui.link.played, unicode=ui.unicode)
    match ui.link.state:
        case LinkState.CONNECTING:
            return text(" connecting to the engine; q leaves", Role.DIM)
        case LinkState.GONE if scene.snapshot is not None:
            down = scene.snapshot.engine.state == "down"
            facts = "these facts are the ledger's" if down else "these facts are old"
            return text(f" no engine answers: {facts}; B starts it", Role.WARN)
        case LinkState.SILENT if ui.link.why_no_acts:
            return text(f" {ui.link.why_no_acts}: nothing can be changed now", Role.WARN)
        case _:
            pass
    job = current_job(scene.snapshot) if scene.snapshot is not None else None
    if job is None or ui.screen is Name.HELP or _is_past(job, scene.snapshot):
        return EMPTY
    return _of_job(job, _key_of_b(ui))


def _is_past(job: Job, now: Snapshot | None) -> bool:
    """Tell whether another job ran since this one came to its figures: they are no news then."""
    newest = 0 if now is None else max(one.id for one in now.jobs)
    return job.state == "done" and job.kind != "plan" and newest > job.id


def _key_of_b(ui: Ui) -> str:
    """Return the way to the copy's B: a screen may have one of its own."""
    own = OWN.get(ui.screen)
    return "g m, B" if own is not None and "begin" in own.does else "B"


def _of_job(job: Job, key: str) -> Line:
    """Return what to know of a job that does not go on by itself. key: the way to begin one."""
    why = f": {job.reason}" if job.reason else ""
    match job.state:
        case "paused":
            return text(f" job {job.id} is paused{why}; P resumes it", Role.WARN)
        case "failed":
            if job.result is not None:
                why = f": {job.result.what}. {job.result.remedy}"
            return text(f" x job {job.id} failed{why}", Role.BAD)
        case "done" if job.kind == "plan":
            return text(f" planned: {key} copies the objects to the target", Role.OK)
        case "done" if job.figures:
            return text(f" job {job.id}, {job.kind}: {_figures(job)}", Role.OK)
        case "interrupted":
            return text(f" job {job.id} was interrupted{why}; {key} goes on from there", Role.WARN)
        case _:
            return EMPTY


def _figures(job: Job) -> str:
    """Return what a job made of its objects: `2 recovered, 1 still failed`."""
    counted = [
        display.figure(n, name) for name, n in job.figures.items() if n and name != "size_bytes"
    ]
    return ", ".join(counted) or "nothing to do"


def _label(id_: str, label: str, scene: Scene, ui: Ui) -> str:
    """Return the footer's word for a key on this screen, in this state of the job."""
    now, link = scene.snapshot, ui.link.state
    own = OWN.get(ui.screen)
    job = current_job(now) if now is not None else None
    match id_:
        case "begin" if link is LinkState.GONE and not (own is not None and own.local):
            return "start engine"
        case _ if own is not None and id_ in own.words:
            return own.words[id_]
        case "begin" if now is not None:
            return "copy" if now.workspace.planned else "plan"
        case "pause" if job is not None and job.state == "paused":
            return "resume"
        case _:
            return label


def keys_row(scene: Scene, ui: Ui, width: int, keymap: Keymap) -> Line:
    """Return row 24: the screen's keys, dim if off now; the first go if room is short."""
    if ui.sheet is not None and ui.sheet.word:
        return _keys(("Enter", f"after {ui.sheet.word} does it"), ("Esc", "leaves"))
    if ui.sheet is not None:
        return _keys(("Tab", "the other button"), ("Enter", "presses it"), ("Esc", "leaves"))
    if ui.link.played is not None:
        return replay_keys()
    shown: list[Line] = []
    for id_ in FOOTERS[ui.screen]:
        if id_.startswith("go "):
            letter = id_.removeprefix("go ")
            shown.append((Piece(f"g {letter}", Role.KEY), Piece(f" {GO[letter].value.lower()}")))
            continue
        key = keymap.key(id_)
        off = why_off(id_, scene, ui)
        shown.append(
            (
                Piece(key.shown, Role.DIM if off else Role.KEY),
                Piece(
                    f" {_label(id_, key.label, scene, ui)}",
                    Role.DIM if off else Role.TEXT,
                ),
            )
        )
    while len(shown) > 1 and sum(width_of(item) + 2 for item in shown) - 1 > width:
        del shown[0]
    return tuple(
        piece
        for index, item in enumerate(shown)
        for piece in (Piece("  " if index else " "), *item)
    )


def _keys(*pairs: tuple[str, str]) -> Line:
    return tuple(
        piece for key, does in pairs for piece in (Piece(f" {key}", Role.KEY), Piece(f" {does} "))
    )
