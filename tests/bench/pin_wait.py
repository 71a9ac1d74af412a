"""Waiting for pins without the project's own code: each peer is asked for its own word.

What a peer is busy with is listed from memory, cheaply; only a root that is old enough and not in
that list is asked for by its CID.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.bench.series import NotDone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lab.cluster import ClusterPeer
    from tests.lab.stack import Stack

POLL_S = 0.25
ASK_AT_ONCE = 50
LIMIT_S = 180.0
BUSY = "/pins?filter=queued,pinning,error&local=true"


class PinWait:
    """Roots whose pins were asked for, and the peers that have not said `pinned` yet."""

    def __init__(self, stack: Stack, *, batch_age_s: float) -> None:
        self._stack = stack
        self._batch_age_s = batch_age_s
        self._missing: dict[str, dict[str, float]] = {peer.id: {} for peer in stack.peers}
        self._polled_s = 0.0

    def post(self, root: str, peers: list[str]) -> None:
        """Ask for a pin on these peers."""
        status = self._stack.peers[0].pin(root, allocations=peers)
        if status != 200:
            raise NotDone(f"the pin of {root} was answered {status}")
        for peer_id in peers:
            self._missing[peer_id][root] = time.monotonic()

    @property
    def waiting(self) -> int:
        """How many (root, peer) pairs are not pinned yet."""
        return sum(map(len, self._missing.values()))

    def look(self) -> None:
        """Ask every peer, if the last look is long enough ago."""
        now_s = time.monotonic()
        if now_s - self._polled_s < POLL_S:
            return
        self._polled_s = now_s
        for peer in self._stack.peers:
            missing = self._missing[peer.id]
            if not missing:
                continue
            busy = {str(row.get("cid")) for row in peer.api.get(BUSY).objects()}
            old = [
                root
                for root, posted_s in missing.items()
                if now_s - posted_s > self._batch_age_s and root not in busy
            ]
            for root in pinned(peer, old[:ASK_AT_ONCE]):
                del missing[root]

    def finish(self) -> None:
        """Return when everything is pinned. Raises NotDone at the limit."""
        deadline = time.monotonic() + LIMIT_S
        while self.waiting:
            if time.monotonic() > deadline:
                raise NotDone(f"{self.waiting} pins are missing after {LIMIT_S:.0f} s")
            self.look()
            time.sleep(0.02)


def pinned(peer: ClusterPeer, roots: Iterable[str]) -> list[str]:
    """Return those of some roots that a peer says it has pinned itself."""
    asked = ",".join(roots)
    if not asked:
        return []
    rows = peer.api.get(f"/pins?cids={asked}&local=true").objects()
    return [str(row.get("cid")) for row in rows if _status(row, peer.id) == "pinned"]


def all_pinned(peer: ClusterPeer) -> set[str]:
    """Return every root that a peer says it has pinned itself."""
    rows = peer.api.get("/pins?filter=pinned&local=true", timeout_s=60).objects()
    return {str(row.get("cid")) for row in rows if _status(row, peer.id) == "pinned"}


def _status(row: dict[str, object], peer_id: str) -> str:
    peers = row.get("peer_map")
    mine = peers.get(peer_id) if isinstance(peers, dict) else None
    return str(mine.get("status")) if isinstance(mine, dict) else ""
