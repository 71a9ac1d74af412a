"""Keeps the chooser's looks fresh: each node is asked by itself, in its own time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from core.display import safe
from core.errors import Family, NodeBusy, VgwmError
from core.target.chooser import Look, NodeState
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from core.target.chooser import Chooser
    from core.target.cluster import ClusterClient
    from core.target.cluster_answers import Metric
    from core.target.kubo import RepoRoom
    from core.target.peers import Roster, TargetNode

EVERY_S = 4.0
NO_METRIC = "the cluster has no valid freespace metric of it"
"""A peer tells it every 15 s: not while its Kubo was too busy to say it."""

FAILING_S = 15.0
"""A sick node is asked no oftener than this: polling slows it further."""


class NodeWatch:
    """Looks at every node of a roster every `every_s`, and asks silent addresses again.

    failing_s: the longest pause between two looks at a node that is not well.
    """

    def __init__(
        self,
        roster: Roster,
        chooser: Chooser,
        *,
        every_s: float = EVERY_S,
        failing_s: float = FAILING_S,
    ) -> None:
        self._every_s = every_s
        self._failing_s = failing_s
        self._roster = roster
        self._chooser = chooser
        self._watched: set[str] = set()
        self._asked_s: dict[str, float] = {}  # how long a node asked us to wait

    async def look(self) -> None:
        """Look at every node once: the chooser knows them all afterwards."""
        nodes = self._roster.nodes
        self._chooser.enroll(nodes)
        async with TaskGroup() as group:
            for node in nodes:
                group.create_task(self._look_at(node), name=f"look at {node.name}")

    async def run(self) -> None:
        """Look for ever; ends by cancellation only."""
        async with TaskGroup() as group:
            while True:
                for node in self._roster.nodes:
                    if node.name not in self._watched:
                        self._watched.add(node.name)
                        self._chooser.enroll([node])
                        group.create_task(self._watch(node.name), name=f"watch {node.name}")
                await asyncio.sleep(self._failing_s)
                if self._roster.silent:
                    # a wrong one stays in `silent` with its reason; the others go on without it
                    with contextlib.suppress(VgwmError):
                        await self._roster.ask()

    async def _watch(self, name: str) -> None:
        pause_s = 0.0  # the first look is due at once
        while True:
            await asyncio.sleep(pause_s)
            # the roster may have learned the node's own cluster address meanwhile
            node = next(node for node in self._roster.nodes if node.name == name)
            self._chooser.enroll([node])
            began_s = time.monotonic()
            good = await self._look_at(node)
            took_s = time.monotonic() - began_s
            pause_s = max(self._every_s, pause_s * 2, took_s)
            pause_s = self._every_s if good else min(self._failing_s, pause_s)
            pause_s = max(pause_s, self._asked_s.pop(name, 0.0))

    async def _look_at(self, node: TargetNode) -> bool:
        look = await look_at(node, self._roster.clusters)
        self._chooser.observe(node.name, look)
        if look.wait_s:
            self._asked_s[node.name] = look.wait_s
        return look.state is NodeState.OK


async def look_at(node: TargetNode, clusters: tuple[ClusterClient, ...]) -> Look:
    """Return how a node is now, by its Kubo's and the cluster's word. Never raises ours."""
    try:
        room = await node.kubo.repo_stat()
    except VgwmError as error:
        return _failed(error, NodeState.UNREACHABLE)
    try:
        if node.cluster is not None:
            member = await node.cluster.id()
            if member.kubo_error:
                reason = f"{node.cluster.name} cannot reach it"
                return Look(state=NodeState.UNREACHABLE, reason=reason)
        free = await _metric(node, clusters, "freespace")
        ping = await _metric(node, clusters, "ping")
    except VgwmError as error:
        return _failed(error, NodeState.UNKNOWN)
    return _judged(node, room, free, ping)


def _failed(error: VgwmError, state: NodeState) -> Look:
    """Return a look that met an error. state: where its family says nothing better."""
    match error.family:
        case Family.AUTH:
            return Look(state=NodeState.DENIED, reason=error.what)
        case Family.THROTTLED:
            asked_s = error.wait_s if isinstance(error, NodeBusy) else 0.0
            return Look(state=NodeState.BUSY, reason=error.what, wait_s=asked_s)
        case _:
            return Look(state=state, reason=error.what)


def _judged(node: TargetNode, room: RepoRoom, free: Metric | None, ping: Metric | None) -> Look:
    """Return what a node that answers is good for."""
    if ping is None or not ping.valid:
        reason = f"no fresh ping of cluster peer {safe(node.peer_name)}"
        return Look(state=NodeState.UNREACHABLE, reason=reason)
    if room.free_bytes == 0:
        # it takes imports all the same, but the cluster would allocate them elsewhere
        reason = "its repository is over Datastore.StorageMax"
        return Look(state=NodeState.FULL, reason=reason, free_bytes=0)
    if free is None or not free.valid:
        return Look(state=NodeState.UNREACHABLE, reason=NO_METRIC)
    return Look(
        state=NodeState.OK,
        free_bytes=int(free.value) if free.value.isdecimal() else room.free_bytes,
        metric_ns=free.received_ns,
    )


async def _metric(
    node: TargetNode, clusters: tuple[ClusterClient, ...], name: str
) -> Metric | None:
    """Return a node's metric as its own peer holds it, else as the first other that answers."""
    others = (client for client in clusters if client is not node.cluster)
    fault: VgwmError | None = None
    for client in (node.cluster, *others):
        if client is None:
            continue
        try:
            told = await client.metrics(name)
        except VgwmError as error:
            fault = error
            if node.cluster is not None:
                raise
        else:
            return next((metric for metric in told if metric.peer == node.peer), None)
    if fault is not None:
        raise fault
    return None
