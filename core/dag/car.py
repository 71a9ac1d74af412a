"""CARv1, written: a header, then sections of varint, CID and block. Pure; reading: `car_reading`.

Blocks come in any order. To a node we write no roots, into a file one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.dag.cid import RAW, V1_BYTES
from core.dag.varint import encode
from core.model import BlockCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_ROOTS: Final = bytes.fromhex("11a265726f6f7473806776657273696f6e01")
"""The header without roots, 18 bytes."""

ONE_ROOT_BYTES: Final = 59
"""The length of the header with one CIDv1 root: what a file reserves, to be written last."""

DISTINCT: Final = 100_000
"""Distinct blocks that a tally tells apart: 100 GB of one object, 13 MB of memory."""

# CBOR by hand: an array's head for up to 23, 255 and 65,535 items.
_TINY, _SHORT, _LONG = 24, 1 << 8, 1 << 16


def header(roots: Sequence[bytes]) -> bytes:
    """Return the header section of a CAR with these roots, at most 65,535."""
    n = len(roots)
    if n < _TINY:
        array = bytes((0x80 | n,))
    elif n < _SHORT:
        array = bytes((0x98, n))
    elif n < _LONG:
        array = b"\x99" + n.to_bytes(2, "big")
    else:
        raise ValueError(f"{n} roots")
    # Tag 42 is a CID: a byte string that begins with 00.
    links = b"".join([b"\xd8\x2a\x58%c\x00%b" % (len(c) + 1, c) for c in roots])
    body = b"\xa2\x65roots" + array + links + b"\x67version\x01"
    return encode(len(body)) + body


def section(cid: bytes, block: bytes) -> bytes:
    """Return one block framed as a section."""
    return encode(len(cid) + len(block)) + cid + block


@lru_cache(maxsize=4096)
def raw_head(length: int) -> bytes:
    """Return what stands before the digest in the section of a raw leaf of `length` bytes.

    section(cid, block) = raw_head(len(block)) + digest + block. Cached: lengths repeat.
    """
    return encode(V1_BYTES + length) + RAW


class BlockTally:
    """Counts what one bundle's CARs hold, and says which block a CAR needs no second time.

    Memory: about 130 bytes a distinct block, up to DISTINCT of them in the bundle; above that
    distinct blocks are no longer counted, and `counts` says 0 of them.
    """

    def __init__(self) -> None:
        self.sections = 0
        self.section_bytes = 0
        self.unique_bytes = 0
        self._held: set[bytes] = set()
        self._digests: set[bytes] = set()
        self._over = False

    def add(self, cid: bytes, length: int) -> bool:
        """Count a block and return True, or return False if this CAR holds it already."""
        if cid in self._held:
            return False
        self._held.add(cid)
        self.sections += 1
        self.section_bytes += length
        # By multihash: a node keeps one copy of the bytes, whatever codec the CID names.
        digest = cid[-32:]
        if digest not in self._digests and not self._over:
            self._digests.add(digest)
            self.unique_bytes += length
            if len(self._digests) > DISTINCT:
                self._over = True
                self._digests.clear()
        return True

    def next_car(self) -> None:
        """Begin the next CAR of the same bundle: a segment, which repeats what it needs."""
        self._held.clear()

    def counts(self) -> BlockCounts:
        """Return the counts so far, over all CARs of the bundle."""
        return BlockCounts(
            sections=self.sections,
            section_bytes=self.section_bytes,
            unique_blocks=len(self._digests),
            unique_bytes=0 if self._over else self.unique_bytes,
        )
