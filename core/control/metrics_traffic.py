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


def _writable(now: wire.Snapshot) -> list[Sample]:
    seen = {one.writable for one in now.slices}
    if not seen or "unknown" in seen:
        return []
    return by("side", [(side, float(bool(seen & {side, "both"}))) for side in _SIDES])
