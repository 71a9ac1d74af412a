"""What every screen and `--plain` show: a snapshot as a flat list of labelled facts.

Pure: from `core.control.wire.state` to text, by `core.display`. A screen lays the parts of a fact
out in its columns, plain output joins them, so that neither can know something that the other does
not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core import display
from core.control.fact import Fact, State
from core.control.facts_crossing import cutover_facts
from core.control.failures.words import skipped_parts, where_failed
from core.display import clock_s
from core.model import NS_PER_S, JobKind, JobState

if TYPE_CHECKING:
    from core.control.wire import state as wire


_JOB_STATES = {
    JobState.QUEUED: State.WAITING,
    JobState.RUNNING: State.RUNNING,
    JobState.PAUSING: State.RUNNING,
    JobState.PAUSED: State.PAUSED,
    JobState.CANCELLING: State.RUNNING,
    JobState.CANCELLED: State.SKIPPED,
    JobState.DONE: State.DONE,
    JobState.FAILED: State.FAIL,
    JobState.INTERRUPTED: State.WARN,
}

_WORKER_STATES = {
    "idle": State.NONE,
    "copy": State.RUNNING,
    "plan": State.RUNNING,
    "waiting": State.WAITING,
    "stalled": State.STALLED,
    "paused": State.PAUSED,
    "silent": State.STALE,
    "gone": State.FAIL,
}

_NODE_STATES = {
    "ok": State.PASS,
    "busy": State.WARN,
    "slow": State.WARN,
    "full": State.FAIL,
    "failing": State.FAIL,
    "denied": State.FAIL,
    "unreachable": State.FAIL,
}


def facts(now: wire.Snapshot) -> list[Fact]:
    """Return everything that a snapshot knows, in reading order."""
    return [
        *workspace_facts(now),
        *total_facts(now),
        *speed_facts(now),
        *lag_facts(now),
        *cutover_facts(now),
        *(job_fact(job, now.at_ns) for job in now.jobs),
        *(worker_fact(worker) for worker in now.workers),
        *(node_fact(node) for node in now.nodes),
        *(knob_fact(knob, now.at_ns) for knob in now.knobs),
        *loss_facts(now),
        *(event_fact(event) for event in now.events),
    ]


def workspace_facts(now: wire.Snapshot) -> list[Fact]:
    """Return what is joined with what, and whether the engine lives."""
    ws = now.workspace
    copies = () if ws.replication is None else (f"{ws.replication} copies",)
    plan = (
        Fact(label="plan", parts=(ws.plan_hash or "kept in the ledger",), state=State.DONE)
        if ws.planned
        else Fact(label="plan", parts=("none",), reason="vgwm plan makes it")
    )
    return [
        Fact(label="workspace", parts=(ws.name, ws.id, ws.path)),
        Fact(label="source", parts=(ws.source, display.counted(ws.buckets, "bucket"))),
        Fact(label="target", parts=(ws.target, *copies)),
        Fact(label="table", parts=(ws.table, f"profile {ws.profile}")),
        plan,
        engine_fact(now),
        lease_fact(now),
    ]


def engine_fact(now: wire.Snapshot) -> Fact:
    """Return how the engine is; `down` when the ledger alone was read."""
    engine = now.engine
    if engine.state == "down":
        return Fact(
            label="engine",
            parts=("down",),
            state=State.STALE,
            reason="read from the ledger; vgwm engine start",
        )
    return Fact(
        label="engine",
        parts=(
            engine.state,
            f"pid {engine.pid}",
            f"epoch {engine.epoch}",
            f"since {clock_s(engine.started_ns)} UTC",
            f"{display.size(engine.rss_bytes)} resident",
            f"version {engine.version}",
            f"kept by {engine.kept_by or 'nobody'}, {engine.restarts} restarts",
        ),
        state=State.PASS if engine.state == "ok" else State.WARN,
    )


def lease_fact(now: wire.Snapshot) -> Fact:
    """Return who steers: whose acts are not refused."""
    lease = now.lease
    if lease is None:
        return Fact(label="lease", parts=("free", "the first act takes it"))
    return Fact(
        label="lease",
        parts=(lease.holder, f"since {clock_s(lease.since_ns)} UTC"),
        age_s=lease.heard_s,
    )


def total_facts(now: wire.Snapshot) -> list[Fact]:
    """Return the counters of I4, which sum up to the objects."""
    totals = now.totals
    known = now.workspace.planned
    whole = known and totals.remaining == 0 and totals.objects > 0
    return [
        Fact(
            label="objects",
            parts=(
                f"{display.count(totals.migrated)} of {display.count(totals.wanted)}",
                display.percent(totals.migrated, totals.wanted) if known else _WALKING,
            ),
            state=State.DONE if whole else State.NONE,
        ),
        Fact(
            label="bytes",
            parts=(
                f"{display.size(totals.migrated_bytes)} of {display.size(totals.wanted_bytes)}",
                display.percent(totals.migrated_bytes, totals.wanted_bytes) if known else _WALKING,
            ),
        ),
        Fact(
            label="failed",
            parts=(
                display.count(totals.failed),
                ", ".join(f"{display.count(n)} {code}" for code, n in now.failed_by.items()),
            ),
            state=State.FAIL if totals.failed else State.PASS,
            reason=where_failed(now) if totals.failed else "",
        ),
        Fact(label="remaining", parts=(display.count(totals.remaining),)),
        Fact(label="skipped", parts=skipped_parts(totals)),
        Fact(label="gone", parts=(display.count(totals.gone),)),
        Fact(label="re-queued", parts=(display.count(totals.requeued),)),
        Fact(label="versions", parts=(display.count(totals.versions),)),
        Fact(label="markers", parts=(display.count(totals.markers),)),
        Fact(
            label="bundles",
            parts=(f"{display.count(totals.bundles_recorded)} of {display.count(totals.bundles)}",),
        ),
        Fact(label="pins waiting", parts=(display.count(totals.pins_waiting),)),
    ]


def speed_facts(now: wire.Snapshot) -> list[Fact]:
    """Return rate, ETA and what bounds them."""
    rate = now.rate
    found = [
        Fact(label="rate", parts=_speed(rate.objects_s, rate.bytes_s, "(60 s)")),
        Fact(
            label="rate since start",
            parts=_speed(rate.objects_s_mean, rate.bytes_s_mean),
        ),
        eta_fact(now),
    ]
    if now.limit:
        found.append(Fact(label="limit", parts=(now.limit,)))
    return found


def lag_facts(now: wire.Snapshot) -> list[Fact]:
    """Return how far the target is behind the source; nothing before a sync's first full round."""
    if now.sync_lag_s is None:
        return []
    lag = display.duration(now.sync_lag_s)
    return [
        Fact(label="lag", parts=(lag, f"{display.counted(now.sync_pending, 'object')} to carry"))
    ]


def _speed(objects_s: float | None, bytes_s: float | None, over: str = "") -> tuple[str, ...]:
    if objects_s is None or bytes_s is None:
        return ("unknown",)
    return (f"{display.count(round(objects_s))} obj/s", f"{display.size(bytes_s)}/s", over)


def eta_fact(now: wire.Snapshot) -> Fact:
    """Return when it ends: a range, or why there is none (I7)."""
    eta = now.eta
    if eta.stalled_s is not None:
        reason = eta.stalled_reason or "no reason known"
        return Fact(
            label="ETA",
            parts=(f"stalled {display.duration(eta.stalled_s)}: {reason}",),
            state=State.STALLED,
            reason=reason,
        )
    if eta.low_s is not None and eta.high_s is not None:
        parts = (
            f"{display.duration(eta.low_s)} .. {display.duration(eta.high_s)}",
            f"ends {_clock(now.at_ns, eta.low_s)} .. {_clock(now.at_ns, eta.high_s)} UTC",
            # a fresh figure needs no age beside it: the samples are a second apart
            f"as of {display.age(eta.age_s)} ago" if eta.age_s and eta.age_s >= _OLD_S else "",
        )
        return Fact(label="ETA", parts=parts, state=State.RUNNING, age_s=eta.age_s)
    if eta.ending is not None:
        return Fact(label="ETA", parts=(eta.ending,), state=State.RUNNING)
    if now.totals.objects and not now.totals.remaining:
        return Fact(label="ETA", parts=("nothing is left to copy",), state=State.DONE)
    why = eta.unknown or "no rate yet"
    return Fact(label="ETA", parts=(f"unknown: {why}",), state=State.UNKNOWN, reason=why)


_OLD_S = 5.0
_WALKING = "found so far"  # a percentage of what is not known yet would be a claim (I7)


def _clock(at_ns: int, ahead_s: float) -> str:
    """Return hh:mm, with the date in front when it is another day."""
    begins = datetime.fromtimestamp(at_ns / NS_PER_S, tz=UTC)
    ends = datetime.fromtimestamp(at_ns / NS_PER_S + ahead_s, tz=UTC)
    return ends.strftime("%H:%M" if ends.date() == begins.date() else "%d %b %H:%M")


def job_fact(job: wire.Job, at_ns: int) -> Fact:
    """Return one job: kind, state, how far, who began it, how long; why it failed, what to do."""
    of = "" if job.total is None else f" of {display.count(job.total)}"
    percent = "" if job.total is None else display.percent(job.done, job.total)
    began_ns = job.began_ns if job.began_ns is not None else job.made_ns
    took_s = max(0.0, ((job.ended_ns or at_ns) - began_ns) / NS_PER_S)
    reason = job.result.what if job.result is not None else job.reason
    things = "checks" if job.kind == JobKind.ASSESS else "objects"
    return Fact(
        label=f"job {job.id}",
        parts=(
            job.kind,
            job.state,
            f"{display.count(job.done)}{of} {things}",
            percent,
            display.duration(took_s),
            f"by {job.actor}",
            reason,
            "" if job.result is None else f"do: {job.result.remedy}",
        ),
        state=_JOB_STATES[JobState(job.state)] if job.state in set(JobState) else State.UNKNOWN,
        reason=reason,
        age_s=None if job.ended_ns is None else max(0.0, (at_ns - job.ended_ns) / NS_PER_S),
    )


def worker_fact(worker: wire.Worker) -> Fact:
    """Return one worker's row; a worker that does not work shows since when."""
    state = _WORKER_STATES.get(worker.state, State.UNKNOWN)
    moving = state is State.RUNNING
    return Fact(
        label=f"worker {worker.slot}",
        parts=(
            worker.state,
            f"{display.count(round(worker.objects_s))} obj/s" if moving else "-",
            f"{display.size(round(worker.bytes_s))}/s" if moving else "-",
            "-" if worker.bundle is None else f"bundle {display.count(worker.bundle)}",
            worker.step,
            "" if moving else display.duration(worker.since_s),
        ),
        state=state,
        reason="" if moving else worker.step,
        age_s=worker.since_s,
    )


def node_fact(node: wire.Node) -> Fact:
    """Return one node or peer; never healthy without an answer (I7)."""
    return Fact(
        label=f"node {node.name}",
        parts=(
            node.state,
            "free unknown" if node.free_bytes is None else f"{display.size(node.free_bytes)} free",
            f"{node.in_flight} in flight",
            f"{display.size(node.sent_bytes)} sent",
            "never seen" if node.age_s is None else f"{display.age(node.age_s)} ago",
            node.url,
            node.reason,
        ),
        state=_NODE_STATES.get(node.state, State.UNKNOWN),
        reason=node.reason,
        age_s=node.age_s,
    )


def knob_fact(knob: wire.Knob, at_ns: int) -> Fact:
    """Return one setting, its bounds, who set it and what it does now."""
    age_s = None if knob.set_ns is None else max(0.0, (at_ns - knob.set_ns) / NS_PER_S)
    return Fact(
        label=f"knob {knob.name}",
        parts=(
            knob.value,
            knob.bounds,
            f"by {knob.actor}" if knob.actor else f"default {knob.default}",
            knob.effect,
        ),
        state=State.NONE,
        age_s=age_s,
    )


def loss_facts(now: wire.Snapshot) -> list[Fact]:
    """Return how many keys each class of things holds that the target cannot show."""
    return [
        Fact(label=_lost(name), parts=(display.count(n),), state=State.WARN)
        for name, n in sorted(now.unrepresentable.items())
        if n
    ]


def event_fact(event: wire.Event) -> Fact:
    """Return one line of the log."""
    match event.level:
        case "error":
            state = State.FAIL
        case "warn":
            state = State.WARN
        case _:
            state = State.NONE
    job = "-" if event.job is None else str(event.job)
    return Fact(
        label=f"event {display.count(event.seq)}",
        parts=(clock_s(event.ts_ns), job, event.who, event.text),
        state=state,
    )


def line(fact: Fact) -> str:
    """Return a fact as one line of plain text: glyph and word, then what it is."""
    word = "" if fact.state is State.NONE or fact.state.value in fact.value else f"{fact.state} "
    mark = " " if fact.state is State.NONE else fact.state.glyph
    why = f"  ({fact.reason})" if fact.reason and fact.reason not in fact.value else ""
    return f"{mark} {fact.label:<18} {word}{fact.value}{why}".rstrip()


def _lost(name: str) -> str:
    """Name a class of what the plan or the copy noticed; the bytes of the latter are carried."""
    odd = name.removeprefix("integrity:")
    return f"cannot carry {name}" if odd == name else f"sums in the source: {odd}"
