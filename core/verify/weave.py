"""The blocks of a bundle, hashed as they come, and what of its content they make up.

Blocks come in any order: children first from a `.car` file of ours, parents first from a node. An
object is held when every block below its CID was seen, hashed, and has the size that its parent
declares. Pure.
"""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.dag.cid import DAG_PB, RAW, V0, V0_BYTES, V1_BYTES
from core.dag.directory import MANIFEST
from core.dag.errors import BadCid, BadNode
from core.dag.reading import DagNode, Kind, parse_node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.model import Cid

KEPT: Final = 200_000
"""Leaves that are remembered of one bundle: 25 MB. A CAR of ours repeats none over a segment."""

# A numbered entry of a bundle's root. Its fields are of fixed lengths but the last: so 40,000 links
# are read in a moment, and a block that is more than entries, one behind the other, and a rest is
# parsed field by field.
_ENTRY: Final = re.compile(
    rb"\x12[\x30-\x7f]\x0a\x24(\x01[\x55\x70]\x12\x20.{32})\x12\x06\d{6}\x18[\x80-\xff]{0,8}[\x00-\x7f]",
    re.DOTALL,
)


class Directory(NamedTuple):
    """A bundle's root: the CIDs of its numbered entries in order, and its manifest's, if any.

    manifest_bytes: of its blocks. block: the root's own.
    """

    entries: list[bytes]
    manifest: Cid | None
    manifest_bytes: int
    block: bytes


class Weave:
    """What was seen of one bundle.

    held: CID to bytes of content, for what is there as a whole. bad: CIDs whose block was another.
    """

    def __init__(self, *, most: int = KEPT) -> None:
        self.held: dict[bytes, int] = {}
        self.bad: dict[bytes, str] = {}
        self.directories: dict[bytes, Directory] = {}
        self._open: dict[bytes, DagNode] = {}
        self._most = most
        self._nodes = 0

    def add(self, cid: bytes, block: bytes | memoryview, digest: bytes | None = None) -> None:
        """Take a block under the CID that came with it. digest: the block's, if it is known."""
        if digest is None:
            digest = sha256(block).digest()
        if cid[-32:] != digest or len(cid) not in {V1_BYTES, V0_BYTES}:
            self.bad[cid] = cids.text(RAW + digest)
        elif cid.startswith(RAW):
            self.held[cid] = len(block)
        elif cid.startswith((DAG_PB, V0)):
            self._node(cid, bytes(block))
        else:
            self.bad[cid] = "a CID of another kind"

    def forget_oldest(self) -> None:
        """Bound the memory of a large object: its oldest leaves are below nodes that came since.

        Nodes are kept: those above them may come much later.
        """
        over = len(self.held) - self._nodes - self._most
        if over > 0:
            leaves = (cid for cid in self.held if cid.startswith(RAW))
            for cid in list(islice(leaves, over)):
                del self.held[cid]

    def close(self) -> None:
        """Join nodes whose children came behind them."""
        while True:
            whole = {cid: node.size for cid, node in self._open.items() if self._has(node)}
            if not whole:
                return
            self.held.update(whole)
            for cid in whole:
                del self._open[cid]

    def missing_below(self, cid: bytes) -> bytes:
        """Return a block that keeps an object from being whole: itself if it never came."""
        at = cid
        while (node := self._open.get(at)) is not None:
            at = next(
                (
                    link.cid
                    for link, size in zip(node.links, node.block_sizes, strict=True)
                    if self.held.get(link.cid) != size
                ),
                at,
            )
            if at in self.bad or at not in self._open:
                break
        return at

    def _node(self, cid: bytes, block: bytes) -> None:
        try:
            if _is_directory(block):
                self.directories[cid] = directory_of(block)
                return
            node = parse_node(block)
        except BadNode:
            self.bad[cid] = "no node of a file"
            return
        if node.kind not in (Kind.FILE, Kind.RAW):
            self.bad[cid] = "no node of a file"
        elif self._has(node):
            self.held[cid] = node.size
            self._nodes += 1
        else:
            self._open[cid] = node

    def _has(self, node: DagNode) -> bool:
        held: Mapping[bytes, int] = self.held
        return all(
            held.get(link.cid) == size
            for link, size in zip(node.links, node.block_sizes, strict=True)
        )


def directory_of(block: bytes) -> Directory:
    """Return what a bundle's root names. Raises BadNode: it is no directory."""
    parts = _ENTRY.split(block)  # what lies between two entries, and the CIDs of the entries
    entries, rest = parts[1::2], parts[-1]
    if any(parts[:-1:2]):
        entries, rest = [], block
    node = parse_node(rest)
    if node.kind is not Kind.DIRECTORY:
        raise BadNode(f"a {node.kind.name.lower()}, where a directory was expected")
    manifest, manifest_bytes = None, 0
    for link in node.links:
        if link.name == MANIFEST:
            manifest, manifest_bytes = link.cid, link.tsize
        else:
            entries.append(link.cid)
    return Directory(entries, manifest, manifest_bytes, block)


def split_cid(head: bytes) -> bytes:
    """Return the CID at the start of a section. Raises BadCid."""
    cid, _ = cids.split(head)
    if len(cid) > len(head):
        raise BadCid("a CID that is cut off")
    return cid


def _is_directory(block: bytes) -> bool:
    """Tell whether a node ends as a plain directory does: its data stands behind its links."""
    return block.endswith(b"\x0a\x02\x08\x01")
