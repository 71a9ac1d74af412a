"""Which Kubo belongs to which cluster peer: learned by asking all of them, never from order.

A peer that no Kubo address belongs to is no candidate. Who was known once stays known: the cluster
forgets dead members, we do not.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.display import safe
from core.errors import BadInput, NodeBusy, NodeUnreachable, VgwmError
from core.target.cluster import ClusterClient
from core.target.kubo import KuboClient
from core.target.sink import KuboEndpoint
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.target.cluster_answers import Member
    from core.target.control_http import Login

_SILENT = (NodeUnreachable, NodeBusy)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetNode:
    """A Kubo node with the cluster peer that commands it.

    peer: the cluster's id of it, as allocations name it. cluster: its own API, None when no
    address of ours is its; then others are asked about it.
    """

    name: str
    kubo: KuboClient
    kubo_id: str
    peer: str
    peer_name: str
    cluster: ClusterClient | None

    @property
    def endpoint(self) -> KuboEndpoint:
        """Return where workers send bundles."""
        return KuboEndpoint(self.kubo.name, self.kubo.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A configured address that has not answered yet."""

    name: str
    url: str
    reason: str


class Roster:
    """All configured addresses, and the nodes that they turned out to be.

    Raises Denied and BadInput for what waiting cannot mend: a wrong password, an address that is no
    Kubo RPC or no cluster REST, two addresses of one server, a Kubo that belongs to no peer.
    """

    def __init__(self, kubos: Sequence[KuboClient], clusters: Sequence[ClusterClient]) -> None:
        self.kubos = tuple(kubos)
        self.clusters = tuple(clusters)
        self._kubo_ids: dict[str, str] = {}
        self._cluster_ids: dict[str, str] = {}
        self._members: dict[str, Member] = {}
        self._reasons: dict[str, str] = {}

    @classmethod
    async def discover(
        cls, kubo_urls: Sequence[str], cluster_urls: Sequence[str], login: Login | None
    ) -> Self:
        """Ask every address who it is, and return the roster. Nodes get names by their order."""
        roster = cls(
            [KuboClient(f"kubo-{i}", url) for i, url in enumerate(kubo_urls, 1)],
            [ClusterClient(f"cluster-{i}", url, login) for i, url in enumerate(cluster_urls, 1)],
        )
        try:
            await roster.ask()
        except BaseException:
            await roster.close()
            raise
        return roster

    @property
    def nodes(self) -> tuple[TargetNode, ...]:
        """Return the nodes that can take bundles, in the order of their addresses."""
        by_peer = {peer: name for name, peer in self._cluster_ids.items()}
        clients = {client.name: client for client in self.clusters}
        found = []
        for kubo in self.kubos:
            kubo_id = self._kubo_ids.get(kubo.name, "")
            member = self._members.get(kubo_id)
            if member is not None:
                found.append(
                    TargetNode(
                        name=kubo.name,
                        kubo=kubo,
                        kubo_id=kubo_id,
                        peer=member.id,
                        peer_name=member.name,
                        cluster=clients.get(by_peer.get(member.id, "")),
                    )
                )
        return tuple(found)

    @property
    def silent(self) -> tuple[Silent, ...]:
        """Return the addresses whose identity is not known yet."""
        known = self._kubo_ids.keys() | self._cluster_ids.keys()
        clients: Iterable[KuboClient | ClusterClient] = (*self.kubos, *self.clusters)
        return tuple(
            Silent(name=c.name, url=c.url, reason=self._reasons.get(c.name, "not asked yet"))
            for c in clients
            if c.name not in known
        )

    async def ask(self) -> None:
        """Ask every address that is not known yet; harmless to repeat."""
        clients: Iterable[KuboClient | ClusterClient] = (*self.kubos, *self.clusters)
        known = self._kubo_ids.keys() | self._cluster_ids.keys()
        faults: list[VgwmError] = []
        async with TaskGroup() as group:
            for client in clients:
                if client.name not in known:
                    group.create_task(
                        self._ask_one(client, faults), name=f"identity of {client.name}"
                    )
        if faults:
            raise faults[0]
        _all_distinct("target.kubo", self._kubo_ids)
        _all_distinct("target.cluster", self._cluster_ids)
        await self._ask_others()
        self._refuse_strays()

    def require(self, replication: int) -> None:
        """Raise unless there are nodes enough: NodeUnreachable if the silent ones could help."""
        have = len(self.nodes)
        if have >= replication:
            return
        what = f"replication {replication} needs as many nodes, found: {have}"
        silent = self.silent
        if silent:
            who = ", ".join(f"{s.name} ({s.reason})" for s in silent)
            raise NodeUnreachable(
                what=f"{what}; without an answer: {who}",
                where="target.kubo, target.cluster",
                remedy="Start them or open their ports from this host, then try again.",
                node=silent[0].name,
            )
        raise BadInput(
            what=what,
            where="target.replication",
            remedy="Lower target.replication, or add the other peers' Kubo to target.kubo.",
        )

    async def close(self) -> None:
        """Close all clients."""
        clients: Iterable[KuboClient | ClusterClient] = (*self.kubos, *self.clusters)
        # shielded: who is told to end in the middle of it leaves no connection behind
        await asyncio.shield(asyncio.gather(*(client.close() for client in clients)))

    async def _ask_one(self, client: KuboClient | ClusterClient, faults: list[VgwmError]) -> None:
        """Learn who one address is; faults takes what waiting cannot mend."""
        try:
            if isinstance(client, KuboClient):
                self._kubo_ids[client.name] = (await client.id()).id
            else:
                member = await client.id()
                self._cluster_ids[client.name] = member.id
                self._learn(member)
        except _SILENT as error:
            self._reasons[client.name] = error.what
        except VgwmError as error:
            self._reasons[client.name] = error.what
            faults.append(error)

    async def _ask_others(self) -> None:
        """Learn the members that no address of ours is, and those whose own address is silent."""
        for cluster in self.clusters:
            if cluster.name in self._cluster_ids:
                try:
                    members = await cluster.peers()
                except _SILENT:
                    continue  # the next one knows as much
                for member in members:
                    self._learn(member)
                return

    def _learn(self, member: Member) -> None:
        if member.kubo_id:
            self._members[member.kubo_id] = member

    def _refuse_strays(self) -> None:
        """Refuse a Kubo of no peer, once every cluster address has spoken of its own."""
        if any(c.name not in self._cluster_ids for c in self.clusters):
            return
        # a peer whose Kubo is down does not name it: then nothing can be said against a stray
        named = {member.id for member in self._members.values()}
        if any(peer not in named for peer in self._cluster_ids.values()):
            return
        for kubo in self.kubos:
            kubo_id = self._kubo_ids.get(kubo.name)
            if kubo_id is not None and kubo_id not in self._members:
                raise BadInput(
                    what=f"{kubo.name} at {safe(kubo.url)} belongs to no peer of this cluster",
                    where="target.kubo",
                    remedy="Remove it, or name the Kubo that each cluster peer is configured with.",
                    node=kubo.name,
                )


def _all_distinct(where: str, ids: dict[str, str]) -> None:
    names: dict[str, str] = {}
    for name, server in sorted(ids.items()):
        other = names.setdefault(server, name)
        if other != name:
            raise BadInput(
                what=f"{other} and {name} are the same server",
                where=where,
                remedy="Give each server once, by one address.",
                node=name,
            )
