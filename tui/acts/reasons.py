"""Why a key does nothing now. An act that is off is dim, and pressing it says this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model import JobState
from tui.acts import (
    assess_acts,
    config_acts,
    cutover_acts,
    errors_acts,
    iam_acts,
    plan_acts,
    verify_acts,
)
from tui.keys import GO
from tui.linked import LinkState
from tui.screen import Name
from tui.views.words import BESIDE, current_job, is_alive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.control.wire.state import Job, Snapshot
    from tui.acts.own import Own
    from tui.ui import Scene, Ui

OWN: Mapping[Name, Own] = {
    Name.ASSESS: assess_acts.OWN,
    Name.CONFIG: config_acts.OWN,
    Name.IAM: iam_acts.OWN,
    Name.PLAN: plan_acts.OWN,
    Name.ERRORS: errors_acts.OWN,
    Name.VERIFY: verify_acts.OWN,
    Name.CUTOVER: cutover_acts.CUTOVER,
    Name.ROLLBACK: cutover_acts.ROLLBACK,
}
"""The screens that have keys of their own."""
ACTS = frozenset(
    {
        *("begin", "pause", "knob", "cancel", "retry", "skip", "accept", "fix", "edit"),
        *("cutover", "rollback"),
    }
)
_ONLY_OWN = frozenset(
    {"filter", "next", "open", "pane", "retry", "skip", "accept", "fix", "edit", "cutover"}
)
"""Keys that mean nothing but on a screen that has them for itself."""


def why_off(id_: str, scene: Scene, ui: Ui) -> str:
    """Return why this key is off; empty if it is on."""
    own = OWN.get(ui.screen)
    is_own = own is not None and id_ in own.does
    if id_ in _ONLY_OWN and not is_own:
        return f"{ui.screen.value} has no use for it: {_where(id_)}"
    is_local = own is not None and is_own and own.local
    starts_engine = id_ == "begin" and ui.link.state is LinkState.GONE and not is_local
    if id_ not in ACTS or starts_engine:
        return ""
    off = "" if is_local else _why_no_act(scene, ui)
    if off:
        return off
    if id_ == "rollback":
        return cutover_acts.why_no_way_back(ui, scene)
    if own is not None and is_own:
        return own.why_off(id_, ui, scene)
    return "" if scene.snapshot is None else _why_not(id_, scene.snapshot, ui)


def _why_no_act(scene: Scene, ui: Ui) -> str:
    """Return why nothing may be changed at the engine now."""
    if ui.link.why_no_acts:
        return ui.link.why_no_acts
    if scene.snapshot is None:
        return "nothing is known yet"
    return "" if ui.frozen_s is None else "the view is frozen: z lets it go on"


def _where(id_: str) -> str:
    """Return the way to the screens that have this key."""
    return ", ".join(f"g {letter}" for letter, name in GO.items() if id_ in _does(name))


def _does(name: Name) -> Mapping[str, object]:
    return OWN[name].does if name in OWN else {}


def _why_not(id_: str, now: Snapshot, ui: Ui) -> str:
    """Return why this act is off though the engine listens."""
    if id_ == "knob":
        return "" if now.knobs else "the engine shows no knobs"
    job = current_job(now)
    return _why_not_begin(job, now, ui.screen) if id_ == "begin" else _why_not_steer(job, id_)


def _why_not_begin(job: Job | None, now: Snapshot, screen: Name) -> str:
    if is_alive(job) and job is not None and job.kind not in BESIDE:
        return f"job {job.id} ({job.kind}) is {job.state}"
    if screen not in {Name.HOME, Name.MIGRATE, Name.PLAN}:
        return f"{screen.value} has no job of its own: g m, then B"
    if now.workspace.planned and not now.totals.remaining:
        failed = now.totals.failed
        return "nothing is left to copy" + (f"; {failed} failed: g e, then T" if failed else "")
    return ""


def _why_not_steer(job: Job | None, id_: str) -> str:
    if job is None or not is_alive(job):
        return "no job is running"
    if id_ == "pause" and job.state in {JobState.PAUSING, JobState.CANCELLING}:
        return f"job {job.id} is {job.state}"
    return ""
