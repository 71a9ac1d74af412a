"""Plants canaries in the cluster, and withdraws them, whatever happens.

After a failure and after Ctrl-C the same run does it, after a kill the next one, which finds them
noted. Their blocks go at the nodes' next garbage collection. Source: ipfs.md 6.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import NoAnswer, VgwmError
from core.probe.canary_car import CanaryCar, make
from core.probe.login import cluster_login
from core.target.peers import Roster
from core.target.sink_kubo import KuboSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.schema import IpfsTarget
    from core.probe.canary_notes import CanaryNotes
    from core.target.cluster import ClusterClient
    from core.target.peers import TargetNode

SHOWS_S: Final = 10.0
"""A pin that has not appeared for so long never will: above any batch's age that makes sense."""

REMOVE_S: Final = 20.0
EVERY_S: Final = 0.1
_IDLE_S: Final = 5.0


@dataclass(slots=True)
class Planted:
    """A canary that is out. nodes: all of them; allocations: peers, as the cluster answered.

    gone: it is seen to be removed, so that nothing is left to withdraw.
    """

    car: CanaryCar
    cluster: ClusterClient
    nodes: tuple[TargetNode, ...]
    allocations: frozenset[str]
    gone: bool = False

    @property
    def peers(self) -> frozenset[str]:
        """The peers that it was asked to be on."""
        return frozenset(node.peer for node in self.nodes)


class Canaries:
    """The canaries of a workspace. ident: its id, as pins are named."""

    def __init__(self, target: IpfsTarget, ident: str, notes: CanaryNotes) -> None:
        self._target = target
        self._name = f"vgwm-{ident}-canary"
        self._notes = notes

    @asynccontextmanager
    async def nodes(self) -> AsyncIterator[tuple[TargetNode, ...]]:
        """Open all nodes, once what earlier runs left there is withdrawn.

        Raises NoAnswer unless each address answers: what is not tried everywhere proves nothing.
        """
        roster = await Roster.discover(
            self._target.kubo, self._target.cluster, cluster_login(self._target)
        )
        try:
            missing = [one.name for one in roster.silent]
            if missing or len(roster.nodes) < len(roster.kubos):
                raise NoAnswer(
                    what=f"not tried: without an answer {', '.join(missing) or 'a Kubo'}",
                    where="target.kubo, target.cluster",
                    remedy="Start all nodes first; see the row of each endpoint.",
                )
            await self._sweep(roster.clusters[0])
            yield roster.nodes
        finally:
            await roster.close()

    @asynccontextmanager
    async def planted(self, nodes: tuple[TargetNode, ...]) -> AsyncIterator[Planted]:
        """Import a new canary to all nodes, ask for its pin on all, and withdraw it in the end.

        Raises what the nodes say.
        """
        car = make(secrets.token_bytes(32))
        cluster = next(node.cluster for node in nodes if node.cluster is not None)
        out = Planted(car, cluster, nodes, frozenset())
        await asyncio.to_thread(_send, car, nodes)
        self._notes.note(car.text)
        try:
            pin = await cluster.pin(
                car.text, name=self._name, rf=len(nodes), allocations=sorted(out.peers)
            )
            out.allocations = frozenset(pin.allocations)
            yield out
        finally:
            await self._withdraw(out)

    async def remove(self, cluster: ClusterClient, root: str, *, shows_s: float = SHOWS_S) -> bool:
        """Unpin a root and wait until the shared state holds it no longer; False if it stays.

        shows_s: how long one that is not there may still appear: a DELETE within the batch of its
        POST is refused, and the pin comes afterwards.
        """
        began_s = time.monotonic()
        seen = False
        while time.monotonic() < began_s + REMOVE_S:
            if await cluster.allocation(root) is not None:
                seen = True
                await cluster.unpin(root)
            elif seen or time.monotonic() >= began_s + shows_s:
                return True
            await asyncio.sleep(EVERY_S)
        return False

    async def _withdraw(self, out: Planted) -> None:
        """Remove a canary on the way out; one that stays is left to the next run."""
        root = out.car.text
        try:
            async with asyncio.timeout(REMOVE_S):
                if out.gone or await self.remove(out.cluster, root):
                    self._notes.strike(root)
        except (VgwmError, TimeoutError):
            pass  # why is said by the row itself; the note stays
        finally:
            self._notes.let_go(root)

    async def _sweep(self, cluster: ClusterClient) -> None:
        for root, age_s in self._notes.left():
            try:
                if await self.remove(cluster, root, shows_s=max(0.0, SHOWS_S - age_s)):
                    self._notes.strike(root)
            finally:
                self._notes.let_go(root)


def _send(car: CanaryCar, nodes: tuple[TargetNode, ...]) -> None:
    """Import the blocks to all nodes at once, by the way that bundles take."""
    sink = KuboSink(idle_s=_IDLE_S)
    try:
        sink.begin(0, "canary", [node.endpoint for node in nodes])
        sink.put(list(car.sections), sum(map(len, car.sections)))
        sink.finish(car.root, len(car.sections), car.block_bytes, b"")
    finally:
        sink.close()
