"""Where a look at bytes reads each bundle: in the directory, or on the nodes that it is pinned to.

May import the configuration and the target's roster.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from core.engine.verifying.bytes_task import NodeOf

if TYPE_CHECKING:
    from core.config.schema import IpfsTarget
    from core.ledger.bundle_contents import RecordedBundle
    from core.target.peers import Roster


class Nodes(Protocol):
    """The places of bundles. folder: of a directory target, else "". count: nodes that are read."""

    @property
    def folder(self) -> str:
        """Return the directory, "" for nodes."""
        ...

    @property
    def count(self) -> int:
        """Return how many nodes there are."""
        ...

    def of(self, bundle: RecordedBundle) -> tuple[NodeOf, ...]:
        """Return the nodes that hold a bundle, in the order in which they are to be asked."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


class DirNodes:
    """A directory: no nodes."""

    count = 0

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def of(self, bundle: RecordedBundle) -> tuple[NodeOf, ...]:  # noqa: ARG002 - the protocol's
        """Return nothing."""
        return ()

    async def close(self) -> None:
        """Do nothing."""


class KuboNodes:
    """The Kubo nodes of a cluster, by the peers that bundles are allocated to."""

    folder = ""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._by_peer = {node.peer: node.endpoint for node in roster.nodes}

    @property
    def count(self) -> int:
        """Return how many nodes answered."""
        return len(self._by_peer)

    def of(self, bundle: RecordedBundle) -> tuple[NodeOf, ...]:
        """Return a bundle's nodes, the first of them in turn, so that all are read alike."""
        peers = bundle.allocations or tuple(self._by_peer)
        if not peers:
            return ()
        first = bundle.id % len(peers)
        return tuple(
            NodeOf(peer, self._by_peer.get(peer)) for peer in peers[first:] + peers[:first]
        )

    async def close(self) -> None:
        """Close the clients."""
        await self._roster.close()


async def open_nodes(target: IpfsTarget) -> KuboNodes:
    """Ask every address who it is. A silent one is said where a bundle needs it (I7).

    Raises Denied and BadInput: what waiting cannot mend.
    """
    # half a second of HTTP, which a directory does not need
    from core.engine.copying.target_ipfs import cluster_login  # noqa: PLC0415
    from core.target.peers import Roster  # noqa: PLC0415

    login = await asyncio.to_thread(cluster_login, target)
    return KuboNodes(await Roster.discover(target.kubo, target.cluster, login))
