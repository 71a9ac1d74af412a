"""Plan: what was listed, what of it the target cannot carry, how long, which gates, which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.model import NS_PER_S
from tui.acts.plan_acts import command_of
from tui.linked import LinkState
from tui.parts import Part
from tui.views import estimate, gates, inventory
from tui.views.line import (
    EMPTY,
    WIDE,
    Line,
    Piece,
    Role,
    Size,
    beside,
    fitted,
    right,
    text,
    wrapped,
)
from tui.views.totals import labelled
from tui.views.words import current_job, is_alive, stands

if TYPE_CHECKING:
    from core.control.wire.plan import Plan
    from core.control.wire.state import Snapshot
    from tui.ui import Scene, Ui


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:
    """Return the body's rows: the plan's name, its parts, then one of them; two where wide."""
    now = scene.snapshot
    if now is None:
        return []
    if scene.plan is None:
        return _none(now, ui)
    head = [_head(scene.plan, scene.now_ns, size.width), _tabs(ui, size.width)]
    wide = size.width >= WIDE
    width = size.width // 2 if wide else size.width
    lines = [EMPTY, *_part(ui.part, scene.plan, scene, ui, width)]
    lines = [fitted(line, width - 1) for line in lines]
    if wide:
        other = Part.WAY if ui.part is not Part.WAY else Part.SIZES
        pane = [EMPTY, *_part(other, scene.plan, scene, ui, size.width - width)]
        lines = beside(lines, pane, width, size.height - len(head))
    return [*head, *lines]


def _part(part: Part, plan: Plan, scene: Scene, ui: Ui, width: int) -> list[Line]:
    match part:
        case Part.LOSSES:
            named = [EMPTY, text(" Enter lists them by name", Role.DIM)] if plan.skipped else []
            lost = inventory.losses(plan.unrepresentable)
            return [*_kept(plan), *lost, *_whole(plan), *named]
        case Part.TIME:
            found = scene.checks.estimate if scene.checks is not None else None
            return [*estimate.view(found, width), EMPTY, *gates.view(scene.checks, width)]
        case Part.WAY:
            return _way(plan, width)
        case _:
            return [*_counts(plan), EMPTY, *inventory.histogram(plan.histogram, ui, width)]


def _none(now: Snapshot, ui: Ui) -> list[Line]:
    """Say why there is no plan to show, and the key that makes one."""
    job = current_job(now)
    if job is not None and job.kind == "plan" and is_alive(job):
        listed = (
            f"{display.count(now.totals.objects)} objects, {display.size(now.totals.size_bytes)}"
        )
        return [
            EMPTY,
            (Piece(" "), stands(State.RUNNING, job.state), Piece(f"   {listed} listed so far")),
            text(" the plan is shown when the whole source is listed", Role.DIM),
        ]
    if now.workspace.planned:
        if ui.link.state in {LinkState.LIVE, LinkState.CONNECTING}:
            return [EMPTY, text(" ...", Role.DIM)]
        said = f" the plan is {now.workspace.plan_hash}: `:plan show` reads it from the ledger"
        return [EMPTY, text(said, Role.WARN)]
    return [
        EMPTY,
        text(" there is no plan yet"),
        EMPTY,
        (Piece(" B", Role.KEY), Piece("  lists the source once, read-only")),
        text("    the same on the command line: vgwm plan", Role.DIM),
    ]


def _head(plan: Plan, now_ns: int, width: int) -> Line:
    age = display.age(max(0.0, (now_ns - plan.made_ns) / NS_PER_S))
    state = stands(State.DONE, "whole") if plan.complete else stands(State.WARN, "incomplete")
    line: Line = (
        Piece(f" plan {plan.hash}", Role.TITLE),
        Piece(f"   of {plan.id}, made {age} ago   "),
        state,
    )
    return right(line, width - 1, Piece(plan.strategy))


def _tabs(ui: Ui, width: int) -> Line:
    line: Line = (Piece(" "),)
    for part in Part:
        chosen = part is ui.part
        shown = f"[{part}]" if chosen else f" {part} "
        line = (*line, Piece(shown, Role.KEY if chosen else Role.DIM))
    return right(line, width - 1, Piece(command_of(ui.part), Role.DIM))


def _counts(plan: Plan) -> list[Line]:
    copies = plan.replication or 1
    pins = f"   {display.count(plan.bundles * copies)} pins: {copies} copies of each"
    history = f"{display.count(plan.versions)} versions   {display.count(plan.markers)} markers"
    return [
        labelled(
            "objects",
            Piece(f"{display.count(plan.objects)}   {display.size(plan.size_bytes)}   "),
            Piece(f"{display.count(plan.buckets)} buckets"),
        ),
        labelled(
            "bundles",
            Piece(display.count(plan.bundles)),
            Piece("" if plan.replication is None else pins),
        ),
        labelled("history", Piece(history)),
        labelled(
            "skipped",
            Piece(display.count(plan.skipped), Role.WARN if plan.skipped else Role.TEXT),
            Piece("   listed by name: g e, Tab" if plan.skipped else "", Role.DIM),
        ),
        labelled("source", Piece(plan.source)),
        labelled("target", Piece(f"{plan.target}   profile {plan.profile}")),
        labelled("CIDs", Piece(plan.cid_profile)),
    ]


def _kept(plan: Plan) -> list[Line]:
    n = plan.versions + plan.markers
    if not n:
        return []
    said = f"{display.count(n)} versions and markers: in the bundles' manifests only"
    return [labelled("manifest", Piece(said)), EMPTY]


def _whole(plan: Plan) -> list[Line]:
    if plan.complete:
        return []
    said = "not every entry of the source could be read; g e lists them"
    return [EMPTY, (Piece(" "), stands(State.WARN, "incomplete"), Piece(f"   {said}"))]


def _way(plan: Plan, width: int) -> list[Line]:
    """Return the strategy's jobs in order, and what they cost."""
    lines: list[Line] = [labelled("strategy", Piece(plan.strategy, Role.TITLE)), EMPTY]
    for n, step in enumerate(plan.steps, 1):
        jobs = ", ".join(step.jobs)
        said = wrapped(f"{step.text}  ({jobs})" if jobs else step.text, max(8, width - 6))
        lines.append((Piece(f" {n:>3} ", Role.DIM), Piece(said[0])))
        lines += [text(f"     {part}") for part in said[1:]]
    lines.append(EMPTY)
    for n, cost in enumerate(plan.costs):
        said = wrapped(cost, max(8, width - 12))
        lines.append(labelled("" if n else "cost", Piece(said[0], Role.WARN)))
        lines += [labelled("", Piece(part, Role.WARN)) for part in said[1:]]
    return lines
