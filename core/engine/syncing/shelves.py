"""Where a bundle's blocks are kept, and where a new root over some of them is put.

To nodes only the new blocks go: the others are there, and are looked for before the root is
believed. A directory gets a new file, of blocks copied from the old one, each hashed to its CID.
May import the target and dag.
"""

from __future__ import annotations

import asyncio
from io import BufferedReader
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from core.dag import cid as cids
from core.dag.car import section
from core.dag.car_reading import CarIndex
from core.dag.errors import DagError
from core.dag.reading import parse_node
from core.display import safe
from core.engine.copying.placement_dir import DirPlacement
from core.engine.copying.placement_ipfs import IpfsPlacement
from core.engine.worker.packing import Packer
from core.errors import BlocksMissing, Broken, NodeUnreachable
from core.model import BlockCounts
from core.target.disk_faults import disk_error
from core.target.regular_file import open_regular
from core.target.sink_dir import DirSink
from core.target.sink_kubo import KuboSink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.engine.copying.placement import Placement
    from core.engine.syncing.survivors import NewRoot
    from core.model import Bundle, Cid
    from core.target.dir_store import DirStore
    from core.target.peers import Roster, TargetNode

T = TypeVar("T")


class Put(NamedTuple):
    """A root that is there, not yet pinned. car_bytes: of its file, or of what was sent."""

    counts: BlockCounts
    car_bytes: int


class Shelf(Protocol):
    """The blocks of a target's bundles."""

    async def root_block(self, bundle: Bundle) -> bytes:
        """Return the block of a bundle's directory, hashed to its CID."""
        ...

    async def put(self, old: Bundle, number: int, new: NewRoot) -> Put:
        """Have a new root, with everything below it, where the old bundle is."""
        ...


def shelf_of(placement: Placement, epoch: int) -> Shelf:
    """Return the blocks of a placement's target."""
    if isinstance(placement, DirPlacement):
        return DirShelf(placement.store, epoch)
    assert isinstance(placement, IpfsPlacement)  # noqa: S101 - there are two
    return KuboShelf(placement.roster)


class KuboShelf:
    """Blocks on the nodes of a cluster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    async def root_block(self, bundle: Bundle) -> bytes:
        """Return the directory's block from the first of the bundle's nodes that gives it."""
        root = _root(bundle)
        for node in self._nodes(bundle.allocations):
            block = await node.kubo.block_get(cids.text(root))
            if block is not None:
                cids.verify(root, block)
                return block
        raise BlocksMissing(
            what=f"no allocated node holds the root of bundle {bundle.id}",
            where="re-bundling",
            remedy="Look at it with vgwm metadata check; the bundle stays as it is.",
        )

    async def put(self, old: Bundle, number: int, new: NewRoot) -> Put:
        """Send manifest and directory, then see that each node holds all that they name."""
        nodes = self._nodes(old.allocations)
        car_bytes = await asyncio.to_thread(_send, nodes, number, new)
        held = [(node, await node.kubo.dag_stat(cids.text(new.root))) for node in nodes]
        for node, stat in held:
            if stat is None:
                raise BlocksMissing(
                    what=f"{node.name} misses blocks of bundle {old.id}",
                    where="re-bundling",
                    remedy="Mend it with vgwm metadata repair; the bundle stays as it is.",
                    node=node.name,
                )
        found = held[0][1]
        assert found is not None  # noqa: S101 - looked at above
        n, size_bytes = found.unique_blocks, found.unique_bytes
        return Put(
            BlockCounts(
                sections=n, section_bytes=size_bytes, unique_blocks=n, unique_bytes=size_bytes
            ),
            car_bytes,
        )

    def _nodes(self, peers: Sequence[str]) -> list[TargetNode]:
        found = [node for node in self._roster.nodes if node.peer in peers]
        if len(found) != len(peers) or not found:
            raise NodeUnreachable(
                what=f"{len(found)} of {len(peers)} allocated nodes are known",
                where="re-bundling",
                remedy="Add their Kubo RPC addresses to target.kubo.",
            )
        return found


def _send(nodes: list[TargetNode], number: int, new: NewRoot) -> int:
    """Send the new blocks to all nodes; return the bytes for one of them."""
    sink = KuboSink()
    try:
        sink.begin(number, "rebundle", [node.endpoint for node in nodes])
        parts = [section(cid, block) for cid, block in new.blocks]
        sink.put(parts, sum(map(len, parts)))
        size_bytes = sum(len(block) for _, block in new.blocks)
        return sink.finish(new.root, len(parts), size_bytes, new.manifest).car_bytes
    finally:
        sink.close()


class DirShelf:
    """Blocks in the CAR files of a directory. epoch: of the engine, for the names in `tmp/`."""

    def __init__(self, store: DirStore, epoch: int) -> None:
        self._store = store
        self._epoch = epoch

    async def root_block(self, bundle: Bundle) -> bytes:
        """Return the directory's block out of the bundle's file."""
        root = _root(bundle)
        return await asyncio.to_thread(self._with, root, lambda index: index.get(root))

    async def put(self, old: Bundle, number: int, new: NewRoot) -> Put:
        """Write a file with the blocks of the new root, copied from the old file."""

        def copy(index: CarIndex) -> Put:
            sink = DirSink(self._store.path)
            try:
                sink.begin(number, f"{self._epoch}-{old.id}")
                packer = Packer(sink)
                for cid in new.contents:
                    _emit_below(packer, index, cid)
                for cid, block in new.blocks:
                    packer.emit(cid, block)
                receipt = sink.finish(new.root, *packer.end_segment(), new.manifest)
            finally:
                sink.close()
            return Put(packer.counts(), receipt.car_bytes)

        return await asyncio.to_thread(self._with, _root(old), copy)

    def _with(self, root: Cid, use: Callable[[CarIndex], T]) -> T:
        path = self._store.path / "bundles" / f"{cids.text(root)}.car"
        try:
            with BufferedReader(open_regular(path)) as file:
                return use(CarIndex(file))
        except OSError as error:
            raise disk_error(error, doing="reading a bundle", path=path) from error
        except (DagError, KeyError) as error:
            raise Broken(
                what=f"{path.name} is damaged: {safe(str(error))}",
                where="re-bundling",
                remedy="Mend it with vgwm metadata repair; the bundle stays as it is.",
            ) from error


def _emit_below(packer: Packer, index: CarIndex, cid: Cid) -> None:
    """Put an object's blocks into the new file, children before parents. Memory: one path."""
    block = index.get(cid)
    if cids.codec(cid) != cids.RAW_CODEC:
        for link in parse_node(block).links:
            _emit_below(packer, index, link.cid)
    packer.emit(cid, block)


def _root(bundle: Bundle) -> Cid:
    if bundle.root is None:
        raise Broken(
            what=f"bundle {bundle.id} has no root",
            where="ledger",
            remedy="Restore the ledger from its newest backup.",
        )
    return bundle.root
