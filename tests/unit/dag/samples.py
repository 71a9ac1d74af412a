"""Content for the vectors of the DAG's tests, and builders around it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from core.dag import cid as cids
from core.dag.unixfs import FileBuilder, Node

if TYPE_CHECKING:
    from core.dag.profile import CidProfile
    from core.model import Cid

MIB = 1 << 20


def pattern(n: int) -> bytes:
    """The first n bytes of sha256("vgwm" + k as 8 bytes big-endian), k = 0, 1, 2, ... joined."""
    blocks = [sha256(b"vgwm" + k.to_bytes(8, "big")).digest() for k in range(-(-n // 32))]
    return b"".join(blocks)[:n]


class Store:
    """Blocks by CID, in the order in which they were emitted."""

    def __init__(self) -> None:
        self.blocks: dict[Cid, bytes] = {}

    def emit(self, cid: Cid, block: bytes) -> None:
        cids.verify(cid, block)
        self.blocks[cid] = bytes(block)


def build(profile: CidProfile, data: bytes) -> tuple[Node, Store]:
    store = Store()
    builder = FileBuilder(profile, store.emit)
    for i in range(0, len(data), profile.chunk_bytes):
        builder.chunk(data[i : i + profile.chunk_bytes])
    return builder.finish(), store
