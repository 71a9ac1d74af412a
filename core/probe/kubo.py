"""How each Kubo node is: identity, version, room, and the settings that a migration depends on."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from core.config.schema import IpfsTarget
from core.display import safe
from core.probe import kubo_rules
from core.probe.kubo_process import ProcessTable, collects
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe, part_of_limit
from core.target.kubo import KuboClient
from core.verdict import Component

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from core.config.schema import Workspace

_OTHER: Final = 0.6  # of the time: another node that hangs is that one's row, not this one's
CHECK_LIMIT_S: Final = 5.0
_START: Final = "Start Kubo there, and open its RPC port (5001) for this host."


class Node(NamedTuple):
    """The i-th Kubo address of a target, from 1."""

    target: IpfsTarget
    i: int
    url: str

    @property
    def name(self) -> str:
        """Return its name in messages."""
        return f"kubo-{self.i}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[KuboClient]:
        """Open a client. Raises BadInput for what is no address of a server."""
        client = KuboClient(self.name, self.url)
        try:
            yield client
        finally:
            await client.close()


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions about each node: the same at both depths, with more time in a check."""
    target = workspace.target
    if not isinstance(target, IpfsTarget):
        return []
    asks: dict[str, Callable[[Node], Awaitable[Finding]]] = {
        "kubo": identity,
        "repo": room,
        "gc": partial(collection, ProcessTable()),
        "rpc": exposure,
        "peering": peering,
        "provide": providing,
    }
    return [
        Probe(
            check=check,
            component=Component.KUBO,
            depth=Depth.HEALTH,
            ask=partial(ask, Node(target, i, url)),
            endpoint=f"kubo-{i} {safe(url)}",
            limit_s=HEALTH_LIMIT_S if depth is Depth.HEALTH else CHECK_LIMIT_S,
            remedy=_START,
        )
        for i, url in enumerate(target.kubo, 1)
        for check, ask in asks.items()
    ]


async def identity(node: Node) -> Finding:
    """Ask who it is, and judge its version."""
    async with node.open() as client:
        who, version = await asyncio.gather(client.id(), client.version())
    return kubo_rules.judge_version(safe(who.id), safe(version))


async def room(node: Node) -> Finding:
    """Judge its repository's limit; what the disk has free, Kubo does not tell."""
    async with node.open() as client:
        return kubo_rules.judge_room(await client.repo_stat())


async def collection(table: ProcessTable, node: Node) -> Finding:
    """Find out whether it collects garbage: only its process arguments tell, so only here."""
    parts = urlsplit(node.url)
    return await asyncio.to_thread(collects, parts.hostname or "", parts.port or 80, table)


async def exposure(node: Node) -> Finding:
    """Judge who can reach its RPC, which is all-powerful and asks for no password."""
    host = urlsplit(node.url).hostname or ""
    loop = asyncio.get_running_loop()
    async with node.open() as client:
        who, settings, rows = await asyncio.gather(
            client.id(), client.settings(), loop.getaddrinfo(host, None)
        )
    return kubo_rules.judge_exposure({str(row[4][0]) for row in rows}, who, settings)


async def peering(node: Node) -> Finding:
    """Judge whether it is connected to all other nodes, and will be after a restart."""
    async with node.open() as client:
        own, linked, settings = await asyncio.gather(
            client.id(), client.swarm_peers(), client.settings()
        )
    others = await asyncio.gather(*(_id(n) for n in _others(node)), return_exceptions=True)
    ids = {one for one in others if isinstance(one, str)} - {own.id}
    unheard = sum(isinstance(one, BaseException) for one in others)
    return kubo_rules.judge_peering(ids, unheard, linked, settings)


async def providing(node: Node) -> Finding:
    """Judge what it announces to the world, and what guards its RPC from its own cluster peer."""
    async with node.open() as client:
        return kubo_rules.judge_providing(await client.settings())


def _others(node: Node) -> list[Node]:
    urls = enumerate(node.target.kubo, 1)
    return [Node(node.target, i, url) for i, url in urls if i != node.i]


async def _id(node: Node) -> str:
    async with part_of_limit(_OTHER), node.open() as client:
        return (await client.id()).id
