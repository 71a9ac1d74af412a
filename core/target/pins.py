"""Pins bundles and waits until every allocated peer was seen to hold them (I1).

Polling as cheap as it gets: what a peer has in work comes from its memory; only a root older than
the cluster's batch and not in work is asked for by name, since that costs its peer 1.5 ms.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from core.dag import cid as cids
from core.errors import (
    BlocksMissing,
    NodeBusy,
    NodeUnreachable,
    PinFailed,
    PinMoved,
    VgwmError,
    WrongState,
)
from core.target.cluster_answers import PeerPin, PinStatus
from core.target.kubo_answers import excerpt
from core.target.notices import Notice, Notices
from core.target.pin_peer import PinPeer
from core.target.pin_post import PinPost
from core.target.pin_step import Act, Mood, PinLimits, begin, step
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.model import Cid
    from core.target.peers import Roster

_ASKED_AT_ONCE = 50
_SILENT_MAX_S = 8.0
_UNHEARD = PeerPin(PinStatus.UNDEFINED)
_QUEUED = frozenset({PinStatus.PIN_QUEUED, PinStatus.PINNING})


class Health(Protocol):
    """What is known of the nodes beside their pins."""

    def down_s(self, peer: str) -> float:
        """Return for how long a peer's node has not been well, 0 for one that is."""
        ...

    def others(self, peers: Iterable[str]) -> int:
        """Return how many nodes are well, those of these peers left out."""
        ...


class _Wait:
    """One pin, and the peers that have not said `pinned` yet."""

    def __init__(
        self, root: str, name: str, allocations: Sequence[str], now_s: float, read_s: float
    ) -> None:
        self.root = root
        self.name = name
        self.allocations = tuple(allocations)
        self.posted_s = now_s
        self.peers = {peer: begin(now_s, read_s=read_s) for peer in allocations}
        self.ask_s = dict.fromkeys(allocations, now_s)
        self.gap_s = dict.fromkeys(allocations, 0.0)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, error: VgwmError) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def pinned_at(self, peer: str) -> None:
        self.peers.pop(peer, None)
        if not self.peers and not self.done.done():
            self.done.set_result(None)


class PinWatch:
    """All pins that are on their way, and one poll loop for each peer that is waited for.

    `run` polls, and must run while `pin` is waited for; it ends by cancellation only.
    health: a pin on a node that is down waits while it has nowhere else to go; None: not known.
    """

    def __init__(
        self,
        roster: Roster,
        limits: PinLimits | None = None,
        *,
        health: Health | None = None,
        notices: Notices | None = None,
    ) -> None:
        self._health = health
        self._notices = notices or Notices()
        self.queue_max = 1000
        """Pins a peer may have queued before no more are given to it; may change while running."""
        self._limits = limits or PinLimits()
        self._roster = roster
        patience_s = self._limits.post_patience_s
        self._post = (
            PinPost(roster, patience_s=patience_s, down_s=health.down_s)
            if health is not None
            else PinPost(roster, patience_s=patience_s)
        )
        self._ask_age_s = self._limits.batch_age_s
        self._waits: dict[str, dict[str, _Wait]] = {}  # by peer, then by root
        self._woken: dict[str, asyncio.Event] = {}
        self._queues: dict[str, int] = {}
        self._listed: dict[str, dict[str, PeerPin]] = {}
        self._progress_s: dict[str, float] = {}
        self._fresh = asyncio.Event()
        self._counted = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Return how many pins are waited for."""
        return len({root for waits in self._waits.values() for root in waits})

    @property
    def queues(self) -> dict[str, int]:
        """Return how much each polled peer had queued or in work, at its last answer."""
        return dict(self._queues)

    async def pin(
        self, root: Cid, allocations: Sequence[str], *, name: str, size_bytes: int = 0
    ) -> None:
        """Return when each allocated peer's own API said `pinned`. RF = number of allocations.

        name: at most 128 bytes. size_bytes: of its blocks, which a peer may take time to read.
        The blocks must be there already: a pin that waits for blocks holds a slot of its peer until
        a timeout, and is not woken by an import.
        Raises PinMoved (the cluster chose other peers), BlocksMissing (import again), PinFailed,
        NodeBusy, NodeUnreachable, Denied. Calling it again with the same root is harmless.
        """
        text = cids.text(root)
        if any(text in self._waits.get(peer, ()) for peer in allocations):
            raise WrongState(
                what=f"{text} is being waited for already",
                where=f"pin of {name}",
                remedy="This is a fault of vgwm: report it.",
            )
        while any(self._queues.get(peer, 0) > self.queue_max for peer in allocations):
            self._counted.clear()
            await self._counted.wait()
        told = await self._post.post(text, name=name, allocations=allocations)
        if set(told.allocations) != set(allocations):
            raise _moved(text, name, told.allocations)
        read_s = size_bytes / self._limits.read_bytes_s
        wait = _Wait(text, name, allocations, time.monotonic(), read_s)
        for peer in wait.allocations:
            self._waits.setdefault(peer, {})[text] = wait
            self._wake(peer)
        try:
            await wait.done
        finally:
            for peer in wait.allocations:
                self._waits[peer].pop(text, None)

    async def withdraw(self, root: Cid) -> None:
        """Remove a pin and return when no peer's state holds it: then other peers can be chosen."""
        await self._post.withdraw(cids.text(root), batch_s=2 * self._limits.batch_age_s)

    async def run(self) -> None:
        """Poll for ever the peers that are waited for, each at its own pace."""
        polled: set[str] = set()
        async with TaskGroup() as group:
            while True:
                for peer in self._waits.keys() - polled:
                    polled.add(peer)
                    group.create_task(self._watch(peer), name=f"pins of {peer}")
                self._fresh.clear()
                await self._fresh.wait()

    def _wake(self, peer: str) -> None:
        self._woken.setdefault(peer, asyncio.Event()).set()
        self._fresh.set()

    async def _watch(self, peer: str) -> None:
        voice = PinPeer(self._roster, peer)
        woken = self._woken[peer]
        silent_s = 0.0
        while True:
            if not self._waits[peer]:
                self._queues.pop(peer, None)
                self._counted.set()
                woken.clear()
                await woken.wait()
            try:
                await self._poll(voice)
                silent_s = 0.0
            except NodeBusy as busy:  # it is no silence: it says how long to leave it alone
                silent_s = max(busy.wait_s, self._limits.poll_s)
            except NodeUnreachable as error:
                self._queues.pop(peer, None)
                self._counted.set()
                # polling a sick peer slows it further
                silent_s = min(_SILENT_MAX_S, max(self._limits.poll_s, silent_s * 2))
                await self._unheard(voice, error)
            except VgwmError as error:  # a wrong password: no look will mend it
                for wait in list(self._waits[peer].values()):
                    wait.fail(error)
            await asyncio.sleep(silent_s or self._limits.poll_s)

    async def _poll(self, voice: PinPeer) -> None:
        """Look once at every pin that waits for this peer."""
        busy = await voice.busy()
        self._queues[voice.peer] = sum(state.status in _QUEUED for state in busy.values())
        self._counted.set()
        now_s = time.monotonic()
        if busy != self._listed.get(voice.peer):
            self._listed[voice.peer] = busy
            self._progress_s[voice.peer] = now_s
        waits = self._waits[voice.peer]
        listed = [(wait, busy[root]) for root, wait in waits.items() if root in busy]
        for wait, seen in listed:
            await self._saw(voice, wait, seen)
        ask = [
            wait
            for root, wait in waits.items()
            if root not in busy
            and now_s - wait.posted_s >= self._ask_age_s
            and wait.ask_s[voice.peer] <= now_s
        ][:_ASKED_AT_ONCE]
        if not ask:
            return
        states = await voice.status([wait.root for wait in ask])
        for wait in ask:
            seen = states.get(wait.root, _UNHEARD)
            gap_s = wait.gap_s[voice.peer]
            if not gap_s:
                self._learn_age(seen)
            gap_s = min(self._limits.ask_again_s, max(self._limits.poll_s, gap_s * 2))
            wait.gap_s[voice.peer] = gap_s
            wait.ask_s[voice.peer] = now_s + gap_s
            await self._saw(voice, wait, seen)

    def _learn_age(self, first: PeerPin) -> None:
        """Move the age of a first question to where half of them hear `pinned`.

        So it settles near the cluster's batch age, which no API tells.
        """
        if first.status is PinStatus.PINNED:
            self._ask_age_s = max(self._limits.poll_s, self._ask_age_s * 0.9)
        else:
            self._ask_age_s = min(self._limits.batch_age_s, self._ask_age_s * 1.1)

    async def _unheard(self, voice: PinPeer, error: VgwmError) -> None:
        """Count a peer's silence against the patience with it, not against its pins (I7)."""
        for wait in list(self._waits[voice.peer].values()):
            state = PeerPin(PinStatus.UNDEFINED, f"no answer: {error.what}")
            await self._saw(voice, wait, state)

    async def _saw(self, voice: PinPeer, wait: _Wait, seen: PeerPin) -> None:
        """Take in one look, and do what is due."""
        before = wait.peers.get(voice.peer)
        if before is None or wait.done.done():
            return
        progress_s = self._progress_s.get(voice.peer, 0.0)
        after, act = step(before, seen, time.monotonic(), self._limits, progress_s=progress_s)
        wait.peers[voice.peer] = after
        if act is Act.DONE:
            wait.pinned_at(voice.peer)
            return
        lost, movable = self._lost(voice.peer, wait)
        if lost and movable:
            wait.fail(_lost(voice, wait, seen))
            return
        if lost or (after.mood is Mood.UNKNOWN and not movable):
            return  # nothing can be asked of it, and there is nowhere else to go
        match act:
            case Act.GIVE_UP:
                wait.fail(_failed(voice, wait, seen))
            case Act.WAIT:
                pass
            case _:
                try:
                    await self._mend(voice, wait, act, seen)
                except NodeBusy:
                    raise  # it says how long to leave it alone
                except NodeUnreachable:
                    pass  # due again at a later look, until patience ends
                except VgwmError as error:
                    wait.fail(error)

    def _lost(self, peer: str, wait: _Wait) -> tuple[bool, bool]:
        """Tell if a peer's node has been ill for too long, and if others could take its pin."""
        if self._health is None:
            return False, True
        ill = self._health.down_s(peer) >= self._limits.silent_s
        return ill, self._health.others([peer]) >= len(wait.allocations)

    def _say(self, kind: str, voice: PinPeer, text: str) -> None:
        self._notices.say(Notice(kind=kind, text=text), about=voice.peer)

    async def _mend(self, voice: PinPeer, wait: _Wait, act: Act, seen: PeerPin) -> None:
        """Do what a lasting state asks for."""
        if act in {Act.CHECK_BLOCKS, Act.CHECK_AND_RECOVER}:
            if await voice.blocks(wait.root) is None:
                wait.fail(_missing(voice, wait))
            elif act is Act.CHECK_AND_RECOVER:
                await voice.recover(wait.root)
                said = f": {excerpt(seen.error.encode())}" if seen.error else ""
                text = f"{voice.name} says {seen.status} of {wait.name}{said}; told to try again"
                self._say("pin_recovered", voice, text)
            return
        held = await voice.allocation(wait.root)
        if held is not None and set(held.allocations) != set(wait.allocations):
            wait.fail(_moved(wait.root, wait.name, held.allocations))
        elif held is None and act is Act.POST_AGAIN:
            # lost with a peer that died before its batch was out; asking again carries it, too
            self._say("pin_posted_again", voice, f"{voice.name} does not know {wait.name}")
            told = await self._post.post(wait.root, name=wait.name, allocations=wait.allocations)
            if set(told.allocations) != set(wait.allocations):
                wait.fail(_moved(wait.root, wait.name, told.allocations))


def _moved(root: str, name: str, allocations: tuple[str, ...]) -> PinMoved:
    return PinMoved(
        what=f"the cluster pinned {root} on {', '.join(allocations) or 'no peer'}",
        where=f"pin of {name}",
        remedy="The pin is withdrawn and nodes are chosen again, by itself.",
        allocations=allocations,
    )


def _missing(voice: PinPeer, wait: _Wait) -> BlocksMissing:
    return BlocksMissing(
        what=f"{voice.name} misses blocks of {wait.root}",
        where=f"pin of {wait.name}",
        remedy="The bundle is sent again; if it stays, look for a GC or a lost disk there.",
        node=voice.name,
    )


def _lost(voice: PinPeer, wait: _Wait, seen: PeerPin) -> PinFailed:
    said = f": {excerpt(seen.error.encode())}" if seen.error else ""
    return PinFailed(
        what=f"{voice.name} is down, and says {seen.status} of {wait.root}{said}",
        where=f"pin of {wait.name}",
        remedy=f"Start {voice.name} and its cluster peer; the bundle goes to other nodes.",
        node=voice.name,
    )


def _failed(voice: PinPeer, wait: _Wait, seen: PeerPin) -> PinFailed:
    said = f": {excerpt(seen.error.encode())}" if seen.error else ""
    after_s = time.monotonic() - wait.posted_s
    return PinFailed(
        what=f"{voice.name} says {seen.status} of {wait.root} after {after_s:.0f} s{said}",
        where=f"pin of {wait.name}",
        remedy=f"Look at the cluster peer of {voice.name} (ipfs-cluster-ctl status {wait.root}), "
        "then retry.",
        node=voice.name,
    )
