"""Gets a pin accepted, or taken back, by any peer that answers. Accepted is not pinned (I1)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING

from core.errors import NodeBusy, NodeUnreachable, VgwmError
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.target.cluster import ClusterClient
    from core.target.cluster_answers import Pin
    from core.target.kubo import KuboClient
    from core.target.peers import Roster

_FIRST_S = 1.0
_MOST_S = 30.0
_GONE_S = 60.0
_LOOK_S = 0.25
_SILENT_S = 60.0


def _well(_peer: str) -> float:
    return 0.0


class PinPost:
    """Posts pins in turn to the peers of a roster. patience_s: longest wait on busy peers.

    down_s: for how long a peer's node has been down. A peer that tries to reach a dead Kubo takes
    pins, and tells the others of them a minute later.
    """

    def __init__(
        self, roster: Roster, *, patience_s: float, down_s: Callable[[str], float] = _well
    ) -> None:
        self._roster = roster
        self._down_s = down_s
        self._patience_s = patience_s
        self._turn = 0
        self._silent_s: dict[str, float] = {}  # when a peer last did not answer

    async def post(self, cid: str, *, name: str, allocations: Sequence[str]) -> Pin:
        """Return the pin as it was queued. RF is the number of allocations.

        Repeats while the cluster is busy or lacks peers, then raises what it said last; tries every
        peer before it raises NodeUnreachable. The same request twice is harmless.
        """
        rf = len(allocations)
        pause_s = _FIRST_S
        limit_s = time.monotonic() + self._patience_s
        while True:
            try:
                return await self._any(cid, name=name, rf=rf, allocations=allocations)
            except NodeBusy as busy:
                # jitter, so that bundles refused together do not come back together
                wait_s = max(busy.wait_s, pause_s) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
                if time.monotonic() + wait_s > limit_s:
                    raise
                pause_s = min(pause_s * 2, _MOST_S)
            await asyncio.sleep(wait_s)

    async def withdraw(self, cid: str, *, batch_s: float) -> None:
        """Remove a pin; on return no peer that answers holds it, nor its Kubo.

        Harmless when none does.

        batch_s: how long a pin just accepted may stay out of every state. DELETE does not find it
        there, and then it appears: so it is waited for first. A peer that does not answer learns
        of the removal from the others when it is back.
        Raises NodeUnreachable when no peer answers, or one holds it still after a minute.
        """
        fault: VgwmError | None = None
        gone: list[ClusterClient] = []
        limit_s = time.monotonic() + batch_s
        for cluster in self._in_turn():
            try:
                await _appears(cluster, cid, limit_s)
                async with asyncio.timeout(_GONE_S):
                    await _remove(cluster, cid)
            except (NodeUnreachable, NodeBusy) as error:
                fault = error
            except TimeoutError:
                raise NodeUnreachable(
                    what=f"{cluster.name} holds the pin of {cid} still after {_GONE_S:.0f} s",
                    where="withdrawal of a pin",
                    remedy="Look at the cluster's links (ipfs-cluster-ctl health graph).",
                    node=cluster.name,
                ) from None
            else:
                gone.append(cluster)
        if fault is not None and not gone:
            raise fault
        async with TaskGroup() as group:
            for node in [one for one in self._roster.nodes if one.cluster in gone]:
                group.create_task(_let_go(node.kubo, cid), name=f"unpin at {node.name}")

    async def _any(self, cid: str, *, name: str, rf: int, allocations: Sequence[str]) -> Pin:
        fault: VgwmError | None = None
        for cluster in self._in_turn():
            try:
                told = await cluster.pin(cid, name=name, rf=rf, allocations=allocations)
            except NodeUnreachable as error:
                self._silent_s[cluster.name] = time.monotonic()
                fault = error
            else:
                self._silent_s.pop(cluster.name, None)
                return told
        raise fault or NodeUnreachable(
            what="no cluster peer is configured",
            where="target.cluster",
            remedy="Add the peers' REST addresses to target.cluster.",
        )

    def _in_turn(self) -> list[ClusterClient]:
        clusters = list(self._roster.clusters)
        self._turn += 1
        at = self._turn % len(clusters) if clusters else 0
        ordered = clusters[at:] + clusters[:at]
        # one that hangs takes 20 s to say nothing: last, for a while
        limit_s = time.monotonic() - _SILENT_S
        ill = {node.cluster for node in self._roster.nodes if self._down_s(node.peer) > 0}

        def rank(one: ClusterClient) -> tuple[bool, bool]:
            return self._silent_s.get(one.name, limit_s) > limit_s, one in ill

        return sorted(ordered, key=rank)


async def _let_go(kubo: KuboClient, cid: str) -> None:
    """Return when a Kubo lists the pin no more, or does not answer, or after a minute.

    A peer unpins at its Kubo some time after its state lacks the pin. Pinned anew before, the same
    root is seen `pinned`, and unpinned then.
    """
    limit_s = time.monotonic() + _GONE_S
    with contextlib.suppress(VgwmError):
        while await kubo.pin_ls(cid) and time.monotonic() < limit_s:  # noqa: ASYNC110 - as below
            await asyncio.sleep(_LOOK_S)


async def _appears(cluster: ClusterClient, cid: str, limit_s: float) -> None:
    """Return when a peer's state holds the pin, or at limit_s, a monotonic time."""
    while await cluster.allocation(cid) is None and time.monotonic() < limit_s:  # noqa: ASYNC110 - a server's state has no event
        await asyncio.sleep(_LOOK_S)


async def _remove(cluster: ClusterClient, cid: str) -> None:
    """Ask for the removal until a peer's state lacks the pin."""
    while await cluster.allocation(cid) is not None:
        await cluster.unpin(cid)
        await asyncio.sleep(_LOOK_S)
