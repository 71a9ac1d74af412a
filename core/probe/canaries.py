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
from core.probe.to_end import to_end
from core.target.peers import Roster
from core.target.sink_kubo import KuboSink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.config.schema import IpfsTarget
    from core.probe.canary_notes import CanaryNotes
    from core.target.cluster import ClusterClient
    from core.target.peers import TargetNode

SHOWS_S: Final = 5.0
"""A pin that has not appeared for so long never will: above any batch's age that makes sense."""

REMOVE_S: Final = 20.0
EVERY_S: Final = 0.1
_IDLE_S: Final = 5.0


@dataclass(slots=True)
class Out:
    """A pin that has to go. seen: it stood in the shared state, so gone from there is gone.

    shows_s: how long one that was not seen yet may still appear: a DELETE within the batch of its
    POST is refused, and the pin comes afterwards.
    """

    cluster: ClusterClient
    root: str
    shows_s: float = SHOWS_S
    seen: bool = False


@dataclass(slots=True)
class Planted:
    """A canary. nodes: all of them; allocations: peers, as the cluster answered.

    gone: it was not asked for yet, or is seen to be removed: nothing is left to withdraw.
    """

    car: CanaryCar
    out: Out
    nodes: tuple[TargetNode, ...]
    allocations: frozenset[str]
    gone: bool = True

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
        login = await cluster_login(self._target)
        roster = await Roster.discover(self._target.kubo, self._target.cluster, login)
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
            self._notes.close()  # also what a look-up that was cancelled still holds
            await roster.close()

    @asynccontextmanager
    async def planted(self, nodes: tuple[TargetNode, ...]) -> AsyncIterator[Planted]:
        """Import a new canary to all nodes, ask for its pin on all, and withdraw it in the end.

        Raises what the nodes say.
        """
        car = make(secrets.token_bytes(32))
        planted = Planted(car, Out(_steering(nodes), car.text), nodes, frozenset())
        await asyncio.to_thread(_send, car, nodes)
        try:
            await to_end(asyncio.to_thread(self._notes.note, car.text))
            planted.gone = False
            pin = await planted.out.cluster.pin(
                car.text, name=self._name, rf=len(nodes), allocations=sorted(planted.peers)
            )
            planted.allocations = frozenset(pin.allocations)
            yield planted
        finally:
            await to_end(self._withdraw(planted))

    async def remove(self, out: Out) -> bool:
        """Unpin and wait until the shared state holds it no longer; False if it stays."""
        began_s = time.monotonic()
        while time.monotonic() < began_s + REMOVE_S:
            if await out.cluster.allocation(out.root) is not None:
                out.seen = True
                await out.cluster.unpin(out.root)
            elif out.seen or time.monotonic() >= began_s + out.shows_s:
                return True
            await asyncio.sleep(EVERY_S)
        return False

    async def _withdraw(self, planted: Planted) -> None:
        """Remove a canary on the way out; one that stays is left to the next run."""
        try:
            async with asyncio.timeout(REMOVE_S):
                if planted.gone or await self.remove(planted.out):
                    await asyncio.to_thread(self._notes.strike, planted.out.root)
        except (VgwmError, TimeoutError):
            return  # why is said by the row itself; the note stays

    async def _sweep(self, cluster: ClusterClient) -> None:
        for root, age_s in await to_end(asyncio.to_thread(self._notes.left)):
            if await self.remove(Out(cluster, root, max(0.0, SHOWS_S - age_s))):
                await asyncio.to_thread(self._notes.strike, root)


def _steering(nodes: tuple[TargetNode, ...]) -> ClusterClient:
    """Return a cluster client that commands one of the nodes. Raises NoAnswer without one."""
    for node in nodes:
        if node.cluster is not None:
            return node.cluster
    raise NoAnswer(
        what="not tried: no address of target.cluster commands one of these nodes",
        where="target.cluster",
        remedy="Name the REST address of each node's cluster peer.",
    )


def _send(car: CanaryCar, nodes: tuple[TargetNode, ...]) -> None:
    """Import the blocks to all nodes at once, by the way that bundles take."""
    sink = KuboSink(idle_s=_IDLE_S)
    try:
        sink.begin(0, "canary", [node.endpoint for node in nodes])
        sink.put(list(car.sections), sum(map(len, car.sections)))
        sink.finish(car.root, len(car.sections), car.block_bytes, b"")
    finally:
        sink.close()
