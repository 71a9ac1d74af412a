"""What a log says of snapshots: engines, jobs and stalls as they change, a running job's minutes.

Pure: the engine's log and a command's `--log-file` both come from it, and say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.control.log.lines import (
    BundleFacts,
    Facts,
    JobFacts,
    LogLine,
    MinuteFacts,
    MovesFacts,
    StallFacts,
    StartFacts,
)
from core.display import count, duration, size
from core.model import NS_PER_S, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.control.wire import bundles as wire_bundles
    from core.control.wire import state as wire

MINUTE_S: Final = 60.0
AT_WORK: Final = frozenset({JobState.RUNNING, JobState.PAUSING, JobState.CANCELLING})


def working_job(now: wire.Snapshot) -> wire.Job | None:
    """Return the newest job that is at work; a paused one is not."""
    return max(
        (job for job in now.jobs if job.state in AT_WORK), key=lambda job: job.id, default=None
    )


class SnapshotLog:
    """Turns a row of snapshots into lines of a log. since_ns: what ended before it is not told."""

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._epoch = -1
        self._jobs: dict[int, str] = {}
        self._stall: StallFacts | None = None
        self._minute: wire.Snapshot | None = None

    def see(self, now: wire.Snapshot) -> list[LogLine]:
        """Return what there is to say of a snapshot, after those that were seen before."""
        return [*self._engine(now), *self._of_jobs(now), *self._stalls(now), *self._minutes(now)]

    def _engine(self, now: wire.Snapshot) -> Iterator[LogLine]:
        engine = now.engine
        if engine.epoch == self._epoch or engine.state == "down":
            return
        self._epoch = engine.epoch
        facts = StartFacts(epoch=engine.epoch, pid=engine.pid, version=engine.version)
        text = f"engine {engine.version} of workspace {now.workspace.name}, epoch {engine.epoch}"
        yield _line(now, text, facts)

    def _of_jobs(self, now: wire.Snapshot) -> Iterator[LogLine]:
        for job in sorted(now.jobs, key=lambda job: job.id):
            if self._jobs.get(job.id) == job.state:
                continue
            self._jobs[job.id] = job.state
            if job.ended_ns is not None and job.ended_ns < self._since_ns:
                continue
            why = job.result.what if job.result is not None else job.reason
            text = f"job {job.id} {job.kind} {job.state}{': ' if why else ''}{why}"
            facts = JobFacts(job=job.id, of=job.kind, state=job.state)
            yield _line(now, text, facts, "error" if job.state == JobState.FAILED else "info")
        for gone in self._jobs.keys() - {job.id for job in now.jobs}:
            del self._jobs[gone]

    def _stalls(self, now: wire.Snapshot) -> Iterator[LogLine]:
        for_s, reason = now.eta.stalled_s, now.eta.stalled_reason or ""
        before = self._stall
        if for_s is None:
            if before is not None:
                self._stall = None
                facts = MovesFacts(for_s=before.for_s, reason=before.reason)
                yield _line(now, f"goes on after {duration(before.for_s)}", facts)
            return
        self._stall = StallFacts(for_s=for_s, reason=reason or (before.reason if before else ""))
        if before is None:
            text = f"nothing recorded for {duration(for_s)}: {reason or 'no reason known'}"
            yield _line(now, text, self._stall, "warning")

    def _minutes(self, now: wire.Snapshot) -> Iterator[LogLine]:
        job, then = working_job(now), self._minute
        if job is None:
            self._minute = None
        if then is None:
            self._minute = now if job is not None else None
            return
        over_s = (now.at_ns - then.at_ns) / NS_PER_S
        if job is None or over_s < MINUTE_S:
            return
        self._minute = now
        yield _minute(then, now, job, over_s)


def _minute(then: wire.Snapshot, now: wire.Snapshot, job: wire.Job, over_s: float) -> LogLine:
    totals = now.totals
    facts = MinuteFacts(
        job=job.id,
        over_s=over_s,
        objects=totals.migrated - then.totals.migrated,
        bytes=totals.migrated_bytes - then.totals.migrated_bytes,
        migrated=totals.migrated,
        remaining=totals.remaining,
        failed=totals.failed,
        workers=len(now.workers),
        rss_bytes=now.engine.rss_bytes,
    )
    text = (
        f"{job.kind}: {count(facts.objects)} objects, {size(facts.bytes)} in {duration(over_s)}; "
        f"{count(totals.migrated)} of {count(totals.wanted)} done, {count(totals.failed)} failed"
    )
    return _line(now, text, facts)


def bundle_line(times: wire_bundles.BundleTimes) -> LogLine:
    """Return the line of a recorded bundle."""
    facts = BundleFacts(
        bundle=times.bundle,
        objects=times.objects,
        bytes=times.size_bytes,
        wait_s=times.wait_s,
        read_s=times.read_s,
        send_s=times.send_s,
        pin_s=times.pin_s,
        record_s=times.record_s,
        worker=times.worker,
        nodes=",".join(times.nodes),
        failed=",".join(f"{code}:{n}" for code, n in times.failed.items()),
    )
    failed = f", {count(sum(times.failed.values()))} not" if times.failed else ""
    text = (
        f"bundle {count(times.bundle)} recorded: {count(times.objects)} objects{failed}, "
        f"{size(times.size_bytes)}"
    )
    return LogLine(times.at_ns, "info", "bundle", text, facts)


def event_line(event: wire.Event) -> LogLine:
    """Return the line of a durable event."""
    level = {"warn": "warning"}.get(event.level, event.level)
    who = "" if event.who == "engine" else f"{event.who}: "
    kind = "event" if event.kind in _TAKEN else event.kind
    return LogLine(event.ts_ns, level, kind, f"{who}{event.text}")


_TAKEN: Final = frozenset({"bundle", "minute", "stall", "moves", "start", "job"})
"""Kinds whose lines hold figures, which an event does not bring along."""


def _line(now: wire.Snapshot, text: str, facts: Facts, level: str = "info") -> LogLine:
    kind = str(type(facts).__struct_config__.tag)
    return LogLine(now.at_ns, level, kind, text, facts)
