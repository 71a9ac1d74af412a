"""Making a Redis Cluster of servers that are empty and in none: looked at, planned, then built.

Every step leaves a state that the next look takes up: a build that was killed goes on. What it
does is what `redis-cli --cluster create` does. Source: guide.md 2.4 (L180-207).
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import count
from core.errors import BadInput, NoAnswer, NodeUnreachable, Refused, VgwmError, WrongState
from core.target.cache import open_node, split
from core.target.cache_facts import SLOTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Cache
    from core.target.cache_facts import ClusterFacts

MASTERS_AT_LEAST: Final = 3
MAJOR_AT_LEAST: Final = 7
WAIT_S: Final = 30.0
"""How long the nodes may take to agree: some seconds, more across a slow network."""

_EVERY_S: Final = 0.1
_WHERE: Final = "target.cache.endpoints"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """A server as it was found. others: ids of the nodes that it knows beyond itself."""

    endpoint: str
    id: str
    bus_port: int
    keys: int
    slots: tuple[tuple[int, int], ...]
    others: frozenset[str]
    cluster: ClusterFacts


class Share(NamedTuple):
    """The slots that a node will serve, the last one included."""

    endpoint: str
    id: str
    first: int
    last: int

    @property
    def text(self) -> str:
        """One line for a plan; with its id, so that another server there is another plan."""
        return f"cache master {self.endpoint} ({self.id[:8]}) slots {self.first}-{self.last}"


class ClusterPlan(NamedTuple):
    """What is to be made; shares is empty where the cluster is whole already."""

    shares: tuple[Share, ...]
    masters: int


async def survey(cache: Cache) -> tuple[NodeState, ...]:
    """Look at every named server. Raises what a server says, WrongState outside cluster mode."""
    return tuple(await asyncio.gather(*(_look(cache, endpoint) for endpoint in cache.endpoints)))


def plan(nodes: Sequence[NodeState]) -> ClusterPlan:
    """Return what is to be made of the servers. Pure.

    Raises BadInput for fewer than three servers, Refused for one that holds keys or is in a
    cluster with others: nothing of theirs is touched.
    """
    if len(nodes) < MASTERS_AT_LEAST or len({node.id for node in nodes}) < len(nodes):
        raise BadInput(
            what=f"a Redis Cluster needs {MASTERS_AT_LEAST} different servers",
            where=_WHERE,
            remedy="Name three masters, or one server with type: redis.",
        )
    if _whole(nodes):
        return ClusterPlan((), nodes[0].cluster.masters)
    shares = tuple(
        Share(node.endpoint, node.id, *_range(at, len(nodes))) for at, node in enumerate(nodes)
    )
    named = frozenset(node.id for node in nodes)
    taken = [
        f"{node.endpoint} {why}"
        for node, share in zip(nodes, shares, strict=True)
        if (why := _taken(node, share, named))
    ]
    if taken:
        raise Refused(
            what=f"these servers are in use: {'; '.join(taken)}",
            where=_WHERE,
            remedy="Name empty servers that are in no cluster; a cluster that fails is mended by "
            "redis-cli --cluster fix HOST:PORT.",
        )
    return ClusterPlan(shares, len(shares))


async def build(cache: Cache, nodes: Sequence[NodeState], shares: Sequence[Share]) -> None:
    """Give each server its slots, let them meet, and wait until all say that it holds.

    Raises NoAnswer if they do not agree within WAIT_S; the same call goes on then.
    """
    for at, (node, share) in enumerate(zip(nodes, shares, strict=True), start=1):
        async with open_node(cache, node.endpoint) as one:
            if not node.slots:
                await one.ask("CLUSTER", "ADDSLOTSRANGE", share.first, share.last)
            if not node.others and not node.cluster.epoch:
                # different ones from the start: else the nodes have to settle it among them
                await one.ask("CLUSTER", "SET-CONFIG-EPOCH", at)
    async with open_node(cache, nodes[0].endpoint) as first:
        for node in nodes[1:]:
            host, port = split(node.endpoint)
            await first.ask("CLUSTER", "MEET", await _address(host), port, node.bus_port)
    await _agreed(cache, len(nodes))


async def _look(cache: Cache, endpoint: str) -> NodeState:
    async with open_node(cache, endpoint) as node:
        facts = await node.facts()
        if not facts.is_cluster or facts.major < MAJOR_AT_LEAST:
            raise WrongState(
                what=f"Redis {facts.version}, cluster mode {'on' if facts.is_cluster else 'off'}",
                where=f"cache {node.endpoint}",
                remedy=f"Start Redis {MAJOR_AT_LEAST} or newer with cluster-enabled yes.",
            )
        known = await node.members()
        own = next(member for member in known if member.is_self)
        return NodeState(
            endpoint=node.endpoint,
            id=own.id,
            bus_port=own.bus_port,
            keys=await node.keys(),
            slots=own.slots,
            others=frozenset(member.id for member in known if not member.is_self),
            cluster=await node.cluster(),
        )


def _whole(nodes: Sequence[NodeState]) -> bool:
    """Say whether they are members of one cluster that serves every slot."""
    ids = {node.id for node in nodes}
    return all(
        node.cluster.state == "ok"
        and node.cluster.slots_ok == SLOTS
        and ids <= {node.id, *node.others}
        for node in nodes
    )


def _taken(node: NodeState, share: Share, named: frozenset[str]) -> str:
    """Return why a server is not ours to take, "" if it is empty or half made by us."""
    if node.keys:
        return f"holds {count(node.keys)} keys"
    strange = node.others - named
    if strange:
        return f"is in a cluster with {len(strange)} other nodes"
    if node.slots not in ((), ((share.first, share.last),)):
        return "serves other slots than it would be given"
    return ""


def _range(at: int, of: int) -> tuple[int, int]:
    """Return the slots of the at-th of so many masters, evenly, as redis-cli shares them out."""
    return (at * SLOTS + of // 2) // of, ((at + 1) * SLOTS + of // 2) // of - 1


async def _address(host: str) -> str:
    """Return the address of a host: MEET takes no names."""
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NodeUnreachable(
            what=f"the name does not resolve: {error.strerror}",
            where=f"cache {host}",
            remedy="Correct the name in target.cache.endpoints, or the resolver.",
        ) from error
    return str(rows[0][4][0])


async def _agreed(cache: Cache, nodes: int) -> None:
    last = ""
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                last = await _apart(cache, nodes)
                if not last:
                    return
                await asyncio.sleep(_EVERY_S)
    except TimeoutError as error:
        raise NoAnswer(
            what=f"the servers do not agree within {WAIT_S:.0f} s: {last}",
            where=_WHERE,
            remedy="Open their bus ports (port + 10000) to each other, then run it again.",
        ) from error


async def _apart(cache: Cache, nodes: int) -> str:
    """Return which server does not see the whole cluster yet, "" if all do."""
    for endpoint in cache.endpoints:
        try:
            async with open_node(cache, endpoint) as node:
                seen = await node.cluster()
        except VgwmError as error:
            return f"{endpoint}: {error.what}"
        if seen.state != "ok" or seen.slots_ok != SLOTS or seen.nodes < nodes:
            return f"{endpoint} says {seen.state}, {seen.nodes} nodes, {seen.slots_ok} slots"
    return ""
