"""How the cluster peers are: each by its own address, then all together. Read-only.

`/health` of a peer ignores its Kubo, so `/id` is asked, too. Source: ipfs.md 11.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.config.schema import IpfsTarget
from core.display import safe
from core.errors import Denied, NoAnswer, VgwmError
from core.probe.login import cluster_login
from core.probe.peers import Need, Told, judge_metrics, judge_peers, judge_pins, judge_queue
from core.probe.probe import HEALTH_LIMIT_S, Depth, Finding, Probe, part_of_limit
from core.target import profile as profiles
from core.target.cluster import ClusterClient
from core.target.cluster_answers import PinStatus
from core.target.peers import Roster
from core.verdict import Component, Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from core.config.schema import Workspace

_FAILED: Final = frozenset({PinStatus.PIN_ERROR, PinStatus.UNPIN_ERROR})
_PINSET_LIMIT_S: Final = 60.0
_LOOKS: Final = 8
_GOSSIP_S: Final = 2.0
_TELL: Final = 0.8  # of the time of the row that waits for all
_START: Final = "Start ipfs-cluster-service there, and open its REST port (9094) for this host."


def probes(workspace: Workspace, depth: Depth) -> list[Probe]:
    """Return the questions about the cluster; none for a target without one."""
    target = workspace.target
    if not isinstance(target, IpfsTarget):
        return []
    found: list[Probe] = [
        _probe("cluster", partial(all_peers, target)),
        _probe("roster", partial(roster, target)),
    ]
    for i, url in enumerate(target.cluster, 1):
        one = Peer(target, i, url)
        where = f"{one.name} {safe(url)}"
        found += [
            _probe("peer", partial(peer, one), where),
            _probe("metrics", partial(metrics, one), where),
            _probe("queue", partial(queue, one), where),
        ]
    if depth is Depth.CHECK:
        found.append(_probe("pinset", partial(pinset, target), limit_s=_PINSET_LIMIT_S))
    return found


def needed(target: IpfsTarget) -> Need:
    """Return how many copies the workspace makes. Raises BadInput for a profile that is not one."""
    pin = profiles.load(target.profile).pin
    wanted = target.replication or min(pin.replication_max, len(target.kubo))
    return Need(rf=wanted, least=min(pin.replication_min, wanted))


def _probe(
    check: str,
    ask: Callable[[], Awaitable[Finding]],
    endpoint: str = "",
    *,
    limit_s: float = HEALTH_LIMIT_S,
) -> Probe:
    depth = Depth.HEALTH if limit_s == HEALTH_LIMIT_S else Depth.CHECK
    return Probe(
        check=check,
        component=Component.CLUSTER,
        depth=depth,
        ask=ask,
        endpoint=endpoint,
        limit_s=limit_s,
        remedy=_START,
    )


class Peer(NamedTuple):
    """The i-th cluster address of a target, from 1."""

    target: IpfsTarget
    i: int
    url: str

    @property
    def name(self) -> str:
        """Return its name in messages."""
        return f"cluster-{self.i}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ClusterClient]:
        """Open a client. Raises NoAnswer if its password is not known here."""
        client = ClusterClient(self.name, self.url, await cluster_login(self.target))
        try:
            yield client
        finally:
            await client.close()


async def peer(one: Peer) -> Finding:
    """Ask a peer who it is, with our credentials, and whether its Kubo answers it."""
    async with one.open() as client:
        told = await client.id()
    text = f"{safe(told.name)}, {safe(told.version)}, {len(told.members)} members"
    if told.kubo_error or told.error:
        why = safe(told.kubo_error or told.error)[:200]
        remedy = "Start its Kubo, or let CLUSTER_IPFSHTTP_NODEMULTIADDRESS name where it listens."
        # a warning: the row `cluster` judges whether enough others are left
        return Finding(Verdict.WARN, f"{text}; its Kubo does not answer it: {why}", remedy)
    return Finding(Verdict.PASS, f"{text}; its Kubo answers it")


async def metrics(one: Peer) -> Finding:
    """Ask a peer whom it hears, and whose free space it knows: only those get pins."""
    with _not_denied():
        async with one.open() as client:
            pings, free = await asyncio.gather(client.metrics("ping"), client.metrics("freespace"))
    return judge_metrics(len(one.target.cluster), pings, free)


async def queue(one: Peer) -> Finding:
    """Ask a peer's memory which of its pins wait, are in work or failed."""
    with _not_denied():
        async with one.open() as client:
            busy = await client.pins_busy()
    failed = sum(pin.status in _FAILED for pin in busy.values())
    return judge_queue(len(busy) - failed, failed)


async def all_peers(target: IpfsTarget) -> Finding:
    """Ask all peers at once, and judge whether there are enough for the copies wanted."""
    need = await asyncio.to_thread(needed, target)
    told = await asyncio.gather(*(_tell(one) for one in _peers(target)))
    return judge_peers(told, need)


async def roster(target: IpfsTarget) -> Finding:
    """Find out which Kubo belongs to which peer: one each, and all of them ours.

    Raises BadInput for an address twice, a Kubo of no peer, an address that is no such server.
    """
    with _not_denied():
        login = await cluster_login(target)
        found = await Roster.discover(target.kubo, target.cluster, login)
    await found.close()
    pairs = ", ".join(f"{node.name} = {safe(node.peer_name)}" for node in found.nodes)
    if found.silent:
        who = ", ".join(one.name for one in found.silent)
        text = f"{pairs or 'nothing'} known; without an answer: {who}"
        return Finding(Verdict.UNKNOWN, text, "See the rows of those endpoints.")
    lonely = [node.name for node in found.nodes if node.cluster is None]
    if lonely or len(found.nodes) < len(found.kubos):
        text = f"{pairs}; of no cluster address here: {', '.join(lonely) or 'a Kubo'}"
        return Finding(Verdict.WARN, text, "Name every peer in target.cluster.")
    return Finding(Verdict.PASS, f"one Kubo a peer: {pairs}")


async def pinset(target: IpfsTarget) -> Finding:
    """Count the pins of each peer's copy of the shared state."""
    counts = {}
    for _ in range(_LOOKS):
        with _not_denied():
            told = await asyncio.gather(*(_count(one) for one in _peers(target)))
        counts = dict(told)
        if len(set(counts.values())) <= 1:
            break
        await asyncio.sleep(_GOSSIP_S)
    return judge_pins(counts)


def _peers(target: IpfsTarget) -> list[Peer]:
    return [Peer(target, i, url) for i, url in enumerate(target.cluster, 1)]


async def _count(one: Peer) -> tuple[str, int]:
    count = 0
    async with one.open() as client:
        async for _ in client.allocations():
            count += 1
    return one.name, count


async def _tell(one: Peer) -> Told:
    """Return what a peer tells of itself and others; silence and refusals are told, too."""
    try:
        async with part_of_limit(_TELL), one.open() as client:
            member, free = await asyncio.gather(client.id(), client.metrics("freespace"))
    except TimeoutError:
        return Told(name=one.name, member=None, why="no answer in time")
    except VgwmError as error:
        return Told(name=one.name, member=None, why=error.what)
    return Told(name=one.name, member=member, free=tuple(free))


@contextmanager
def _not_denied() -> Iterator[None]:
    """Make a refusal no answer: the row `peer` says what is wrong with the credentials, once."""
    try:
        yield
    except Denied as error:
        remedy = f"See the row peer of that endpoint. {error.remedy}"
        raise NoAnswer(what=error.what, where=error.where, remedy=remedy) from error
