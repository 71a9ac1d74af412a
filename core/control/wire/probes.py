"""The wire types of `health` and `check`. Texts are safe to show and hold no secret (I9)."""

from __future__ import annotations

from core.control.wire import state as wire


class ProbeRow(wire.Wire, frozen=True, kw_only=True):
    """One answer. state: pass, warn, fail, unknown. endpoint: empty if nobody in particular.

    remedy: empty for a pass. measured_ns: UTC. age_s: of the answer, when it was sent.
    """

    component: str  # cluster, kubo, metadata, cache, gateway, network, lb, host
    check: str
    endpoint: str
    state: str
    evidence: str
    remedy: str
    measured_ns: int
    age_s: float
    took_s: float
