"""What `vgwm status --json` and a job's end answer: the snapshot's sums, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.control.client import running_job

if TYPE_CHECKING:
    from core.control.wire import state as wire


class Stalled(msgspec.Struct, frozen=True, kw_only=True):
    """Since when nothing was recorded, and why."""

    for_s: float
    reason: str


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """total = migrated + failed + skipped + gone + remaining (I4).

    percent is of the total without what is gone, floored to 0.1: 100 means all. Rates, ETA and
    stall are absent while unknown; then eta_unknown says why, or eta_ending how near the end is.
    waived: of the skipped, those by operators.
    """

    total: int = msgspec.field()
    migrated: int = msgspec.field()
    failed: int = msgspec.field()
    skipped: int = msgspec.field()
    gone: int = msgspec.field()
    remaining: int = msgspec.field()
    percent: float = msgspec.field()
    size_bytes: int = msgspec.field()
    migrated_bytes: int = msgspec.field()
    planned: bool = msgspec.field()
    engine: str = msgspec.field()
    objects_s: float | None = None
    bytes_s: float | None = None
    eta_low_s: float | None = None
    eta_high_s: float | None = None
    eta_age_s: float | None = None
    eta_unknown: str | None = None
    eta_ending: str | None = None
    stalled: Stalled | None = None
    limit: str = ""
    job: wire.Job | None = None
    lease: wire.Lease | None = None
    failed_by: dict[str, int] = msgspec.field(default_factory=dict)
    failed_phases: dict[str, int] = msgspec.field(default_factory=dict)
    waived: int = 0


def summary(now: wire.Snapshot) -> Summary:
    """Return the sums of a snapshot. job: the one that runs, else the last."""
    totals, eta = now.totals, now.eta
    return Summary(
        total=totals.objects,
        migrated=totals.migrated,
        failed=totals.failed,
        skipped=totals.skipped,
        gone=totals.gone,
        remaining=totals.remaining,
        percent=percent(totals.migrated, totals.wanted),
        size_bytes=totals.size_bytes,
        migrated_bytes=totals.migrated_bytes,
        planned=now.workspace.planned,
        engine=now.engine.state,
        objects_s=now.rate.objects_s,
        bytes_s=now.rate.bytes_s,
        eta_low_s=eta.low_s,
        eta_high_s=eta.high_s,
        eta_age_s=eta.age_s,
        eta_unknown=eta.unknown,
        eta_ending=eta.ending,
        stalled=None
        if eta.stalled_s is None
        else Stalled(for_s=eta.stalled_s, reason=eta.stalled_reason or "unknown"),
        limit=now.limit,
        failed_by=now.failed_by,
        failed_phases=now.failed_phases,
        waived=totals.waived,
        job=running_job(now) or max(now.jobs, key=lambda job: job.id, default=None),
        lease=now.lease,
    )


def percent(done: int, total: int) -> float:
    """Return a share in percent, floored to 0.1, so that 100.0 is said of the whole only."""
    return (done * 1000 // total) / 10 if total else 0.0
