"""UnixFS blocks read back: nodes parsed, files streamed by CID. Nothing is believed unhashed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from core.dag import cid as cids
from core.dag.errors import BadCid, BadNode, BadVarint
from core.dag.varint import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.model import Cid

# protobuf wire types
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
# fields of dag-pb's node and link, and of UnixFS
_NODE_DATA, _NODE_LINK = 1, 2
_LINK_CID, _LINK_NAME, _LINK_TSIZE = 1, 2, 3
_FS_KIND, _FS_DATA, _FS_SIZE, _FS_BLOCK_SIZE = 1, 2, 3, 4


class Kind(IntEnum):
    """What a UnixFS node is."""

    RAW = 0
    DIRECTORY = 1
    FILE = 2
    METADATA = 3
    SYMLINK = 4
    HAMT_SHARD = 5


class Link(NamedTuple):
    """A dag-pb link: to a chunk of a file (empty name) or an entry of a directory."""

    cid: Cid
    name: bytes
    tsize: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DagNode:
    """A parsed node. size: of the content; block_sizes: content below each link, in order."""

    links: tuple[Link, ...]
    kind: Kind
    size: int
    block_sizes: tuple[int, ...]
    data: bytes


def parse_node(block: bytes) -> DagNode:
    """Return the UnixFS node of a dag-pb block; BadNode if it is none."""
    links: list[Link] = []
    data: bytes | None = None
    for field, value in _fields(block):
        if field == _NODE_LINK and isinstance(value, bytes):
            links.append(_link(value))
        elif field == _NODE_DATA and isinstance(value, bytes):
            data = value
        else:
            raise BadNode(f"dag-pb has no such field as {field}")
    if data is None:
        raise BadNode("a dag-pb node without UnixFS data")
    return _unixfs(tuple(links), data)


def read_file(cid: Cid, get: Callable[[Cid], bytes]) -> Iterator[bytes]:
    """Yield the content of a file, block by block.

    get: returns a block by its CID; its errors pass through. Each block is hashed to its CID
    (BlockMismatch), each declared size compared with what came (BadNode). Memory: one block and
    the links of the path to it.
    """
    todo: list[tuple[Cid, int | None]] = [(cid, None)]
    while todo:
        at, declared = todo.pop()
        block = get(at)
        cids.verify(at, block)
        if cids.codec(at) == cids.RAW_CODEC:
            content, size = block, len(block)
        else:
            node = parse_node(block)
            if node.kind not in (Kind.FILE, Kind.RAW):
                raise BadNode(f"a {node.kind.name.lower()}, where a file was expected")
            below = zip(node.links, node.block_sizes, strict=True)
            todo += [(link.cid, size) for link, size in reversed(list(below))]
            content, size = node.data, node.size
        if declared not in (None, size):
            raise BadNode(f"{size} bytes, where the parent declares {declared}")
        if content:
            yield content


def _link(body: bytes) -> Link:
    target: Cid | None = None
    name, tsize = b"", 0
    for field, value in _fields(body):
        if field == _LINK_CID and isinstance(value, bytes):
            try:
                target, end = cids.split(value)
            except BadCid as e:
                raise BadNode("a link to no CID") from e
            if end != len(value):
                raise BadNode("bytes after a link's CID")
        elif field == _LINK_NAME and isinstance(value, bytes):
            name = value
        elif field == _LINK_TSIZE and isinstance(value, int):
            tsize = value
        else:
            raise BadNode(f"a link has no such field as {field}")
    if target is None:
        raise BadNode("a link without a CID")
    return Link(target, name, tsize)


def _unixfs(links: tuple[Link, ...], data: bytes) -> DagNode:
    kind: Kind | None = None
    size: int | None = None
    content = b""
    sizes: list[int] = []
    for field, value in _fields(data):
        if field == _FS_KIND and value in list(Kind):
            kind = Kind(int(value))
        elif field == _FS_DATA and isinstance(value, bytes):
            content = value
        elif field == _FS_SIZE and isinstance(value, int):
            size = value
        elif field == _FS_BLOCK_SIZE and isinstance(value, int):
            sizes.append(value)
    if kind is None:
        raise BadNode("UnixFS data without a known type")
    if size is None:
        size = len(content) + sum(sizes)
    if kind in (Kind.FILE, Kind.RAW) and (
        len(sizes) != len(links) or size != len(content) + sum(sizes)
    ):
        raise BadNode(f"{size} bytes over {len(links)} links do not add up")
    return DagNode(links=links, kind=kind, size=size, block_sizes=tuple(sizes), data=content)


def _fields(buf: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (number, value) of each protobuf field; BadNode if the message is malformed."""
    pos, end = 0, len(buf)
    try:
        while pos < end:
            tag, pos = decode(buf, pos)
            wire = tag & 7
            if wire == _VARINT:
                value, pos = decode(buf, pos)
                yield tag >> 3, value
                continue
            if wire == _BYTES:
                length, pos = decode(buf, pos)
            elif wire in (_FIXED32, _FIXED64):
                length = 4 if wire == _FIXED32 else 8
            else:
                raise BadNode(f"protobuf wire type {wire}")
            if pos + length > end:
                raise BadNode(f"a field of {length} bytes is cut off")
            yield tag >> 3, buf[pos : pos + length]
            pos += length
    except BadVarint as e:
        raise BadNode("a protobuf number is cut off") from e
