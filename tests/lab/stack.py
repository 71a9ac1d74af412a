"""N Kubo nodes under N IPFS-Cluster peers: up in seconds, shared by a whole test session."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.lab.cluster import ClusterPeer, ClusterSettings
from tests.lab.kubo import KuboNode
from tests.lab.process import Keeper, until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.lab.tools import Tools

ALLOCATING_LIMIT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How many of each, and the settings that tests vary. storage_max is Kubo's own text."""

    nodes: int = 3
    batch_age: str = "200ms"
    storage_max: str = "50GB"
    replication_min: int = 1
    replication_max: int = 2
    extra: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """Running servers. Node i is the Kubo `kubos[i]` with the cluster peer `peers[i]`."""

    def __init__(self, root: Path, tools: Tools, shape: Shape) -> None:
        self.root = root
        self.shape = shape
        self.user = "vgwm"
        self.password = secrets.token_hex(12)
        self._keeper = Keeper()
        settings = ClusterSettings(
            secret=secrets.token_hex(32),
            user=self.user,
            password=self.password,
            batch_age=shape.batch_age,
            replication_min=shape.replication_min,
            replication_max=shape.replication_max,
            extra=shape.extra,
        )
        self.kubos = [
            KuboNode(
                f"kubo-{i}",
                tools.path("ipfs"),
                root / f"kubo-{i}",
                storage_max=shape.storage_max,
            )
            for i in range(shape.nodes)
        ]
        self.peers = [
            ClusterPeer(
                f"cluster-{i}",
                tools.path("ipfs-cluster-service"),
                root / f"cluster-{i}",
                kubo=kubo,
                settings=settings,
            )
            for i, kubo in enumerate(self.kubos)
        ]

    @classmethod
    def start(cls, root: Path, tools: Tools, shape: Shape | None = None) -> Self:
        """Start everything and return when a pin with RF = nodes would be allocated.

        root: an empty or absent folder; data and logs of every server stand below it.
        Raises LabError with the end of a log; then nothing is left running.
        """
        stack = cls(root, tools, shape or Shape())
        try:
            stack._start()
        except BaseException:
            stack.close()
            raise
        return stack

    def _start(self) -> None:
        for kubo in self.kubos:
            kubo.init()
            kubo.start(self._keeper)
        for kubo in self.kubos:
            kubo.wait_ready()
        for kubo in self.kubos:
            kubo.link([other for other in self.kubos if other is not kubo])
        for i, peer in enumerate(self.peers):
            peer.start(self._keeper, self.peers[0] if i else None)
        self.wait_linked()
        self.wait_allocating()

    @property
    def kubo_urls(self) -> list[str]:
        return [kubo.url for kubo in self.kubos]

    @property
    def cluster_urls(self) -> list[str]:
        return [peer.url for peer in self.peers]

    @property
    def ids(self) -> list[str]:
        """The peers' cluster ids, in the order of the URLs."""
        return [peer.id for peer in self.peers]

    def peer(self, peer_id: str) -> ClusterPeer:
        """Return the peer of a cluster id; its `kubo` is the node that it commands."""
        return next(peer for peer in self.peers if peer.id == peer_id)

    def wait_linked(self) -> None:
        """Wait until each Kubo is connected to all others."""
        others = len(self.kubos) - 1
        until(
            "links between the Kubo nodes",
            lambda: all(kubo.links() >= others for kubo in self.kubos),
            limit_s=60,
        )

    def wait_allocating(self) -> None:
        """Wait until every peer knows the free space of all: before, pins find not enough peers."""
        everyone = set(self.ids)
        until(
            "free space of all peers at every peer",
            lambda: all(peer.allocating() >= everyone for peer in self.peers),
            limit_s=ALLOCATING_LIMIT_S,
            every_s=0.1,
        )

    def heal(self) -> None:
        """Continue what is stopped, start what is dead, wait until all is as after `start`."""
        hurt = False
        parts: list[KuboNode | ClusterPeer] = [*self.kubos, *self.peers]
        for part in parts:
            if part.server.alive and part.server.stopped:
                part.server.cont()
                hurt = True
            if not part.server.alive:
                part.restart()
                hurt = True
        if hurt:
            self.wait_linked()
            self.wait_allocating()

    def close(self) -> None:
        """End all servers; the folders stay."""
        self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
