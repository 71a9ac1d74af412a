"""Why a key does nothing now. An act that is off is dim, and pressing it says this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.model import JobState
from tui.errors_acts import row_of
from tui.mend import Verb, why_not
from tui.ui import LinkState, Name
from tui.views.words import current_job, is_alive

if TYPE_CHECKING:
    from core.control.wire import Job, Snapshot
    from tui.ui import Scene, Ui

_MENDS = {"retry": Verb.RETRY, "skip": Verb.SKIP}
ACTS = frozenset({"begin", "pause", "knob", "cancel", *_MENDS})
_OF_LISTS = frozenset({"filter", "next", "open", "pane", *_MENDS})


def why_off(id_: str, scene: Scene, ui: Ui) -> str:
    """Return why this key is off; empty if it is on."""
    if id_ in _OF_LISTS and ui.screen is not Name.ERRORS:
        return f"{ui.screen.value} has no list of errors: g e"
    starts_engine = id_ == "begin" and ui.link.state is LinkState.GONE
    if id_ not in ACTS or starts_engine:
        return ""
    if ui.link.why_no_acts:
        return ui.link.why_no_acts
    if scene.snapshot is None:
        return "nothing is known yet"
    if ui.frozen_s is not None:
        return "the view is frozen: z lets it go on"
    return _why_not(id_, scene, scene.snapshot, ui)


def _why_not(id_: str, scene: Scene, now: Snapshot, ui: Ui) -> str:
    """Return why this act is off though the engine listens."""
    if id_ in _MENDS:
        return why_not(_MENDS[id_], ui.listing, row_of(ui, scene), opened=ui.opened)
    if id_ == "knob":
        return "" if now.knobs else "the engine shows no knobs"
    job = current_job(now)
    return _why_not_begin(job, now, ui.screen) if id_ == "begin" else _why_not_steer(job, id_)


def _why_not_begin(job: Job | None, now: Snapshot, screen: Name) -> str:
    if is_alive(job) and job is not None:
        return f"job {job.id} ({job.kind}) is {job.state}"
    if screen not in {Name.HOME, Name.MIGRATE}:
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
