"""The real stack as the ground of P1 and P2: its processes, and what stands on its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.bench.ground import expect
from tests.bench.machine import Watched
from tests.bench.series import NotDone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.bench.ground import Ground
    from tests.lab.process import Keeper
    from tests.lab.stack import Stack
    from tests.lab.tools import Tools

RF = 2
BATCH_AGE_S = 1.0
"""The default of the cluster's CRDT batch: the last pins of a run wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """disk: where workspaces and tables lie. ready: where CARs are made ready."""

    stack: Stack
    tools: Tools
    keeper: Keeper
    disk: Ground
    ready: Ground

    def groups(self) -> dict[str, list[Watched]]:
        """Return the servers' processes as the meter wants them."""
        return {
            "kubo": [Watched(kubo.server.pid) for kubo in self.stack.kubos],
            "cluster": [Watched(peer.server.pid) for peer in self.stack.peers],
        }

    def check_held(self, cids: Iterable[str]) -> None:
        """Find whole sampled objects on as many nodes as were asked for. Raises NotDone."""
        for cid in cids:
            holders = sum(
                kubo.api.post(
                    f"/api/v0/dag/stat?arg={cid}&progress=false&offline=true", timeout_s=60
                ).status
                == 200
                for kubo in self.stack.kubos
            )
            if holders < RF:
                raise NotDone(f"{cid} is whole on {holders} nodes, not on {RF}")

    def check_pinned(self, roots: Iterable[str]) -> None:
        """Find roots pinned by the nodes themselves. Raises NotDone."""
        for root in set(roots):
            holders = sum(kubo.pinned(root) for kubo in self.stack.kubos)
            if holders < RF:
                raise NotDone(f"{root} is pinned on {holders} nodes, not on {RF}")


def check_sample(arena: Arena, wanted: Mapping[str, str], seen: Mapping[str, str]) -> None:
    """Hold CIDs that a peer named against those of the bytes, by key, then look for them."""
    for key, cid in wanted.items():
        if seen.get(key) != cid:
            raise NotDone(f"{key} is {cid}, the peer says {seen.get(key, 'nothing')}")
    expect("sampled objects", len(set(wanted)), len(wanted))
    arena.check_held(wanted.values())
