"""Home: what is joined with what, which phase it is in, and what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.control.facts import eta_fact, lease_fact, node_fact
from core.model import NS_PER_S, JobState
from tui.views.line import EMPTY, Line, Piece, Role, Size, at, column, text
from tui.views.totals import labelled
from tui.views.words import current_job, done_percent, is_alive, job_state, role_of, stands

if TYPE_CHECKING:
    from core.control.wire import Job, Snapshot
    from tui.ui import Scene, Ui

_MOST_CLASSES = 2


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:  # noqa: ARG001 - every view has this shape
    """Return the body's rows."""
    now = scene.snapshot
    if now is None:
        return []
    ws = now.workspace
    copies = "" if ws.replication is None else f"   {ws.replication} copies"
    lines: list[Line] = [
        labelled(
            "source",
            Piece(f"{ws.source}   {display.count(ws.buckets)} buckets   "),
            Piece(f"{display.count(now.totals.objects)} objects   "),
            Piece(display.size(now.totals.size_bytes)),
        ),
        labelled("target", Piece(f"{ws.target}{copies}")),
        labelled("table", Piece(f"{ws.table}   profile {ws.profile}")),
        EMPTY,
        text(f"   {'phase':<14}{'state':<22}{'evidence':<33}go", Role.DIM),
        *_phases(now),
        EMPTY,
    ]
    lines += _needs_you(now)
    lines += _jobs(now)
    lines.append(_lease(now, ui))
    return [*lines, *_nodes(now)]


def _phases(now: Snapshot) -> list[Line]:
    job = current_job(now)
    plan = job if is_alive(job) and job is not None and job.kind == "plan" else None
    copy = max((j for j in now.jobs if j.kind == "copy"), key=lambda j: j.id, default=None)
    t = now.totals
    listed = f"{display.count(t.objects)} objects, {display.size(t.size_bytes)}"
    if plan is not None:
        first = _phase("1 plan", _of(plan), listed, is_now=True)
    elif now.workspace.planned:
        first = _phase("1 plan", stands(State.DONE, "done"), listed)
    else:
        first = _phase("1 plan", stands(State.NONE, "not run"), "B on Migrate plans", is_now=True)
    if copy is None:
        blocked = stands(State.NONE, "not run" if now.workspace.planned else "blocked: no plan")
        return [first, _phase("2 data", blocked, "-", is_now=now.workspace.planned and not plan)]
    evidence = f"ETA {eta_fact(now).parts[0]}" if is_alive(copy) else _copied(now)
    return [first, _phase("2 data", _copying(now, copy), evidence, is_now=True)]


def _copied(now: Snapshot) -> str:
    t = now.totals
    return f"{display.count(t.migrated)} migrated, {display.count(t.failed)} failed"


def _copying(now: Snapshot, job: Job) -> Piece:
    if job.state == JobState.RUNNING and now.eta.stalled_s is not None:
        return stands(State.STALLED, f"stalled {done_percent(now)}")
    word = "copying" if job.state == JobState.RUNNING else job.state
    return stands(job_state(job), f"{word} {done_percent(now)}")


def _of(job: Job) -> Piece:
    word = "planning" if job.state == JobState.RUNNING else job.state
    return stands(job_state(job), word)


def _phase(name: str, state: Piece, evidence: str, *, is_now: bool = False) -> Line:
    return (
        Piece(" > " if is_now else "   ", Role.KEY),
        Piece(f"{name:<14}"),
        Piece(column(state.text, 21) + " ", state.role),
        Piece(column(evidence, 32) + " "),
        Piece("g m", Role.KEY),
    )


def _needs_you(now: Snapshot) -> list[Line]:
    lines: list[Line] = []
    failed = now.totals.failed
    if failed:
        word = "object" if failed == 1 else "objects"
        said = f"{display.count(failed)} {word} failed{_why(now)}"
        line = labelled("needs you", Piece(column(said, 60).rstrip(), Role.BAD))
        lines.append(at(line, 72, Piece("g e", Role.KEY)))
    job = current_job(now)
    if job is not None and job.state == JobState.FAILED:
        why = job.result.what if job.result is not None else job.reason
        lines.append(labelled("needs you", Piece(f"job {job.id} failed: {why}", Role.BAD)))
    return lines


def _why(now: Snapshot) -> str:
    """Return the failed objects' classes, the largest first."""
    classes = [f"{display.count(n)} {code}" for code, n in now.failed_by.items() if n]
    more = ", .." if len(classes) > _MOST_CLASSES else ""
    return f": {', '.join(classes[:_MOST_CLASSES])}{more}" if classes else ""


def _jobs(now: Snapshot) -> list[Line]:
    jobs = sorted(now.jobs, key=lambda job: -job.id)[:3]
    if not jobs:
        return [labelled("jobs", Piece("- none", Role.DIM))]
    said = []
    for job in jobs:
        began_ns = job.began_ns if job.began_ns is not None else job.made_ns
        took_s = max(0.0, ((job.ended_ns or now.at_ns) - began_ns) / NS_PER_S)
        said.append(f"#{job.id} {job.kind} {job.state} {display.duration(took_s)}")
    return [labelled("jobs", Piece("    ".join(said)))]


def _lease(now: Snapshot, ui: Ui) -> Line:
    fact = lease_fact(now)
    mine = now.lease is not None and now.lease.holder == ui.actor
    role = Role.WARN if now.lease is not None and not mine else Role.DIM
    heard = "" if fact.age_s is None else f"  heard {display.age(fact.age_s)} ago"
    whose = "   (you)" if mine else ""
    return labelled("lease", Piece(fact.value + heard, role), Piece(whose, Role.DIM))


def _nodes(now: Snapshot) -> list[Line]:
    lines: list[Line] = []
    for index, node in enumerate(now.nodes[:6]):
        state = node_fact(node).state
        free = "free ?" if node.free_bytes is None else f"{display.size(node.free_bytes)} free"
        seen = "never seen" if node.age_s is None else f"{display.age(node.age_s)} ago"
        lines.append(
            labelled(
                "nodes" if index == 0 else "",
                Piece(column(node.name, 14) + " "),
                Piece(column(f"{state.glyph} {node.state}", 14), role_of(state)),
                Piece(f"{free:<14}{seen:<12}{node.reason}", Role.DIM),
            )
        )
    return lines
