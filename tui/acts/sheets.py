"""The sheets of acts that write: what they run and do, and how a key answers them.

No key counts that came before the sheet was painted and 0.3 s had passed. The guard stands where
the answer is given, so that a burst written in one piece cannot get through.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import display
from tui.acts import effects
from tui.acts.mend import Verb
from tui.ui import Message, Sheet, Ui
from tui.views.line import Role
from tui.views.words import ASSESS, VERIFY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.failures import ActPlan, ActShare
    from core.control.wire.state import Job
    from tui.acts.effects import Effect
    from tui.acts.mend import Mend
    from tui.ui import Scene

SETTLE_S = 0.3
_MOST_SHARES = 6
_DOES = {
    Verb.RETRY: "try again",
    Verb.SKIP: "skip, so that they do not come over",
    Verb.UNSKIP: "take the skip back",
}


def begin_sheet(scene: Scene) -> Sheet | None:
    """Return what beginning the next job would do: the plan first, then the copy."""
    now = scene.snapshot
    if now is None:
        return None
    blocked = _blocked(scene)
    if not now.workspace.planned:
        return Sheet(
            title="plan: list the source",
            command="vgwm plan",
            effects=(
                *blocked,
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
            *blocked,
            f"copies {display.count(t.remaining)} objects, about {left}",
            f"to {now.workspace.target}; the source is only read",
            "it may be paused, cancelled and begun again; what is recorded stays",
        ),
        act=effects.Begin("copy"),
    )


def _blocked(scene: Scene) -> tuple[str, ...]:
    """Return that the engine is going to refuse it, as far as that is known here."""
    ids = scene.checks.blocking if scene.checks is not None else []
    return (f"is refused until these checks pass (g a): {', '.join(ids)}",) if ids else ()


def cancel_sheet(job: Job | None) -> Sheet | None:
    """Return what cancelling a job would do."""
    if job is None:
        return None
    return Sheet(
        title=f"cancel job {job.id}, {job.kind}",
        command=f"vgwm cancel {job.id}",
        effects=_CANCELLED.get(job.kind)
        or (
            "bundles in flight are dropped and stay planned; what is recorded stays",
            f"vgwm {job.kind} goes on from there",
        ),
        act=effects.Steer(job.id, effects.Verb.CANCEL),
    )


_LISTED = (
    "what was looked at so far is listed, and said to be a part",
    "another one begins anew; P pauses, and loses nothing",
)
_CANCELLED = {
    ASSESS: ("checks that have answered keep their answer; the others their last one",),
    VERIFY: _LISTED,
    "check": _LISTED,
    "repair": ("what is mended stays so; what is left is mended by another plan",),
}
"""What becomes of a cancelled job, by its kind."""


def mend_sheet(plan: ActPlan, mend: Mend, scene: Scene, was: ActPlan | None = None) -> Sheet:
    """Return what retrying or skipping would do, as the engine planned it.

    was: the plan that was shown before and is no longer true. Skipping asks for the workspace's
    name: what is skipped does not come over.
    """
    skips = mend.verb is Verb.SKIP
    sized = f"{objects(plan.objects)}, {display.size(plan.size_bytes)}"
    return Sheet(
        title=f"{_DOES[mend.verb]}: {sized}",
        command=f"{plan.command} --confirm {plan.hash}",
        effects=(
            *(() if was is None else (_differs(was, plan),)),
            *(f"object {name}" for name in mend.names),
            *_shares(plan.by_class, ""),
            *_shares(plan.spared, "left alone: "),
            *((f"reason: {plan.reason}",) if plan.reason else ()),
            f"plan {plan.hash}: exactly these objects, or none if they are others by then",
        ),
        act=effects.CarryOut(plan, mend),
        word=scene.workspace if skips else "",
    )


def objects(n: int) -> str:
    """Return a number of objects: `1 object`, `12 objects`."""
    return f"{display.count(n)} object{'' if n == 1 else 's'}"


def _differs(was: ActPlan, plan: ActPlan) -> str:
    before, now = display.count(was.objects), objects(plan.objects)
    return f"it is another plan now: {now}, {was.hash} was {before}; nothing was done"


def _shares(shares: Sequence[ActShare], mark: str) -> tuple[str, ...]:
    """Return a line a class, the largest first, and one for the classes that have no room."""
    ordered = sorted(shares, key=lambda share: -share.objects)
    lines = [
        f"{mark}{display.count(share.objects)} {share.code} in {share.phase},"
        f" {display.size(share.size_bytes)}"
        for share in ordered[:_MOST_SHARES]
    ]
    rest = ordered[_MOST_SHARES:]
    if rest:
        others = sum(share.objects for share in rest)
        lines.append(f"{mark}{display.count(others)} of {len(rest)} more classes")
    return tuple(lines)


def answer_sheet(ui: Ui, sheet: Sheet, key: str, id_: str, at_s: float) -> tuple[Ui, Effect | None]:
    """Return what a key does while a sheet is open; the focus begins on Cancel."""
    if id_ == "back":
        return replace(ui, sheet=None), None
    if sheet.painted_at_s is None or at_s < sheet.painted_at_s + SETTLE_S:
        return ui, None
    return _answer_word(ui, sheet, key) if sheet.word else _answer_buttons(ui, sheet, key)


def _answer_buttons(ui: Ui, sheet: Sheet, key: str) -> tuple[Ui, Effect | None]:
    if key in {"tab", "shift+tab", "left", "right"}:
        return replace(ui, sheet=replace(sheet, on_run=not sheet.on_run)), None
    if key != "enter":
        return ui, None
    closed = replace(ui, sheet=None)
    if not sheet.on_run:
        said = Message(text=f"cancelled: {sheet.command} was not run", role=Role.TEXT)
        return replace(closed, message=said), None
    return closed, sheet.act


def _answer_word(ui: Ui, sheet: Sheet, key: str) -> tuple[Ui, Effect | None]:
    """Take the word that has to be typed. A wrong one says so, and the sheet stays."""
    typed = sheet.typed
    match key:
        case "enter" if typed == sheet.word:
            return replace(ui, sheet=None), sheet.act
        case "enter":
            return replace(ui, sheet=replace(sheet, typed="", wrong=True)), None
        case "backspace" | "ctrl+h":
            typed = typed[:-1]
        case "ctrl+u":
            typed = ""
        case _ if len(key) == 1 and key.isprintable():
            typed = (typed + key)[: 2 * len(sheet.word)]
        case _:
            return ui, None
    return replace(ui, sheet=replace(sheet, typed=typed, wrong=False)), None
