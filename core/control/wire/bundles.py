"""The wire types of recorded bundles, one by one: what logs and recordings show of them."""

from __future__ import annotations

import msgspec

from core.control.wire import state as wire


class BundleTimes(wire.Wire, frozen=True, kw_only=True):
    """A recorded bundle and where its time went; seq counts within one engine's life."""

    seq: int
    at_ns: int
    bundle: int
    objects: int
    size_bytes: int
    wait_s: float = 0.0  # for room, a node, a free worker
    read_s: float = 0.0
    send_s: float = 0.0
    pin_s: float = 0.0
    record_s: float = 0.0
    worker: int = -1  # -1: no worker of this engine carried it
    nodes: list[str] = msgspec.field(default_factory=list)
    # its objects that failed, by class
    failed: dict[str, int] = msgspec.field(default_factory=dict)


class Bundles(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/bundles?since=N`: bundles recorded after N, oldest first, of the newest 2,000."""

    bundles: list[BundleTimes]
    last_seq: int
