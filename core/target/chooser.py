"""Which nodes take the next bundle: those with room, least busy for their room. No I/O.

Room is the cluster's freespace less what was sent since: a limit of Kubo's, not of its disk.
A node that fails at real work is left out by its breaker, whatever a look at it says.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.errors import CapacityExhausted, Denied
from core.target.breaker import Breaker, Circuit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.target.peers import TargetNode

STALE_S = 30.0
"""An older look at a node says nothing of now: its state is unknown (I7)."""

HOPELESS_S = 5.0
"""How long a bundle waits while nothing is under way and too few nodes have room, or let us in."""

_LOOK_AGAIN_S = 1.0


class NodeState(StrEnum):
    """How a node is as a place for bundles."""

    OK = "ok"
    BUSY = "busy"
    SLOW = "slow"
    UNREACHABLE = "unreachable"
    FAILING = "failing"  # it takes bundles, and does not come to hold their pins
    FULL = "full"
    DENIED = "denied"
    UNKNOWN = "unknown"


_STATE_OF = {
    "CapacityExhausted": NodeState.FULL,
    "NodeBusy": NodeState.BUSY,
    "NodeSlow": NodeState.SLOW,
    "Denied": NodeState.DENIED,
    "PinFailed": NodeState.FAILING,
    "PinMoved": NodeState.FAILING,
    "BlocksMissing": NodeState.FAILING,
}
_SHUT = frozenset({NodeState.FULL, NodeState.DENIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a node. free_bytes: its freespace metric, None without a valid one.

    metric_ns: when the cluster heard that metric; only a new one resets what was sent since.
    wait_s: how long the node asked us to leave it alone.
    """

    state: NodeState
    reason: str = ""
    free_bytes: int | None = None
    metric_ns: int = 0
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A node's breaker opened or closed. text: for the operator."""

    node: str
    opened: bool
    text: str


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
        self.breaker = Breaker()
        self.ill_since_s: float | None = None

    def room_bytes(self) -> int:
        given = self.in_flight_bytes + self.newer_bytes + self.older_bytes
        return max(0, (self.look.free_bytes or 0) - given)


class Chooser:
    """Hands out nodes for bundles and takes them back.

    replication: nodes a bundle; never lowered silently. node_bundles: bundles a node at once.
    clock: monotonic seconds. on_turn: hears of each breaker that opens or closes.
    """

    def __init__(self, *, replication: int, node_bundles: int, clock: Callable[[], float]) -> None:
        self.replication = replication
        self._node_bundles = node_bundles
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._changed = asyncio.Event()
        self._used_s = clock()
        self._waiting: list[int] = []
        self.on_turn: Callable[[Turn], None] = lambda _turn: None

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
        if look.state in {NodeState.OK, NodeState.FULL, NodeState.BUSY}:
            slot.ill_since_s = None
        elif slot.ill_since_s is None:
            slot.ill_since_s = self._clock()
        self._stir()

    def fault(self, name: str, kind: str, reason: str, *, wait_s: float = 0.0) -> None:
        """Count a node's fault; it is left out for a while. kind: the error's class."""
        slot = self._slots.get(name)
        if slot is None:
            return
        now_s = self._clock()
        if slot.breaker.fault(kind, reason, now_s, wait_s=wait_s):
            left_s = slot.breaker.wait_s(now_s)
            text = f"{name} is left out for {left_s:.0f} s, then tried with one bundle: {reason}"
            self.on_turn(Turn(node=name, opened=True, text=text))
        self._stir()

    def pinned(self, peers: Iterable[str]) -> None:
        """Note that a bundle was seen pinned at these cluster peers."""
        for slot in self._slots.values():
            if slot.node.peer in peers:
                self._passed(slot, pinned=True)
        self._stir()

    def down_s(self, peer: str) -> float:
        """Return for how long a cluster peer's node has not been well, 0 for one that is."""
        slot = next((s for s in self._slots.values() if s.node.peer == peer), None)
        if slot is None or slot.ill_since_s is None:
            return 0.0
        return self._clock() - slot.ill_since_s

    def others(self, peers: Iterable[str]) -> int:
        """Return how many nodes are well, those of these cluster peers left out."""
        left_out = set(peers)
        return sum(
            self._now(slot).state is NodeState.OK and slot.node.peer not in left_out
            for slot in self._slots.values()
        )

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
            slot.breaker.taken(self._used_s)
        return tuple(slot.node for slot in taken)

    async def take(self, size_bytes: int) -> tuple[TargetNode, ...]:
        """Wait until `replication` nodes have room for a bundle, and take them.

        Raises CapacityExhausted, or Denied, once nothing is under way that could end the wait.
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
                raise self._shut(size_bytes)
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):  # a breaker's pause ends unheard
                    await self._changed.wait()

    def _shut(self, size_bytes: int) -> CapacityExhausted | Denied:
        """Return why nothing can come of waiting."""
        what, where = self.why_not(size_bytes), f"a bundle of {size_bytes:,} bytes"
        if any(self._now(slot).state is NodeState.DENIED for slot in self._slots.values()):
            remedy = "Put back the credentials that vgwm.yaml refers to, at the nodes or here."
            return Denied(what=what, where=where, remedy=remedy)
        remedy = "Raise Datastore.StorageMax there, or add disks or nodes."
        return CapacityExhausted(what=what, where=where, remedy=remedy)

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
                self._passed(slot, pinned=False)
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
        now_s = self._clock()
        for slot in self._slots.values():
            look = self._now(slot)
            if look.state is not NodeState.OK and not self._on_trial(slot, now_s):
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
            and self._looks(slot).state is NodeState.OK
            and slot.breaker.takes(self._clock())
        )

    def _on_trial(self, slot: _Slot, now_s: float) -> bool:
        """Tell if only its breaker speaks against a node, and lets one bundle in now."""
        return self._looks(slot).state is NodeState.OK and slot.breaker.takes(now_s)

    def _hopeless(self, size_bytes: int) -> bool:
        """Tell if no bundle is in flight and too few nodes would take one if all answered."""
        slots = self._slots.values()
        open_to_us = sum(
            self._now(slot).state not in _SHUT
            and (slot.look.free_bytes is None or slot.look.free_bytes > size_bytes)
            for slot in slots
        )
        return open_to_us < self.replication and not any(slot.in_flight for slot in slots)

    def _passed(self, slot: _Slot, *, pinned: bool) -> None:
        if slot.breaker.passed(pinned=pinned):
            text = f"{slot.node.name} takes bundles again"
            self.on_turn(Turn(node=slot.node.name, opened=False, text=text))

    def _looks(self, slot: _Slot) -> Look:
        """Return a node as it was last looked at; long ago is unknown."""
        if slot.looked_s is not None:
            age_s = self._clock() - slot.looked_s
            if age_s > STALE_S:
                return Look(state=NodeState.UNKNOWN, reason=f"last seen {age_s:.0f} s ago")
        return slot.look

    def _now(self, slot: _Slot) -> Look:
        """Return a node as it is: ill by a look at it, else by what its breaker knows."""
        look, now_s = self._looks(slot), self._clock()
        breaker = slot.breaker
        if look.state is not NodeState.OK:
            return look
        rests_s = breaker.wait_s(now_s)
        if breaker.circuit(now_s) is Circuit.CLOSED and not rests_s:
            return look
        more = f"left out for {rests_s:.0f} s more" if rests_s else "on trial with one bundle"
        state = _STATE_OF.get(breaker.kind, NodeState.UNREACHABLE)
        return Look(state=state, reason=f"{breaker.reason}; {more}", free_bytes=look.free_bytes)

    def _stir(self) -> None:
        self._changed.set()
