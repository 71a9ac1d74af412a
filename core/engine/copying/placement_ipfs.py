"""Placing bundles on Kubo nodes under IPFS-Cluster.

May import the target's control side and the model.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.dag import cid as cids
from core.errors import (
    CapacityExhausted,
    Denied,
    Family,
    NodeUnreachable,
    PinFailed,
    PinMoved,
    VgwmError,
)
from core.target.chooser import Chooser, NodeState, Turn
from core.target.manifest_read import read_manifest
from core.target.node_watch import NO_METRIC, NodeWatch
from core.target.notices import Notice, Notices
from core.target.pin_audit import audit
from core.target.pins import PinWatch
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from core.engine.copying.placement import Place
    from core.engine.crew.task import Fault
    from core.model import Cid, Finding
    from core.target.chooser import NodeStatus
    from core.target.peers import Roster, TargetNode
    from core.target.pin_audit import RecordedPin
    from core.target.sink import KuboEndpoint


FORGOTTEN_S = 10.0
"""How long a pin is looked for in a peer's state before it is posted again: gossip takes 1 s."""

METRIC_S = 20.0
"""How long a busy peer's free space is waited for: the next of two tellings."""

_LOOK_S = 1.0
SETTLE_S = 90.0
AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes chosen for one bundle."""

    nodes: tuple[TargetNode, ...]

    @property
    def endpoints(self) -> tuple[KuboEndpoint, ...]:
        """Where workers send it."""
        return tuple(node.endpoint for node in self.nodes)

    @property
    def peers(self) -> tuple[str, ...]:
        """The cluster peers that are to hold it."""
        return tuple(node.peer for node in self.nodes)


class IpfsPlacement:
    """Chooses nodes by their room, and has bundles pinned there."""

    def __init__(
        self, roster: Roster, *, replication: int, node_bundles: int, workspace_id: str
    ) -> None:
        self.replication = replication
        self.roster = roster
        self._workspace_id = workspace_id
        self.chooser = Chooser(
            replication=replication, node_bundles=node_bundles, clock=time.monotonic
        )
        self._watch = NodeWatch(roster, self.chooser)
        self._began = False
        self._notices = Notices()
        self._pins = PinWatch(roster, health=self.chooser, notices=self._notices)
        self.chooser.on_turn = self._turned

    async def start(self) -> None:
        """Require the nodes that replication needs, and look at them once. Raises what is wrong."""
        if self._began or self.roster.silent:
            await self.roster.ask()  # tried again: who was silent, or late, may answer now
        self._began = True
        self.roster.require(self.replication)
        await self._watch.look()
        await self._late()
        self._require_room()

    async def _late(self) -> None:
        """Look once more where too few nodes will do: a busy one answers late.

        Those that are well, and whose free space the cluster does not know just now, are waited
        for.
        """
        until_s = time.monotonic() + METRIC_S
        first = True
        while time.monotonic() < until_s:
            told = self.chooser.status()
            able = sum(status.state is NodeState.OK for status in told)
            late = sum(status.reason == NO_METRIC for status in told)
            if first:
                late = sum(status.state not in {NodeState.OK, NodeState.FULL} for status in told)
            if able >= self.replication or able + late < self.replication:
                return
            await asyncio.sleep(_LOOK_S)
            await self._watch.look()
            first = False

    def _require_room(self) -> None:
        """Raise unless enough nodes can take a bundle: better now than as a stalled job."""
        able = [status for status in self.chooser.status() if status.state is NodeState.OK]
        if len(able) >= self.replication:
            return
        full = any(status.state is NodeState.FULL for status in self.chooser.status())
        raise (CapacityExhausted if full else NodeUnreachable)(
            what=self.chooser.why_not(0),
            where="target.kubo",
            remedy="Raise Datastore.StorageMax there, or add disks or nodes."
            if full
            else "Start the nodes and their cluster peers, wait for their metrics, then try again.",
        )

    async def choose(self, size_bytes: int) -> Place:
        """Wait until nodes have room for the bundle."""
        return Nodes(await self.chooser.take(size_bytes))

    def release(self, place: Place, size_bytes: int, fault: Fault | None, *, arrived: bool) -> None:
        """Give the room back, and leave a node that failed out for a while."""
        names = [endpoint.name for endpoint in place.endpoints]
        self.chooser.release(names, size_bytes, sent=arrived)
        if fault is not None and fault.node:
            self.chooser.fault(fault.node, fault.kind, fault.what, wait_s=fault.wait_s)

    async def pin(
        self,
        bundle: int,
        root: Cid,
        car_bytes: int | None,
        peers: tuple[str, ...],
    ) -> None:
        """Pin the bundle's root, and return when each peer was seen `pinned`."""
        name = f"vgwm-{self._workspace_id}-{bundle}"
        try:
            await self._pins.pin(root, peers, name=name, size_bytes=car_bytes or 0)
        except (PinFailed, PinMoved) as fault:
            refused = fault.allocations if isinstance(fault, PinMoved) else ()
            for node in self.roster.nodes:
                # a peer asked for that the cluster put another in the place of
                passed_over = isinstance(fault, PinMoved) and node.peer in {*peers} - {*refused}
                if node.name == fault.node or passed_over:
                    self.chooser.fault(node.name, type(fault).__name__, fault.what)
            raise
        self.chooser.pinned(peers)

    async def ready(self, fault: VgwmError, size_bytes: int) -> bool:
        """Ask the nodes' last looks for room, or every server whether it lets us in."""
        if fault.family is not Family.AUTH:
            return not self.chooser.why_not(size_bytes)
        return await self._let_in()

    async def _let_in(self) -> bool:
        """Ask every server, at once; one that does not answer says nothing."""
        told: list[bool] = []

        async def ask(call: Awaitable[object]) -> None:
            try:
                await call
            except Denied:
                told.append(False)
            except VgwmError:
                return
            else:
                told.append(True)

        async with TaskGroup() as group:
            for cluster in self.roster.clusters:
                group.create_task(ask(cluster.id()), name=f"may we ask {cluster.name}")
            for kubo in self.roster.kubos:
                group.create_task(ask(kubo.repo_stat()), name=f"may we ask {kubo.name}")
        return bool(told) and all(told)

    async def manifest(self, root: Cid, peers: tuple[str, ...]) -> bytes:
        """Read the manifest from a node that holds the bundle, and check it against the root."""
        return await read_manifest(self.roster, root, peers)

    async def watch(self) -> None:
        """Keep the looks at nodes and pins fresh; ends by cancellation."""
        async with TaskGroup() as group:
            group.create_task(self._watch.run(), name="node watch")
            group.create_task(self._pins.run(), name="pin watch")

    async def withdraw(self, root: Cid) -> None:
        """Take a pin back, so that other peers can be chosen."""
        await self._pins.withdraw(root)

    async def let_go(self, root: Cid) -> None:
        """Take the pin back on every peer that answers."""
        await self._pins.withdraw(root)

    async def notice(self) -> Notice:
        """Return the next thing to say: a node left out or taken again, a pin tried again."""
        return await self._notices.next()

    def _turned(self, turn: Turn) -> None:
        kind = "node_left_out" if turn.opened else "node_back"
        level: Literal["info", "warn"] = "warn" if turn.opened else "info"
        self._notices.say(Notice(kind=kind, text=turn.text, level=level), about=turn.node)

    def limit(self, *, node_bundles: int, pin_queue_max: int) -> None:
        """Set how many bundles a node takes at once, and how long a peer's pin queue may grow."""
        self.chooser.limit(node_bundles)
        self._pins.queue_max = pin_queue_max

    async def audit(self, pins: Sequence[RecordedPin]) -> list[Finding]:
        """Ask every peer's copy of the shared state for every pin; post again what one has lost.

        A peer that was killed forgets the last seconds, also of pins that it had said to hold.
        """
        found = await self._look_at_pins(pins, settle_s=FORGOTTEN_S)
        lost = {one.subject for one in found if one.verdict == "fail"}
        again = [pin for pin in pins if pin.root in lost]
        if not again:
            return found
        room = asyncio.Semaphore(AT_ONCE)

        async def post(pin: RecordedPin) -> None:
            async with room:
                await self.pin(pin.bundle, cids.parse(pin.root), None, pin.allocations)

        async with TaskGroup() as group:
            for pin in again:
                group.create_task(post(pin), name=f"pin {pin.bundle} again")
        text = f"{len(again):,} recorded pins were not in every peer's state; they are pinned again"
        self._notices.say(Notice(kind="pins_forgotten", text=text), about="")
        return await self._look_at_pins(pins, settle_s=SETTLE_S)

    async def _look_at_pins(self, pins: Sequence[RecordedPin], *, settle_s: float) -> list[Finding]:
        ill = [
            node.cluster.name
            for node in self.roster.nodes
            if node.cluster is not None and self.chooser.down_s(node.peer) > 0
        ]
        return await audit(self.roster, pins, ill=ill, settle_s=settle_s)

    def nodes(self) -> list[NodeStatus]:
        """Return every node as it is seen now."""
        return self.chooser.status()

    def why_not(self, size_bytes: int) -> str:
        """Return why a bundle of this size finds no nodes now, or "".

        Nodes that are merely at work are no news: they are counted, not listed.
        """
        reason = self.chooser.why_not(size_bytes)
        seen = self.chooser.status()
        if reason and all(status.state is NodeState.OK for status in seen):
            busy = sum(status.in_flight > 0 for status in seen)
            return f"nodes: {busy} of {len(seen)} in use"
        return reason

    async def tidy(self) -> None:
        """Do nothing: blocks without a pin are the nodes' to collect."""

    async def close(self) -> None:
        """Close the clients."""
        await self.roster.close()
