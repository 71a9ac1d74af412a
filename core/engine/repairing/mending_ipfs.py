"""Bundles on Kubo nodes, mended: blocks from another node or from the source, then the pin.

A node is asked by `dag/stat` first: its failing read also corrects Kubo's memory of what it holds,
without which an import skips the very blocks that are lost. Source: ipfs.md 5.
May import the target's control side.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.engine.repairing.mending import Mended
from core.errors import NodeBusy, NodeUnreachable, PinFailed, PinMoved
from core.target.kubo_refill import refill
from core.target.kubo_verify import drop_corrupt
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.engine.copying.placement_ipfs import IpfsPlacement
    from core.engine.repairing.means import Pace
    from core.engine.repairing.recopying import Recopying
    from core.ledger.checking import KeptBundle
    from core.model import BlockCounts, Bundle, Cid
    from core.target.cluster_answers import Pin
    from core.target.peers import TargetNode

log = logging.getLogger(__name__)

ROUNDS: Final = 16
"""Looks and imports of one bundle on one node: each look finds one lost block at least."""

ASKED_AT_ONCE: Final = 16


class IpfsMender:
    """Mends the bundles of a cluster. `placement.watch` must run meanwhile."""

    def __init__(
        self,
        placement: IpfsPlacement,
        recopying: Recopying,
        workspace_id: str,
        pace: Pace,
        contents: Callable[[int], Awaitable[list[Cid]]],
    ) -> None:
        """contents: of a bundle's members, by its number."""
        self._placement = placement
        self._prefix = f"vgwm-{workspace_id}-"
        self._recopying = recopying
        self._pace = pace
        self._contents = contents
        self._suspects: set[str] = set()

    async def mend(self, bundle: Bundle, kept: KeptBundle) -> Mended:
        """Bring back blocks on each allocated node, then have each peer hold the pin (I1)."""
        root = kept.root
        if root is None:
            return Mended(left="the ledger holds no root of it")
        nodes = {node.peer: node for node in self._placement.roster.nodes}
        strange = [peer for peer in kept.allocations if peer not in nodes]
        if strange:
            return Mended(left=f"no node of {', '.join(strange)} is known")
        allocated = [nodes[peer] for peer in kept.allocations]
        whole = [node for node in allocated if await _holds(node, root, kept.counts)]
        did: list[str] = []
        for node in [one for one in allocated if one not in whole]:
            how = await self._fill(node, whole, bundle, kept, root)
            if how.left:
                return how._replace(did=", ".join(did), left=f"{node.name}: {how.left}")
            did.append(f"blocks on {node.name} from {how.did}")
            whole.append(node)
        try:
            pinned = all([await _pinned(node, root) for node in allocated])
            await self._placement.pin(bundle.id, root, None, kept.allocations)
        except (PinFailed, PinMoved) as fault:
            return Mended(did=", ".join(did), left=fault.what)
        return Mended(did=", ".join(did if pinned else [*did, "pinned again"]))

    async def suspect(self, place: str) -> None:
        """Drop the node's corrupt blocks: no import heals them. Reads all that it stores."""
        node = next((one for one in self._placement.roster.nodes if one.name == place), None)
        if node is None or place in self._suspects:
            return
        self._suspects.add(place)
        dropped = await drop_corrupt(node.kubo)
        log.warning("%s: %d corrupt blocks dropped", place, dropped, extra={"kind": "repair"})

    async def unpin(self, root: str) -> Mended:
        """Take the pin back on every peer that answers, if it still bears our name."""
        held = await self._allocation(root)
        if held is None:
            return Mended()
        if not held.name.startswith(self._prefix):
            return Mended(left="the pin does not bear our name")
        await self._placement.withdraw(cids.parse(root))
        return Mended(did=f"{root} unpinned")

    async def _allocation(self, root: str) -> Pin | None:
        """Return the pin as the first peer that answers has it. Raises NodeUnreachable."""
        fault: NodeUnreachable | None = None
        for cluster in self._placement.roster.clusters:
            try:
                return await cluster.allocation(root)
            except NodeUnreachable as error:
                fault = error
        assert fault is not None  # noqa: S101 - vgwm.yaml names at least one
        raise fault

    async def _fill(
        self,
        node: TargetNode,
        whole: list[TargetNode],
        bundle: Bundle,
        kept: KeptBundle,
        root: Cid,
    ) -> Mended:
        """Send a node what it lacks; did: whence."""
        for giver in whole:
            try:
                if await self._refilled(node, giver, bundle, kept, root):
                    return Mended(did=giver.name)
            except (NodeUnreachable, NodeBusy) as fault:
                if fault.node == node.name:
                    raise
                log.warning("%s", fault.what, extra={"kind": "repair"})
        for number in range(ROUNDS):
            made = await self._recopying.again(bundle, (node.endpoint,))
            if made.left:
                return Mended(left=f"blocks are lost, and {made.left}", moved=True)
            if await _holds(node, root, kept.counts):
                return Mended(did="the source")
            if not number:
                await self._ask_all(node, bundle)
        return Mended(left="blocks are lost still after they were sent again")

    async def _refilled(
        self, node: TargetNode, giver: TargetNode, bundle: Bundle, kept: KeptBundle, root: Cid
    ) -> bool:
        """Send what one node holds to another; tell whether that is whole then."""
        for number in range(ROUNDS):
            await asyncio.to_thread(refill, root, giver.endpoint, node.endpoint, self._pace)
            if await _holds(node, root, kept.counts):
                return True
            if not number:
                await self._ask_all(node, bundle)
        return False

    async def _ask_all(self, node: TargetNode, bundle: Bundle) -> None:
        """Ask a node for the content of every member: a read that fails corrects its memory.

        `dag/stat` ends at the first block that is lost, and an import skips those that the node
        believes to hold; a bundle may have lost a thousand.
        """
        room = asyncio.Semaphore(ASKED_AT_ONCE)

        async def ask(cid: Cid) -> None:
            async with room:
                await node.kubo.block_get(cids.text(cid))

        contents = await self._contents(bundle.id)
        async with TaskGroup() as group:
            for cid in contents:
                group.create_task(ask(cid), name=f"block of bundle {bundle.id}")


async def _holds(node: TargetNode, root: Cid, counts: BlockCounts | None) -> bool:
    """Tell whether a node itself holds every block of a bundle."""
    stat = await node.kubo.dag_stat(cids.text(root))
    if stat is None or counts is None or not counts.unique_blocks:
        return stat is not None
    return (stat.unique_blocks, stat.unique_bytes) == (counts.unique_blocks, counts.unique_bytes)


async def _pinned(node: TargetNode, root: Cid) -> bool:
    return await node.kubo.pin_ls(cids.text(root))
