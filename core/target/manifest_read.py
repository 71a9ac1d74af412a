"""A bundle's manifest, read back from a node that holds it, and believed only by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.dag.directory import MANIFEST
from core.dag.errors import DagError
from core.dag.profile import UNIXFS_V1_2025
from core.dag.reading import parse_node
from core.dag.unixfs import FileBuilder, rechunk
from core.display import safe
from core.errors import Broken, NodeUnreachable, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.model import Cid
    from core.target.kubo import KuboClient
    from core.target.peers import Roster


async def read_manifest(roster: Roster, root: Cid, peers: Sequence[str]) -> bytes:
    """Return a bundle's manifest from the first of its peers' nodes that gives it whole.

    Raises the last node's fault: Broken when its bytes do not hash to the root, NodeUnreachable
    when it does not answer or lacks a block.
    """
    fault: VgwmError | None = None
    for node in roster.nodes:
        if node.peer in peers:
            try:
                return await _read_from(node.kubo, root)
            except (NodeUnreachable, Broken) as error:
                fault = error
    raise fault or NodeUnreachable(
        what=f"no node of {', '.join(peers) or 'no peer'} is known",
        where=f"manifest of {cids.text(root)}",
        remedy="Add their Kubo RPC addresses to target.kubo.",
    )


async def _read_from(kubo: KuboClient, root: Cid) -> bytes:
    where = f"manifest of {cids.text(root)} on {kubo.name}"
    try:
        block = await kubo.block_get(cids.text(root))
        if block is None:
            raise _absent(kubo, where)
        cids.verify(root, block)
        links = parse_node(block).links
        want = next((link.cid for link in links if link.name == MANIFEST), None)
        if want is None:
            raise _wrong(kubo, where, "its root names no manifest")
        async with kubo.cat(cids.text(want)) as stream:
            content = b"".join([piece async for piece in stream])
        builder = FileBuilder(UNIXFS_V1_2025, lambda _cid, _block: None)
        for chunk in rechunk([content], UNIXFS_V1_2025.chunk_bytes):
            builder.chunk(chunk)
        if builder.finish().cid != want:
            raise _wrong(kubo, where, "its bytes do not hash to their CID")
    except DagError as error:
        raise _wrong(kubo, where, safe(str(error))) from error
    return content


def _absent(kubo: KuboClient, where: str) -> NodeUnreachable:
    return NodeUnreachable(
        what=f"{kubo.name} does not hold the bundle's root",
        where=where,
        remedy="The bundle is copied again.",
        node=kubo.name,
    )


def _wrong(kubo: KuboClient, where: str, reason: str) -> Broken:
    return Broken(
        what=f"{kubo.name} serves a damaged bundle: {reason}",
        where=where,
        remedy=f"Run repo/verify on {kubo.name}, then copy the bundle again.",
        node=kubo.name,
    )
