"""Metrics of the sync in both directions, of the cutover, and of the data at risk. Pure.

What nobody can say has no series: a silent feed of green's changes is no lag of 0 (I7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.metric import Metric, Sample, by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.control.wire import state as wire

_SIDES = ("blue", "green")


def traffic(now: wire.Snapshot) -> Iterator[Metric]:
    """Yield their families."""
    lag_s, risk = now.sync_lag_s, now.risk
    known = risk if risk is not None and risk.since_ns and not risk.silent_since_ns else None
    forward = [] if lag_s is None else [("forward", lag_s)]
    reverse = [] if known is None else [("reverse", known.oldest_s or 0.0)]
    yield Metric(
        "sync_lag_seconds",
        "gauge",
        "Forward: since the last full round of a sync began. Reverse: age of the oldest write of"
        " green that blue is not known to hold.",
        by("direction", [*forward, *reverse]),
    )
    waiting = [] if lag_s is None else [("forward", now.sync_pending)]
    back = [] if known is None else [("reverse", known.writes + known.deletes)]
    yield Metric(
        "sync_pending_objects",
        "gauge",
        "Objects that changed on one side and are not on the other yet.",
        by("direction", [*waiting, *back]),
    )
    yield Metric(
        "data_at_risk_bytes",
        "gauge",
        "Written to green, not yet verified on blue.",
        [] if known is None else [Sample((), known.size_bytes)],
    )
    yield Metric(
        "reverse_uncarriable_objects",
        "gauge",
        "Keys of green that blue cannot hold.",
        [] if known is None else [Sample((), known.uncarriable)],
    )
    yield from _of_slices(now)
    yield Metric(
        "cutover_state",
        "gauge",
        "1 for the state that a slice is in.",
        [Sample((("slice", one.name), ("state", one.state)), 1) for one in now.slices],
    )
    counted = [one.across for one in now.slices if one.across is not None]
    yield Metric(
        "cross_side_copies_refused_total",
        "counter",
        "Copies between buckets of different sides that load balancers refused since they started.",
        [Sample((), max(counted))] if counted else [],
    )
    yield Metric("side_writable", "gauge", "1 if a side accepts writes.", _writable(now))


def _of_slices(now: wire.Snapshot) -> Iterator[Metric]:
    """Yield what is at risk slice by slice, where slices are named; families of their own.

    With a label in those of the whole workspace a sum would count each write twice.
    """
    known = [
        (one.name, one.risk)
        for one in now.slices
        if one.risk is not None and one.risk.since_ns and not one.risk.silent_since_ns
    ]
    yield Metric(
        "slice_data_at_risk_objects",
        "gauge",
        "Writes and deletes of a slice on green, not yet verified on blue.",
        by("slice", [(name, risk.writes + risk.deletes) for name, risk in known]),
    )
    yield Metric(
        "slice_data_at_risk_bytes",
        "gauge",
        "Written to green in a slice, not yet verified on blue.",
        by("slice", [(name, risk.size_bytes) for name, risk in known]),
    )
    yield Metric(
        "slice_data_at_risk_seconds",
        "gauge",
        "Age of the oldest write of a slice on green that blue is not known to hold.",
        by("slice", [(name, risk.oldest_s or 0.0) for name, risk in known]),
    )
    yield Metric(
        "slice_uncarriable_objects",
        "gauge",
        "Keys of a slice on green that blue cannot hold.",
        by("slice", [(name, risk.uncarriable) for name, risk in known]),
    )


def _writable(now: wire.Snapshot) -> list[Sample]:
    seen = {one.writable for one in now.slices}
    if not seen or "unknown" in seen:
        return []
    return by("side", [(side, float(bool(seen & {side, "both"}))) for side in _SIDES])
