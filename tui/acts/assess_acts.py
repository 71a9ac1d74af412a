"""What keys do on the Assess screen: panes, filters, a check at length, asking, taking on."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from core.control.wire.checks import Check
from core.model import JobState
from tui.acts import effects
from tui.acts.own import Own
from tui.acts.sheets import cancel_sheet
from tui.facts.checklist import Fold, Kind, Pane, Wanted, kind_of, named, parse_wanted, rows
from tui.ui import Asks, Message, Prompt, Sheet, Ui
from tui.views.checking import LAST, command
from tui.views.inventory import overflow
from tui.views.line import Role, Size
from tui.views.words import assess_job, is_alive

if TYPE_CHECKING:
    from tui.acts.own import Done
    from tui.facts.checklist import Row
    from tui.ui import Scene

_LEAST = Size(40, 1)
"""A body in which nothing fits: how far a list can be scrolled at most."""
TRIAL = "60s"
"""How long B on the pane of times lets the trial copy."""


def row_of(ui: Ui, scene: Scene) -> Row | None:
    """Return the row under the cursor; None where nothing is listed."""
    listed = rows(scene.checks, ui.checklist) if ui.checklist.pane is Pane.CHECKS else ()
    return listed[min(ui.cursor, len(listed) - 1)] if listed else None


def check_of(ui: Ui, scene: Scene) -> Check | None:
    """Return the check under the cursor."""
    row = row_of(ui, scene)
    return row if isinstance(row, Check) else None


def listed(ui: Ui, wanted: Wanted) -> Ui:
    """Return another list, from its first row on."""
    return replace(ui, checklist=wanted, cursor=0, top=0, opened=False, message=None)


def command_of(ui: Ui, scene: Scene) -> str:
    """Return the command of what is meant: the check under the cursor, a trial, or all of it."""
    if ui.checklist.pane is Pane.TIME:
        return f"vgwm assess --measure {TRIAL}"
    check = check_of(ui, scene)
    return command(check) if check is not None else LAST


def answered(ui: Ui, prompt: Prompt) -> Done:
    """Do what was asked for: filter, or show what an acknowledgement or a note does."""
    typed = prompt.typed.strip()
    if prompt.asks is Asks.ONLY:
        return replace(listed(ui, parse_wanted(typed, ui.checklist.pane)), prompt=None), None
    if not typed:
        why = f"{prompt.about}: nothing was said, so nothing is kept"
        return replace(ui, prompt=None, message=Message(text=why, role=Role.WARN)), None
    return replace(ui, prompt=None, sheet=_sheet(prompt.asks, prompt.about, typed)), None


def _sheet(asks: Asks, check: str, typed: str) -> Sheet:
    kept = "kept in the ledger, with your name and the time"
    if asks is Asks.NOTE:
        return Sheet(
            title=f"answer {check}",
            command=f"vgwm assess --note {shlex.quote(f'{check}={typed}')}",
            effects=(kept, "no machine can check it: it passes on your word"),
            act=effects.Answer(check, typed, is_note=True),
        )
    return Sheet(
        title=f"take the warning {check} on",
        command=f"vgwm assess --ack {shlex.quote(f'{check}={typed}')}",
        effects=(kept, "a later run does not ask about it again, as long as it only warns"),
        act=effects.Answer(check, typed, is_note=False),
    )


def _pane(ui: Ui, scene: Scene) -> Done:
    del scene
    panes = list(Pane)
    after = panes[(panes.index(ui.checklist.pane) + 1) % len(panes)]
    return listed(ui, replace(ui.checklist, pane=after)), None


def _open(ui: Ui, scene: Scene) -> Done:
    match row_of(ui, scene):
        case Fold(kind=kind):
            return listed(ui, Wanted(kind=kind)), None
        case None:
            return ui, None
        case _:
            return replace(ui, opened=not ui.opened), None


def _filter(ui: Ui, scene: Scene) -> Done:
    del scene
    return replace(listed(ui, Wanted()), prompt=Prompt(asks=Asks.ONLY)), None


def _next(ui: Ui, scene: Scene) -> Done:
    total = len(rows(scene.checks, ui.checklist))
    return replace(ui, cursor=(ui.cursor + 1) % max(1, total)), None


def _begin(ui: Ui, scene: Scene) -> Done:
    """Show what asking all of it does: it copies nothing, but for a trial."""
    del scene
    measures = ui.checklist.pane is Pane.TIME
    trial = (
        (
            f"then copies a sample for {TRIAL} as a copy would, and records none of it",
            "blocks that it leaves on the nodes are not pinned: their GC takes them",
        )
        if measures
        else ()
    )
    sheet = Sheet(
        title="assess: ask every check" + (", and measure a trial" if measures else ""),
        command="vgwm assess" + (f" --measure {TRIAL}" if measures else ""),
        effects=(
            "reads the source once, asks every node, table, cache and load balancer",
            *trial,
            "every answer is kept; a fail blocks plan, copy and retry",
        ),
        act=effects.Begin("assess", (("measure", TRIAL),) if measures else ()),
    )
    return replace(ui, sheet=sheet, error=None), None


def _again(ui: Ui, scene: Scene) -> Done:
    check = check_of(ui, scene)
    if check is None:
        return ui, None
    return replace(ui, error=None), effects.Begin("assess", (("only", check.id),))


def _take_on(ui: Ui, scene: Scene) -> Done:
    check = check_of(ui, scene)
    if check is None:
        return ui, None
    asks = Asks.NOTE if check.manual else Asks.TAKE
    return replace(ui, prompt=Prompt(asks=asks, about=check.id), error=None), None


def _why_off(id_: str, ui: Ui, scene: Scene) -> str:
    job = assess_job(scene.snapshot) if scene.snapshot is not None else None
    runs = is_alive(job)
    match id_:
        case "begin" | "retry" if job is not None and runs:
            return f"job {job.id} (assess) is {job.state}"
        case "cancel" | "pause" if not runs:
            return "no assessment is running"
        case "retry" | "accept":
            return _why_no_row(id_, check_of(ui, scene))
        case _:
            return ""


def _why_no_row(id_: str, check: Check | None) -> str:
    if check is None:
        return "there is no check under the cursor"
    if id_ == "retry":
        return "no machine can ask it: A answers it" if check.manual else ""
    return "" if check.manual else _why_not_taken(check)


def _why_not_taken(check: Check) -> str:
    match kind_of(check):
        case Kind.WARN:
            return ""
        case Kind.TAKEN if check.ack is not None:
            return f"{check.ack.actor} took {check.id} on already: {check.ack.reason}"
        case Kind.FAIL:
            return f"{named(check)} fails, and that cannot be taken on: mend it, then T"
        case kind:
            return f"{named(check)} is {kind}: only a warning can be taken on"


def _back(ui: Ui) -> Ui | None:
    if ui.opened:
        return replace(ui, opened=False)
    if ui.checklist != Wanted():
        return listed(ui, Wanted())
    return None


def _rows(ui: Ui, scene: Scene) -> int:
    match ui.checklist.pane:
        case Pane.CHECKS:
            return len(rows(scene.checks, ui.checklist))
        case Pane.INVENTORY if scene.checks is not None and scene.checks.inventory is not None:
            return 1 + overflow(scene.checks.inventory, ui, _LEAST)
        case _:
            return 0


def _cancel(ui: Ui, scene: Scene) -> Done:
    job = assess_job(scene.snapshot) if scene.snapshot is not None else None
    return replace(ui, sheet=cancel_sheet(job), error=None), None


def _pause(ui: Ui, scene: Scene) -> Done:
    job = assess_job(scene.snapshot) if scene.snapshot is not None else None
    if job is None:
        return ui, None
    verb = effects.Verb.RESUME if job.state == JobState.PAUSED else effects.Verb.PAUSE
    return ui, effects.Steer(job.id, verb)


OWN = Own(
    does={
        "pane": _pane,
        "open": _open,
        "filter": _filter,
        "next": _next,
        "begin": _begin,
        "retry": _again,
        "accept": _take_on,
        "cancel": _cancel,
        "pause": _pause,
    },
    why_off=_why_off,
    back=_back,
    length=_rows,
    words={"begin": "ask all", "retry": "ask again", "pane": "next"},
)
