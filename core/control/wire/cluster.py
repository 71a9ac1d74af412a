"""The wire types of the cluster panel: each peer and its Kubo, as the probes last saw them.

A figure is None where nobody answered (I7). Ages are seconds. Texts are safe to show.
"""

from __future__ import annotations

from core.control.wire import state as wire


class Peer(wire.Wire, frozen=True, kw_only=True):
    """A cluster peer with the Kubo beside it. state: ok, slow, full, failing, unknown.

    queue: its pins that wait or are in work; errors: those that failed.
    free_bytes: as its metric says. ping_s: since its last ping. repo_bytes of repo_most_bytes: how
    full Kubo's repository is. kubo: ok, failing, unknown. version: Kubo's and the cluster's. age_s:
    of these figures, None if it never answered.
    """

    name: str
    state: str
    reason: str = ""
    queue: int | None = None
    errors: int | None = None
    free_bytes: int | None = None
    ping_s: float | None = None
    kubo: str = "unknown"
    kubo_reason: str = ""
    repo_bytes: int | None = None
    repo_most_bytes: int | None = None
    version: str = ""
    age_s: float | None = None


class Part(wire.Wire, frozen=True, kw_only=True):
    """Another part of the target: the object table, the cache, a load balancer, a gateway."""

    name: str
    state: str
    reason: str = ""
    age_s: float | None = None


class Cluster(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/cluster`: looked at once a second while somebody asks. why: of an empty one."""

    at_ns: int
    peers: tuple[Peer, ...] = ()
    parts: tuple[Part, ...] = ()
    why: str = ""
