"""Home: what is joined with what, which phase it is in, and what needs a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.control.facts import eta_fact, lease_fact, node_fact
from core.control.facts_crossing import risk_fact
from core.model import ENDED, NS_PER_S, JobState
from tui.facts.checklist import Kind, kind_of
from tui.views.line import EMPTY, Line, Piece, Role, Size, at, column, text
from tui.views.proved import validated
from tui.views.totals import labelled
from tui.views.words import (
    current_job,
    done_percent,
    is_alive,
    job_of_kind,
    job_state,
    role_of,
    stands,
)

if TYPE_CHECKING:
    from core.control.wire.checks import Checks
    from core.control.wire.state import Job, Snapshot
    from tui.ui import Scene, Ui

_MOST_CLASSES = 2
_COMMITTED = "COMMITTED"
_CONFIGURED = ("backups", "security")
"""The checks of what phase 2 makes."""


def view(scene: Scene, ui: Ui, size: Size) -> list[Line]:  # noqa: ARG001 - every view's shape
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
            Piece(f"{display.counted(now.totals.wanted, 'object')}   "),
            Piece(display.size(now.totals.wanted_bytes)),
        ),
        labelled("target", Piece(f"{ws.target}{copies}")),
        labelled("table", Piece(f"{ws.table}   profile {ws.profile}")),
        EMPTY,
        text(f"   {'phase':<14}{'state':<22}{'evidence':<33}go", Role.DIM),
        *(_recorded(now) if ui.link.played is not None else _phases(now, scene)),
        EMPTY,
    ]
    lines += [*_needs_you(now), *_blocked(scene.checks), *_not_equal(scene)]
    lines += _jobs(now)
    lines.append(_lease(now, ui))
    return [*lines, *_nodes(now)]


def _phases(now: Snapshot, scene: Scene) -> list[Line]:
    """Return the guide's phases that this release carries: found, listed, copied, proved."""
    checks = scene.checks
    return [
        _prepare(now, checks),
        _configure(checks),
        *_data(now),
        _validate(now, scene),
        _cut_over(now),
        *_at_risk(now),
    ]


def _recorded(now: Snapshot) -> list[Line]:
    """Return the phases that a recording holds: it has no assessment."""
    none = stands(State.NONE, "not recorded")
    return [_phase("1 prepare", none, "vgwm assess --last", go="g a"), *_data(now)]


def _configure(checks: Checks | None) -> Line:
    """Return phase 2. Nobody records what was converted: the checks of its work stand for it."""
    found = {check.id: kind_of(check) for check in checks.checks} if checks is not None else {}
    said = [f"{name} {found[name]}" for name in _CONFIGURED if name in found]
    evidence = ", ".join(said) or "vgwm config diff, vgwm iam check"
    return _phase("2 configure", stands(State.NONE, "by hand"), evidence, go="g c")


def _prepare(now: Snapshot, checks: Checks | None) -> Line:
    """Return phase 1 from the assessment: done when no check fails and nobody's word is missing."""
    if checks is None:
        return _phase("1 prepare", stands(State.UNKNOWN, "unknown"), "not read yet", go="g a")
    run = checks.run
    if run is not None and run.state not in ENDED:
        of = f" of {run.rows}" if run.rows else ""
        asked = f"{run.answered}{of} checks answered"
        return _phase("1 prepare", stands(State.RUNNING, "assessing"), asked, go="g a", is_now=True)
    if run is None:
        none = stands(State.NONE, "not assessed")
        return _phase("1 prepare", none, "B on Assess asks", go="g a", is_now=not now.jobs)
    state, evidence = _judged(checks)
    return _phase("1 prepare", state, evidence, go="g a", is_now=bool(checks.blocking))


def _judged(checks: Checks) -> tuple[Piece, str]:
    kinds = [kind_of(check) for check in checks.checks]
    fails, warns, unknown = (kinds.count(k) for k in (Kind.FAIL, Kind.WARN, Kind.UNKNOWN))
    if fails:
        word = "check fails" if fails == 1 else "checks fail"
        return stands(State.FAIL, f"{fails} {word}"), ", ".join(checks.blocking)
    if unknown or Kind.IDLE in kinds:
        n = unknown + kinds.count(Kind.IDLE)
        return stands(State.UNKNOWN, f"{n} unknown"), f"{warns} warnings to take on"
    if warns:
        return stands(State.WARN, f"{warns} to take on"), "A on Assess takes one on"
    return stands(State.DONE, "done"), f"assess {_ago(checks)} ago"


def _ago(checks: Checks) -> str:
    ended_ns = checks.run.ended_ns if checks.run is not None else None
    return display.age((checks.at_ns - (ended_ns or checks.at_ns)) / NS_PER_S)


def _data(now: Snapshot) -> list[Line]:
    job = current_job(now)
    plan = job if is_alive(job) and job is not None and job.kind == "plan" else None
    copy = max((j for j in now.jobs if j.kind == "copy"), key=lambda j: j.id, default=None)
    t = now.totals
    listed = f"{display.count(t.objects)} objects, {display.size(t.size_bytes)}"
    if plan is not None:
        first = _phase("3 plan", _of(plan), listed, go="g p", is_now=True)
    elif now.workspace.planned:
        first = _phase("3 plan", stands(State.DONE, "done"), listed, go="g p")
    else:
        none = stands(State.NONE, "not run")
        first = _phase("3 plan", none, "B on Plan lists it", go="g p", is_now=True)
    if copy is None:
        blocked = stands(State.NONE, "not run" if now.workspace.planned else "blocked: no plan")
        is_now = now.workspace.planned and not plan
        return [first, _phase("3 copy", blocked, "-", is_now=is_now), *_sync(now)]
    evidence = f"ETA {eta_fact(now).parts[0]}" if is_alive(copy) else _copied(now)
    return [first, _phase("3 copy", _copying(now, copy), evidence, is_now=True), *_sync(now)]


def _sync(now: Snapshot) -> list[Line]:
    """Return how far the target is behind the source; nothing before a sync looked at all of it."""
    if now.sync_lag_s is None:
        return []
    job = job_of_kind(now, "sync")
    waits = f", {display.count(now.sync_pending)} to carry" if now.sync_pending else ""
    evidence = f"lag {display.duration(now.sync_lag_s)}{waits}"
    if job is None:
        return [_phase("3 sync", stands(State.NONE, "no round runs"), evidence)]
    state = stands(job_state(job), "keeping up" if job.state == JobState.RUNNING else job.state)
    return [_phase("3 sync", state, evidence, is_now=is_alive(job))]


def _validate(now: Snapshot, scene: Scene) -> Line:
    """Return phase 4 from the newest verification."""
    told = validated(scene.proofs, now, scene.now_ns)
    return _phase("4 validate", told.state, told.evidence, go="g v", is_now=told.is_now)


def _cut_over(now: Snapshot) -> Line:
    """Return phase 5 from the slice that moved last."""
    newest = max(now.slices, key=lambda one: one.since_ns, default=None)
    if newest is None:
        return _phase("5 cut over", stands(State.NONE, "not begun"), "-", go="g u")
    more = f" and {len(now.slices) - 1} more" if now.slices[1:] else ""
    over = newest.state == _COMMITTED
    state = stands(State.DONE if over else State.RUNNING, f"{newest.number} {newest.state}")
    evidence = f"{newest.name}{more}, writes: {newest.writable}"
    return _phase("5 cut over", state, evidence, go="g u", is_now=not over)


def _at_risk(now: Snapshot) -> list[Line]:
    """Return what is at risk slice by slice, where slices go by themselves."""
    found = [(one.name, risk_fact(one.risk)) for one in now.slices if one.risk is not None]
    return [
        _phase("", stands(fact.state, f"{name} at risk"), "  ".join(fact.parts), go="g r")
        for name, fact in found
    ]


def _not_equal(scene: Scene) -> list[Line]:
    """Return what the newest verification found, if nobody mended it since."""
    if scene.snapshot is None:
        return []
    told = validated(scene.proofs, scene.snapshot, scene.now_ns)
    if not told.needs:
        return []
    line = labelled("needs you", Piece(column(told.needs, 60).rstrip(), Role.BAD))
    return [at(line, 72, Piece("g v", Role.KEY))]


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


def _phase(
    name: str, state: Piece, evidence: str, *, go: str = "g m", is_now: bool = False
) -> Line:
    return (
        Piece(" > " if is_now else "   ", Role.KEY),
        Piece(f"{name:<14}"),
        Piece(column(state.text, 21) + " ", state.role),
        Piece(column(evidence, 32) + " "),
        Piece(go, Role.KEY),
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


def _blocked(checks: Checks | None) -> list[Line]:
    """Return that checks block the way, and which."""
    if checks is None or not checks.blocking:
        return []
    said = f"plan, copy and retry are blocked: {', '.join(checks.blocking)}"
    line = labelled("needs you", Piece(column(said, 60).rstrip(), Role.BAD))
    return [at(line, 72, Piece("g a", Role.KEY))]


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
