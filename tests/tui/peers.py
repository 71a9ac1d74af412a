"""Clusters as the panel may find them."""

from __future__ import annotations

import msgspec

from core.control.wire.cluster import Cluster, Part, Peer
from tests.tui import stage

PEER = Peer(
    name="cluster-1",
    state="ok",
    queue=0,
    errors=0,
    free_bytes=2_100_000_000_000,
    ping_s=0.8,
    kubo="ok",
    repo_bytes=1_648_000_000_000,
    repo_most_bytes=4_000_000_000_000,
    version="0.42.0/1.1.6",
    age_s=0.4,
)
PARTS = (
    Part(name="table", state="ok"),
    Part(name="cache", state="ok"),
    Part(name="lb lb-1", state="ok"),
    Part(name="lb lb-2", state="unknown", reason="no answer in 1.6 s"),
)


def peer(n: int, **more: object) -> Peer:
    return msgspec.structs.replace(PEER, name=f"cluster-{n}", **more)


WELL = Cluster(at_ns=stage.NOON_NS, peers=(peer(1), peer(2), peer(3)), parts=PARTS[:3])
ILL = Cluster(
    at_ns=stage.NOON_NS,
    peers=(
        peer(1),
        peer(
            2,
            state="failing",
            reason="its Kubo: kubo-2 is not reachable: connection refused",
            kubo="failing",
            kubo_reason="kubo-2 is not reachable: connection refused",
            repo_bytes=None,
            repo_most_bytes=None,
            queue=512,
            errors=3,
            ping_s=4.2,
        ),
        peer(3, state="ok", age_s=31.0, queue=7),
        Peer(name="cluster-4", state="unknown", reason="not asked yet"),
        peer(5, state="full", free_bytes=0, reason="no room is left for pins"),
    ),
    parts=PARTS,
)
FOLDER = Cluster(at_ns=stage.NOON_NS, why="the target is a folder: it has no peers")
