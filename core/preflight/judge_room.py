"""Judgements of room: on the workspace's disk, and on the nodes. Pure.

May import what makes figures readable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.display import size
from core.preflight.judged import FAIL, PASS, UNKNOWN, WARN, Judged, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

LEDGER_BYTES: Final = 300
"""What the ledger takes for an object, at most."""

LEDGER_SPARE: Final = 2.0
NODE_SPARE: Final = 1.2


def workspace_disk(*, free_bytes: int, objects: int) -> Judged:
    """Judge the disk that holds the ledger: 300 B an object, twice over."""
    need = LEDGER_BYTES * objects
    told = f"{size(free_bytes)} free, {size(LEDGER_SPARE * need)} wanted for the ledger"
    remedy = "Free some space, or put the workspace on another disk."
    if free_bytes >= LEDGER_SPARE * need:
        return Judged(PASS, told)
    return Judged(WARN if free_bytes >= need else FAIL, told, remedy)


def folder_disk(*, free_bytes: int, objects: int, size_bytes: int, same_disk: bool) -> Judged:
    """Judge the disk of a folder as the target. same_disk: the ledger lies there, too."""
    ledger = LEDGER_BYTES * objects if same_disk else 0
    told = f"{size(free_bytes)} free for {size(size_bytes)} of objects"
    remedy = "Free some space, or name a folder on a larger disk."
    if free_bytes >= LEDGER_SPARE * ledger + size_bytes:
        return Judged(PASS, told)
    return Judged(WARN if free_bytes >= ledger + size_bytes else FAIL, told, remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRoom:
    """What a node has room for, in bytes. disk_free: None where the node did not tell.

    fault: why it did not answer at all; the figures are 0 then.
    """

    name: str
    used: int = 0
    limit: int = 0
    disk_free: int | None = None
    fault: str = ""
    remedy: str = ""

    @property
    def free(self) -> int:
        """Room for bundles: up to its limit, and on its disk as far as that is known."""
        below = max(0, self.limit - self.used)
        return below if self.disk_free is None else min(below, self.disk_free)


def capacity(nodes: Sequence[NodeRoom], *, size_bytes: int, replication: int) -> Judged:
    """Judge whether each node can take its share of all copies: bytes x RF / nodes x 1.2.

    nodes: at least one. The worst node speaks for all; more than one copy a node there cannot be.
    """
    share = size_bytes * min(replication, len(nodes)) / len(nodes)
    judged = [_node(node, share) for node in nodes]
    if all(one.verdict is PASS for one in judged):
        least = min(nodes, key=lambda node: node.free)
        return Judged(PASS, f"least room: {_told(least, share)}")
    return worst(judged, judged[0])


def _told(node: NodeRoom, share: float) -> str:
    told = f"{node.name}: {size(node.free)} free of {size(NODE_SPARE * share)} wanted"
    return told if node.disk_free is not None else f"{told} (its disk is not known)"


def _node(node: NodeRoom, share: float) -> Judged:
    if node.fault:
        return Judged(UNKNOWN, f"{node.name}: {node.fault}", node.remedy)
    told = _told(node, share)
    if node.free >= NODE_SPARE * share:
        if node.disk_free is None:
            return Judged(UNKNOWN, told, f"Look at the disk of {node.name} yourself: df -h.")
        return Judged(PASS, told)
    by_limit = node.disk_free is None or node.limit - node.used <= node.disk_free
    raise_to = node.used + NODE_SPARE * share
    remedy = (
        f"Raise Datastore.StorageMax of {node.name} to {size(raise_to)}, or fewer copies."
        if by_limit
        else f"Add disk to {node.name}, or nodes, or make fewer copies."
    )
    return Judged(WARN if node.free >= share else FAIL, told, remedy)
