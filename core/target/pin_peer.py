"""One allocated peer, asked about the pins that wait for it: by its own API where we know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from core.errors import NodeUnreachable, VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.target.cluster import ClusterClient
    from core.target.cluster_answers import PeerPin, Pin
    from core.target.kubo import DagStat
    from core.target.peers import Roster, TargetNode


_T = TypeVar("_T")


class PinPeer:
    """A peer of the roster. Its own word counts; another's word of it only where it has no API."""

    def __init__(self, roster: Roster, peer: str) -> None:
        self._roster = roster
        self.peer = peer

    @property
    def name(self) -> str:
        """Return the node's name, as messages show it."""
        node = self._node()
        return node.name if node else self.peer

    async def busy(self) -> dict[str, PeerPin]:
        """Return what is queued, in work or failed there, by CID; nothing without its own API."""
        node = self._node()
        if node is None or node.cluster is None:
            return {}
        return await node.cluster.pins_busy()

    async def status(self, cids: Sequence[str]) -> dict[str, PeerPin]:
        """Return its word about each CID; a CID that nothing was said of is absent."""
        node = self._node()
        if node is not None and node.cluster is not None:
            return await node.cluster.pins_status(cids)
        return await self._by_others(lambda other: other.pins_status_of(self.peer, cids))

    async def allocation(self, cid: str) -> Pin | None:
        """Return the pin in its copy of the shared state, None when it is not there."""
        node = self._node()
        if node is not None and node.cluster is not None:
            return await node.cluster.allocation(cid)
        return await self._by_others(lambda other: other.allocation(cid))

    async def recover(self, cid: str) -> None:
        """Let it try a failed pin again."""
        node = self._node()
        if node is not None and node.cluster is not None:
            await node.cluster.recover(cid)
        else:
            await self._by_others(lambda other: other.recover(cid, everywhere=True))

    async def blocks(self, cid: str) -> DagStat | None:
        """Return what its Kubo holds below a CID, None when a block is missing there."""
        node = self._node()
        if node is None:
            raise NodeUnreachable(
                what=f"peer {self.peer} has no Kubo in target.kubo",
                where=f"blocks of {cid}",
                remedy="Add its Kubo RPC address to target.kubo.",
            )
        return await node.kubo.dag_stat(cid)

    def _node(self) -> TargetNode | None:
        return next((node for node in self._roster.nodes if node.peer == self.peer), None)

    async def _by_others(self, ask: Callable[[ClusterClient], Awaitable[_T]]) -> _T:
        """Return the first answer of any peer."""
        fault: VgwmError | None = None
        for other in self._roster.clusters:
            try:
                return await ask(other)
            except NodeUnreachable as error:
                fault = error
        raise fault or NodeUnreachable(
            what="no cluster peer is configured",
            where="target.cluster",
            remedy="Add the peers' REST addresses to target.cluster.",
        )
