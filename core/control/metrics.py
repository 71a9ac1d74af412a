"""A snapshot in Prometheus' text format, with no object key in any label.

Only what is known is written: a missing series is unknown, a zero would be a claim (I7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.metric import Metric, Sample, by
from core.control.metrics_traffic import traffic
from core.control.wire.state import HISTOGRAM_S
from core.model import ENDED, NS_PER_S, JobKind, JobState
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.control.desk import LookDesk
    from core.control.wire import checks as wire_checks
    from core.control.wire import state as wire
    from core.control.wire import verify as wire_verify


MEDIA_TYPE = "text/plain; version=0.0.4"

_PROOFS = 20
"""Of all kinds: the newest verification is among them, or long ago."""

_STATUS = {Verdict.PASS: 0, Verdict.WARN: 1, Verdict.FAIL: 2, Verdict.UNKNOWN: 3}
_OF_SERVERS = frozenset({"cluster", "kubo", "ydb", "redis", "gateway", "network", "lb", "host"})
"""Checks that ask a component itself: what else a component is judged by says not that it is up."""


async def of(desk: LookDesk) -> str:
    """Return the text of what a desk knows now."""
    return render(await desk.snapshot(), await desk.checks(), await desk.proofs(_PROOFS))


def render(
    now: wire.Snapshot,
    assessed: wire_checks.Checks | None = None,
    proved: wire_verify.Proofs | None = None,
) -> str:
    """Return the text of `GET /metrics`; families without a sample are left out."""
    lines: list[str] = []
    for metric in [*metrics(now), *_checks(assessed), *_proofs(proved)]:
        if not metric.samples:
            continue
        lines.append(f"# HELP vgwm_{metric.name} {metric.tells}")
        lines.append(f"# TYPE vgwm_{metric.name} {metric.kind}")
        for sample in metric.samples:
            labels = _labels((("workspace", now.workspace.name), *sample.labels))
            name = f"vgwm_{metric.name}{sample.suffix}"
            lines.append(f"{name}{{{labels}}} {_number(sample.value)}")
    return "\n".join(lines) + "\n"


def metrics(now: wire.Snapshot) -> list[Metric]:
    """Return every family, also those that have no sample now."""
    return [
        *_counts(now),
        *traffic(now),
        *_failures(now),
        *_pace(now),
        *_durations(now),
        *_nodes(now),
    ]


def _counts(now: wire.Snapshot) -> Iterable[Metric]:
    totals = now.totals
    states = (
        ("migrated", totals.migrated),
        ("failed", totals.failed),
        ("skipped", totals.skipped),
        ("gone", totals.gone),
        ("remaining", totals.remaining),
    )
    left = max(0, totals.size_bytes - totals.migrated_bytes)
    yield Metric("objects", "gauge", "Source keys by end state.", by("state", states))
    yield Metric(
        "bytes",
        "gauge",
        "Source bytes, recorded on the target and not.",
        by("state", (("migrated", totals.migrated_bytes), ("remaining", left))),
    )
    yield Metric(
        "objects_processed_total",
        "counter",
        "Objects that a phase has dealt with.",
        by("phase", (("plan", totals.objects), ("record", totals.migrated))),
    )
    yield Metric(
        "retries_total",
        "counter",
        "Objects sent to another bundle because their source changed.",
        by("phase", (("copy", totals.requeued),)),
    )
    yield Metric(
        "pins_pending",
        "gauge",
        "Bundles whose pin is not yet seen on every allocated peer.",
        [Sample((), totals.pins_waiting)],
    )


def _failures(now: wire.Snapshot) -> Iterable[Metric]:
    totals = now.totals
    yield Metric(
        "errors_total",
        "counter",
        "Failures of objects, retries included, by phase and class.",
        [Sample((("phase", one.phase), ("code", one.code)), one.times) for one in now.errors],
    )
    yield Metric(
        "failed_objects",
        "gauge",
        "Objects that are failed now, by the phase that they failed in.",
        by("phase", now.failed_phases.items()),
    )
    yield Metric(
        "operator_skips_total",
        "counter",
        "Failed objects that operators skipped, and skips that they took back.",
        by("act", (("made", totals.skips_made), ("undone", totals.skips_undone))),
    )


def _pace(now: wire.Snapshot) -> Iterable[Metric]:
    workers: dict[str, int] = {}
    for worker in now.workers:
        workers[worker.state] = workers.get(worker.state, 0) + 1
    yield Metric("workers", "gauge", "Worker processes.", by("state", sorted(workers.items())))
    eta = now.eta
    bounds = [(name, s) for name, s in (("low", eta.low_s), ("high", eta.high_s)) if s is not None]
    yield Metric("eta_seconds", "gauge", "When the job ends, as a range.", by("bound", bounds))
    # the stage alone: a label with figures would be another series each second
    stage = (eta.stalled_reason or "unknown").partition(":")[0]
    reason = [(stage, 1)] if eta.stalled_s is not None else []
    yield Metric("throttled", "gauge", "1 while a cause holds the job.", by("reason", reason))
    running = [
        (kind.value, sum(job.kind == kind and not _ended(job) for job in now.jobs))
        for kind in JobKind
    ]
    yield Metric("job_running", "gauge", "1 while a job has not ended.", by("kind", running))
    yield Metric(
        "last_progress_timestamp_seconds",
        "gauge",
        "When a running job last recorded something.",
        [
            Sample(
                (("kind", job.kind),),
                (now.at_ns / NS_PER_S) - (eta.stalled_s or eta.age_s or 0.0),
            )
            for job in now.jobs
            if not _ended(job)
        ],
    )
    yield Metric(
        "build_info",
        "gauge",
        "1; the version is the label.",
        by("version", [(now.engine.version, 1)]),
    )


def _durations(now: wire.Snapshot) -> Iterable[Metric]:
    by_phase = {one.phase: one for one in now.histograms}
    pins = by_phase.pop("pin", None)
    yield Metric(
        "pin_duration_seconds",
        "histogram",
        "From a pin's request until every allocated peer said pinned, by bundle.",
        _histogram(pins, ()) if pins is not None else [],
    )
    yield Metric(
        "bundle_duration_seconds",
        "histogram",
        "What recorded bundles took, by phase; all is the whole way.",
        [
            sample
            for phase, one in by_phase.items()
            for sample in _histogram(one, (("phase", phase),))
        ],
    )
    yield Metric(
        "read_bytes_total",
        "counter",
        "Source bytes of recorded bundles, since the engine began.",
        [Sample((), now.read_bytes)] if now.histograms else [],
    )


def _histogram(one: wire.Histogram, labels: tuple[tuple[str, str], ...]) -> list[Sample]:
    samples = []
    below = 0
    for bound, count in zip([*map(_number, HISTOGRAM_S), "+Inf"], one.counts, strict=True):
        below += count
        samples.append(Sample((*labels, ("le", bound)), below, "_bucket"))
    return [*samples, Sample(labels, one.sum_s, "_sum"), Sample(labels, below, "_count")]


def _nodes(now: wire.Snapshot) -> Iterable[Metric]:
    yield Metric(
        "sent_bytes_total",
        "counter",
        "Bytes sent to a node.",
        by("node", [(node.name, node.sent_bytes) for node in now.nodes]),
    )
    yield Metric(
        "target_free_bytes",
        "gauge",
        "Room that a peer says it has.",
        by(
            "peer",
            [(node.name, node.free_bytes) for node in now.nodes if node.free_bytes is not None],
        ),
    )


def _checks(assessed: wire_checks.Checks | None) -> Iterable[Metric]:
    """Yield the last assessment: what was never asked has no series, nor what only people know."""
    asked = () if assessed is None else assessed.checks
    answered = [one for one in asked if one.measured_ns is not None and not one.manual]
    yield Metric(
        "check_status",
        "gauge",
        "A check's last answer: 0 pass, 1 warn, 2 fail, 3 unknown.",
        [
            Sample((("component", one.component), ("check", one.id)), _STATUS[Verdict(one.state)])
            for one in answered
        ],
    )
    yield Metric(
        "component_up",
        "gauge",
        "1 if a component's own check passed, warnings included; 0 if it failed.",
        [
            Sample(
                (("component", one.component), ("endpoint", one.endpoint or "all")),
                one.state != Verdict.FAIL,
            )
            for one in answered
            if one.id in _OF_SERVERS and one.state != Verdict.UNKNOWN
        ],
    )


def _proofs(proved: wire_verify.Proofs | None) -> Iterable[Metric]:
    """Yield the newest verification: what was never verified has no series."""
    found = () if proved is None else proved.proofs
    newest = next((one for one in found if one.kind == JobKind.VERIFY), None)
    yield Metric(
        "verify_objects_total",
        "counter",
        "Keys of the newest verification, by the list that each is in.",
        [] if newest is None else by("result", [(one.name, one.objects) for one in newest.lists]),
    )
    bound = None if newest is None else newest.bytes.bound95
    yield Metric(
        "verify_bad_ratio_upper_bound",
        "gauge",
        "At most this share of objects has bad bytes, at 95 %, by the newest verification.",
        [] if bound is None else [Sample((), bound)],
    )


def _ended(job: wire.Job) -> bool:
    return job.state in ENDED or job.state == JobState.INTERRUPTED


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_quoted(value)}"' for name, value in labels)


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
