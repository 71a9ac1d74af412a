"""UnixFS files: chunks to blocks and CIDs, in a balanced tree. Bit for bit what Kubo builds.

Pure. Memory is the open right spine of the tree: per level at most `max_links` tuples.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from core.dag.cid import DAG_PB, RAW, V0
from core.dag.varint import encode
from core.model import Cid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from core.dag.profile import CidProfile


class Node(NamedTuple):
    """A finished (sub)tree. A plain tuple of this shape is as good, and cheaper, on a hot path.

    tsize: its blocks with repeats, as dag-pb links state it. size: bytes of content.
    """

    cid: Cid
    tsize: int
    size: int


def raw_leaf(data: bytes) -> Cid:
    """Return the CIDv1 of a content of at most one chunk: the block is the content itself."""
    return Cid(RAW + sha256(data).digest())


def link(cid: bytes, name: bytes, tsize: int) -> bytes:
    """Return one dag-pb link, framed as a member of its node."""
    body = b"\x0a%b%b\x12%b%b\x18%b" % (
        encode(len(cid)),
        cid,
        encode(len(name)),
        name,
        encode(tsize),
    )
    return b"\x12" + encode(len(body)) + body


def file_block(children: Sequence[tuple[bytes, int, int]]) -> bytes:
    """Return the block of a file node over (cid, tsize, size) children, in order."""
    size = sum(child[2] for child in children)
    parts = [link(cid, b"", tsize) for cid, tsize, _ in children]
    # Block sizes are not packed, and links stand before the data: so Kubo writes them.
    data = b"\x08\x02\x18%b%b" % (
        encode(size),
        b"".join([b"\x20" + encode(child[2]) for child in children]),
    )
    parts.append(b"\x0a" + encode(len(data)) + data)
    return b"".join(parts)


def file_node(children: Sequence[tuple[bytes, int, int]], version: int = 1) -> tuple[Node, bytes]:
    """Return (node, block) over (cid, tsize, size) children; version is that of the node's CID."""
    block = file_block(children)
    cid = Cid((DAG_PB if version else V0) + sha256(block).digest())
    tsize = len(block) + sum(child[1] for child in children)
    return Node(cid, tsize, sum(child[2] for child in children)), block


def rechunk(reads: Iterable[bytes], chunk_bytes: int) -> Iterator[bytes]:
    """Yield the joined content of reads of any sizes in chunks of chunk_bytes, the last shorter.

    Nothing is yielded for no content. Memory: one chunk and one read.
    """
    held = bytearray()
    for read in reads:
        held += read
        start = 0
        while len(held) - start >= chunk_bytes:
            yield bytes(held[start : start + chunk_bytes])
            start += chunk_bytes
        del held[:start]
    if held:
        yield bytes(held)


class FileBuilder:
    """Builds one file's DAG from its chunks.

    emit(cid, block) is called for each block when it is complete: children before parents, the
    root last. It may keep `block`, which for a raw leaf is the very object given to `chunk`.
    """

    def __init__(self, profile: CidProfile, emit: Callable[[Cid, bytes], None]) -> None:
        self._profile = profile
        self._emit = emit
        self._levels: list[list[Node]] = []
        self._short = False

    def chunk(self, data: bytes) -> None:
        """Take the next chunk: exactly `profile.chunk_bytes`, but the last 1 to that many.

        Raises ValueError if a chunk is empty, too long, or follows a short one.
        """
        want = self._profile.chunk_bytes
        if self._short or not 0 < len(data) <= want:
            raise ValueError(f"a chunk of {len(data)} bytes, where {want} or a short last one fit")
        self._short = len(data) < want
        self._push(0, self._leaf(data))

    def finish(self) -> Node:
        """Close the tree and return its root; without a chunk that of the empty file."""
        if not self._levels:
            return self._leaf(b"")
        depth = 0
        while depth + 1 < len(self._levels) or len(self._levels[depth]) > 1:
            children, self._levels[depth] = self._levels[depth], []
            # A last group of one gets its node, too: all leaves lie equally deep.
            self._push(depth + 1, self._node(children))
            depth += 1
        return self._levels[depth][0]

    def _push(self, depth: int, node: Node) -> None:
        if depth == len(self._levels):
            self._levels.append([])
        level = self._levels[depth]
        if len(level) == self._profile.max_links:
            self._levels[depth] = [node]
            self._push(depth + 1, self._node(level))
        else:
            level.append(node)

    def _leaf(self, data: bytes) -> Node:
        if self._profile.raw_leaves:
            cid = raw_leaf(data)
            self._emit(cid, data)
            return Node(cid, len(data), len(data))
        size = encode(len(data))
        content = b"\x12" + size + data if data else b""
        inner = b"\x08\x02" + content + b"\x18" + size
        block = b"\x0a" + encode(len(inner)) + inner
        cid = Cid((DAG_PB if self._profile.version else V0) + sha256(block).digest())
        self._emit(cid, block)
        return Node(cid, len(block), len(data))

    def _node(self, children: list[Node]) -> Node:
        node, block = file_node(children, self._profile.version)
        self._emit(node.cid, block)
        return node
