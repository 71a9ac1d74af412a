"""The sheets of acts that write: what they run and do, and how a key answers them.

No key counts that came before the sheet was painted and 0.3 s had passed. The guard stands where
the answer is given, so that a burst written in one piece cannot get through.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import display
from tui import effects
from tui.ui import Message, Sheet, Ui
from tui.views.line import Role
from tui.views.words import current_job

if TYPE_CHECKING:
    from tui.effects import Effect
    from tui.ui import Scene

SETTLE_S = 0.3


def begin_sheet(scene: Scene) -> Sheet | None:
    """Return what beginning the next job would do: the plan first, then the copy."""
    now = scene.snapshot
    if now is None:
        return None
    if not now.workspace.planned:
        return Sheet(
            title="plan: list the source",
            command="vgwm plan",
            effects=(
                f"lists every object of {now.workspace.source} once, into the ledger",
                "reads names and attributes only; nothing is copied or changed",
            ),
            act=effects.Begin("plan"),
        )
    t = now.totals
    left = display.size(max(0, t.size_bytes - t.migrated_bytes))
    return Sheet(
        title="copy: bring the planned objects to the target",
        command="vgwm copy",
        effects=(
            f"copies {display.count(t.remaining)} objects, about {left}",
            f"to {now.workspace.target}; the source is only read",
            "it may be paused, cancelled and begun again; what is recorded stays",
        ),
        act=effects.Begin("copy"),
    )


def cancel_sheet(scene: Scene) -> Sheet | None:
    """Return what cancelling the job would do."""
    job = current_job(scene.snapshot) if scene.snapshot is not None else None
    if job is None:
        return None
    return Sheet(
        title=f"cancel job {job.id}, {job.kind}",
        command=f"vgwm cancel {job.id}",
        effects=(
            "bundles in flight are dropped and stay planned; what is recorded stays",
            f"vgwm {job.kind} goes on from there",
        ),
        act=effects.Steer(job.id, effects.Verb.CANCEL),
    )


def answer_sheet(ui: Ui, sheet: Sheet, key: str, id_: str, at_s: float) -> tuple[Ui, Effect | None]:
    """Return what a key does while a sheet is open; the focus begins on Cancel."""
    if id_ == "back":
        return replace(ui, sheet=None), None
    if sheet.painted_at_s is None or at_s < sheet.painted_at_s + SETTLE_S:
        return ui, None
    if key in {"tab", "shift+tab", "left", "right"}:
        return replace(ui, sheet=replace(sheet, on_run=not sheet.on_run)), None
    if key != "enter":
        return ui, None
    closed = replace(ui, sheet=None)
    if not sheet.on_run:
        said = Message(text=f"cancelled: {sheet.command} was not run", role=Role.TEXT)
        return replace(closed, message=said), None
    return closed, sheet.act
