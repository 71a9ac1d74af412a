"""What is deployed: how many nodes, where, listening on what. No port is given twice. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import safe
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_NODES: Final = 9
"""Beyond, the ports of node 10 would meet those of node 0."""

REDIS_MASTERS: Final = 3
YDB_GRPC: Final = 2136
YDB_WEB: Final = 8765
_STEP: Final = 100
_REDIS_BUS: Final = 10_000
# What stands on these ports elsewhere. The guide's second and third cluster API, 9097 and 9100,
# are the pinning service's and the node exporter's.
_FOREIGN: Final = {
    7070: "VersityGW",
    9090: "Prometheus",
    9095: "the cluster's IPFS proxy",
    9097: "the cluster's pinning service",
    9100: "the node exporter",
}


class Port(NamedTuple):
    """A port of the deployment, and who listens on it."""

    number: int
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The ports of the n-th Kubo node and of the cluster peer that commands it.

    offset: added to each port.
    """

    n: int
    offset: int = 0

    @property
    def swarm(self) -> int:
        """Where the node talks to other nodes."""
        return 4001 + _STEP * self.n + self.offset

    @property
    def rpc(self) -> int:
        """Where the node takes orders: never to be open to others."""
        return 5001 + _STEP * self.n + self.offset

    @property
    def gateway(self) -> int:
        """Where the node serves content over HTTP."""
        return 8080 + _STEP * self.n + self.offset

    @property
    def rest(self) -> int:
        """Where the cluster peer takes orders."""
        return 9094 + _STEP * self.n + self.offset

    @property
    def peering(self) -> int:
        """Where the cluster peer talks to other peers."""
        return 9096 + _STEP * self.n + self.offset

    @property
    def metrics(self) -> int:
        """Where the cluster peer shows its metrics."""
        return 8888 + _STEP * self.n + self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A deployment on one host.

    folder: absolute; all of it lies below. listen: an address of the host that everything listens
    on. offset: added to every port. storage_max_bytes: of each node. uid, gid: who runs it and owns
    its files.
    """

    count: int
    folder: Path
    listen: str
    storage_max_bytes: int
    cpus: int
    uid: int
    gid: int
    replication_min: int
    replication_max: int
    offset: int = 0

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, from 0."""
        return tuple(Node(n=n, offset=self.offset) for n in range(self.count))

    @property
    def redis(self) -> tuple[int, ...]:
        """The ports of the cache's masters; each has its bus 10,000 above."""
        return tuple(6379 + n + self.offset for n in range(REDIS_MASTERS))

    def ports(self) -> Iterator[Port]:
        """Yield every port that the deployment listens on."""
        for node in self.nodes:
            for name in ("swarm", "rpc", "gateway"):
                yield Port(getattr(node, name), f"kubo-{node.n} {name}")
            for name in ("rest", "peering", "metrics"):
                yield Port(getattr(node, name), f"cluster-{node.n} {name}")
        for n, port in enumerate(self.redis):
            yield Port(port, f"redis-{n}")
            yield Port(port + _REDIS_BUS, f"redis-{n} bus")
        yield Port(YDB_GRPC + self.offset, "ydb")
        yield Port(YDB_WEB + self.offset, "ydb web")

    def refuse_nonsense(self) -> None:
        """Raise BadInput for what no cluster would do, and for a port that is given twice."""
        if not 1 <= self.replication_min <= self.replication_max <= self.count:
            raise BadInput(
                what=f"{self.replication_min} to {self.replication_max} copies do not fit "
                f"{self.count} nodes",
                where="--replication-min, --replication-max",
                remedy="They have to be from 1 to the number of nodes, the least first.",
            )
        owners = [*self.ports(), *(Port(number, name) for number, name in _FOREIGN.items())]
        twice = [number for number, n in Counter(port.number for port in owners).items() if n > 1]
        if twice:
            names = [port.owner for port in owners if port.number == twice[0]]
            raise BadInput(
                what=f"port {twice[0]} would be {' and '.join(names)}",
                where="--nodes",
                remedy=f"At most {MOST_NODES} nodes fit one host.",
            )
        if not str(self.folder).isprintable() or set(str(self.folder)) & set("\"'\\$%` "):
            raise BadInput(
                what="the folder's name holds a blank, a quote, $, % or a backslash",
                where=safe(str(self.folder)),
                remedy="Units and scripts name it: choose a plain name with --output.",
            )
