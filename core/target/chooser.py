"""Which nodes take the next bundle: those with room, least busy for their room. No I/O.

Room is the cluster's freespace less what was sent since: a limit of Kubo's, not of its disk.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.errors import CapacityExhausted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.target.peers import TargetNode

STALE_S = 30.0
"""An older look at a node says nothing of now: its state is unknown (I7)."""

_UNREACHABLE_S = 5.0
_BUSY_S = 5.0
_FULL_S = 60.0

HOPELESS_S = 60.0
"""How long a bundle waits while no node works and too few have room: garbage may go meanwhile."""


class NodeState(StrEnum):
    """How a node is as a place for bundles."""

    OK = "ok"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    FULL = "full"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a node. free_bytes: its freespace metric, None without a valid one.

    metric_ns: when the cluster heard that metric; only a new one resets what was sent since.
    """

    state: NodeState
    reason: str = ""
    free_bytes: int | None = None
    metric_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """A node as screens show it. age_s: of the last look, None before the first."""

    name: str
    url: str
    state: NodeState
    reason: str
    age_s: float | None
    free_bytes: int | None
    in_flight: int
    sent_bytes: int


class _Slot:
    """What is known of one node, and what it has been given."""

    def __init__(self, node: TargetNode) -> None:
        self.node = node
        self.look = Look(state=NodeState.UNKNOWN, reason="not looked at yet")
        self.looked_s: float | None = None
        self.in_flight = 0
        self.in_flight_bytes = 0
        self.sent_bytes = 0
        # two generations: a metric may be a whole interval older than our look at it
        self.newer_bytes = 0
        self.older_bytes = 0
        self.held_until_s = 0.0
        self.held_as = Look(state=NodeState.OK)

    def room_bytes(self) -> int:
        given = self.in_flight_bytes + self.newer_bytes + self.older_bytes
        return max(0, (self.look.free_bytes or 0) - given)


class Chooser:
    """Hands out nodes for bundles and takes them back.

    replication: nodes a bundle; never lowered silently. node_bundles: bundles a node at once.
    clock: monotonic seconds.
    """

    def __init__(self, *, replication: int, node_bundles: int, clock: Callable[[], float]) -> None:
        self.replication = replication
        self._node_bundles = node_bundles
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._changed = asyncio.Event()
        self._used_s = clock()
        self._waiting: list[int] = []

    def enroll(self, nodes: Iterable[TargetNode]) -> None:
        """Know these nodes from now on; those known already keep their counts."""
        for node in nodes:
            self._slots.setdefault(node.name, _Slot(node)).node = node
        self._stir()

    def observe(self, name: str, look: Look) -> None:
        """Take in a look at a node."""
        slot = self._slots[name]
        if look.metric_ns != slot.look.metric_ns:
            slot.older_bytes, slot.newer_bytes = slot.newer_bytes, 0
        slot.look = look
        slot.looked_s = self._clock()
        self._stir()

    def fault(self, name: str, kind: str, reason: str, *, wait_s: float = 0.0) -> None:
        """Leave a node out for a while. kind: name of the error class that it caused."""
        slot = self._slots.get(name)
        if slot is None:
            return
        states = {
            "CapacityExhausted": (NodeState.FULL, _FULL_S),
            "NodeBusy": (NodeState.BUSY, _BUSY_S),
        }
        state, hold_s = states.get(kind, (NodeState.UNREACHABLE, _UNREACHABLE_S))
        slot.held_as = Look(state=state, reason=reason)
        slot.held_until_s = self._clock() + max(hold_s, wait_s)
        self._stir()

    def limit(self, node_bundles: int) -> None:
        """Set how many bundles a node takes at once; bundles under way are not touched."""
        self._node_bundles = node_bundles
        self._stir()

    def choose(self, size_bytes: int) -> tuple[TargetNode, ...] | None:
        """Take `replication` nodes for a bundle; None when there is no room now."""
        able = [slot for slot in self._slots.values() if self._takes(slot, size_bytes)]
        if len(able) < self.replication:
            return None
        # least busy for the room it has: equal nodes share, a larger one gets more
        able.sort(key=lambda slot: ((slot.in_flight + 1) / slot.room_bytes(), slot.sent_bytes))
        taken = able[: self.replication]
        self._used_s = self._clock()
        for slot in taken:
            slot.in_flight += 1
            slot.in_flight_bytes += size_bytes
        return tuple(slot.node for slot in taken)

    async def take(self, size_bytes: int) -> tuple[TargetNode, ...]:
        """Wait until `replication` nodes have room for a bundle, and take them.

        Raises CapacityExhausted once nothing is under way that could end the wait.
        """
        self._waiting.append(size_bytes)
        try:
            return await self._take(size_bytes, self._clock())
        finally:
            self._waiting.remove(size_bytes)

    async def _take(self, size_bytes: int, began_s: float) -> tuple[TargetNode, ...]:
        while True:
            nodes = self.choose(size_bytes)
            if nodes is not None:
                return nodes
            still_s = self._clock() - max(began_s, self._used_s)
            if still_s >= HOPELESS_S and self._hopeless(size_bytes):
                raise CapacityExhausted(
                    what=self.why_not(size_bytes),
                    where=f"a bundle of {size_bytes:,} bytes",
                    remedy="Raise Datastore.StorageMax there or add disks, then copy again.",
                )
            self._changed.clear()
            await self._changed.wait()

    def release(self, names: Iterable[str], size_bytes: int, *, sent: bool) -> None:
        """Give back what `choose` took. sent: its bytes may be on the nodes now."""
        for name in names:
            slot = self._slots[name]
            slot.in_flight -= 1
            self._used_s = self._clock()
            slot.in_flight_bytes -= size_bytes
            if sent:
                slot.sent_bytes += size_bytes
                slot.newer_bytes += size_bytes
        self._stir()

    def status(self) -> list[NodeStatus]:
        """Return every node as it is seen now."""
        now_s = self._clock()
        found = []
        for slot in self._slots.values():
            look = self._now(slot)
            found.append(
                NodeStatus(
                    name=slot.node.name,
                    url=slot.node.kubo.url,
                    state=look.state,
                    reason=look.reason,
                    age_s=None if slot.looked_s is None else now_s - slot.looked_s,
                    free_bytes=slot.look.free_bytes,
                    in_flight=slot.in_flight,
                    sent_bytes=slot.sent_bytes,
                )
            )
        return found

    def why_not(self, size_bytes: int) -> str:
        """Return why a bundle of this size finds no nodes now, "" when it would.

        size_bytes 0: of the smallest that waits.
        """
        size_bytes = size_bytes or min(self._waiting, default=0)
        short = []
        able = 0
        for slot in self._slots.values():
            look = self._now(slot)
            if look.state is not NodeState.OK:
                short.append(f"{slot.node.name} is {look.state}: {look.reason}")
            elif slot.room_bytes() <= size_bytes:
                short.append(f"{slot.node.name} has no room")
            elif slot.in_flight >= self._node_bundles:
                short.append(f"{slot.node.name} has {slot.in_flight} bundles in flight")
            else:
                able += 1
        if able >= self.replication:
            return ""
        return f"{able} of {self.replication} nodes can take a bundle: {'; '.join(short)}"

    def _takes(self, slot: _Slot, size_bytes: int) -> bool:
        return (
            slot.in_flight < self._node_bundles
            and slot.room_bytes() > size_bytes
            and self._now(slot).state is NodeState.OK
        )

    def _hopeless(self, size_bytes: int) -> bool:
        """Tell if no bundle is in flight and too few nodes would have room if all answered."""
        slots = self._slots.values()
        roomy = sum(
            slot.look.state is not NodeState.FULL
            and (slot.look.free_bytes is None or slot.look.free_bytes > size_bytes)
            for slot in slots
        )
        return roomy < self.replication and not any(slot.in_flight for slot in slots)

    def _now(self, slot: _Slot) -> Look:
        now_s = self._clock()
        if now_s < slot.held_until_s:
            return slot.held_as
        if slot.looked_s is not None and now_s - slot.looked_s > STALE_S:
            age_s = now_s - slot.looked_s
            return Look(state=NodeState.UNKNOWN, reason=f"last seen {age_s:.0f} s ago")
        return slot.look

    def _stir(self) -> None:
        self._changed.set()
