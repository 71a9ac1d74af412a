"""The bytes of green's objects, by CID: each block is hashed before a byte of it goes on (I2).

A block that one node has lost, or holds damaged, is asked of the next; one that no node has right
ends the object, and nothing of it becomes visible on blue.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from core.config.schema import DirTarget
from core.dag import cid as cids
from core.dag.errors import BadNode, BlockMismatch
from core.dag.reading import Kind, parse_node
from core.display import safe
from core.errors import Broken, NoAnswer
from core.target.dir_store import DirStore
from core.target.kubo import KuboClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from core.config.schema import Workspace
    from core.cutover.green_object import GreenObject
    from core.dag.reading import Link
    from core.model import Cid


class Contents(Protocol):
    """Where contents are read."""

    def pieces(self, wanted: GreenObject) -> AsyncIterator[bytes]:
        """Yield an object's bytes, hashed. Raises Broken where they are not right, NoAnswer."""
        ...


class KuboContents:
    """Contents of a cluster's nodes, asked in their order."""

    def __init__(self, nodes: Sequence[KuboClient]) -> None:
        self._nodes = nodes

    async def pieces(self, wanted: GreenObject) -> AsyncIterator[bytes]:
        """Yield an object's bytes. Memory: a block, and the links on the way to it."""
        todo: list[Cid] = [wanted.cid]
        left = wanted.size_bytes
        while todo:
            at = todo.pop()
            block = await self._block(at, wanted)
            if cids.codec(at) == cids.RAW_CODEC:
                content = block
            else:
                node = _file_node(block, wanted)
                todo += [link.cid for link in reversed(node[1])]
                content = node[0]
            left -= len(content)
            if content:
                yield content
        if left:
            raise _broken(wanted, _length(left))

    async def _block(self, cid: Cid, wanted: GreenObject) -> bytes:
        """Return a block that hashes to its CID, of the first node that has one."""
        ills: list[str] = []
        silent: NoAnswer | None = None
        for node in self._nodes:
            try:
                block = await node.block_get(cids.text(cid))
                if block is None:
                    ills.append(f"{node.name} lacks it")
                    continue
                cids.verify(cid, block)
            except BlockMismatch:
                ills.append(f"{node.name} holds other bytes")
            except NoAnswer as error:
                silent = error
            else:
                return block
        if silent is not None:
            raise silent
        raise _broken(wanted, f"block {cids.text(cid)}: {', '.join(ills)}")


class FolderContents:
    """Contents of a `dir:` target: each row names the bundle that holds it."""

    def __init__(self, store: DirStore) -> None:
        self._store = store

    async def pieces(self, wanted: GreenObject) -> AsyncIterator[bytes]:
        """Yield an object's bytes, read in a thread block by block."""
        blocks = self._store.read_object(wanted.root, wanted.cid)
        left = wanted.size_bytes
        while (block := await asyncio.to_thread(next, blocks, b"")) != b"":
            left -= len(block)
            yield block
        if left:
            raise _broken(wanted, _length(left))


@asynccontextmanager
async def contents(workspace: Workspace) -> AsyncIterator[Contents]:
    """Open what the target's contents are read from."""
    target = workspace.target
    if isinstance(target, DirTarget):
        yield FolderContents(DirStore(target.path))
        return
    nodes = [KuboClient(f"kubo-{i}", url) for i, url in enumerate(target.kubo, 1)]
    try:
        yield KuboContents(nodes)
    finally:
        for node in nodes:
            await node.close()


def _file_node(block: bytes, wanted: GreenObject) -> tuple[bytes, Sequence[Link]]:
    try:
        node = parse_node(block)
    except BadNode as error:
        raise _broken(wanted, safe(str(error))) from error
    if node.kind not in {Kind.FILE, Kind.RAW}:
        raise _broken(wanted, f"it is a {node.kind.name.lower()}, no file")
    return node.data, node.links


def _length(left: int) -> str:
    how = "shorter" if left > 0 else "longer"
    return f"its content is {abs(left)} bytes {how} than its row says"


def _broken(wanted: GreenObject, why: str) -> Broken:
    return Broken(
        what=f"green's content is not right: {why}",
        where=f"{safe(wanted.bucket)}/{safe(wanted.key)}",
        remedy="Nothing was written to blue. Bring the block back: vgwm metadata repair.",
    )
