"""The flat directory that is a bundle's root. CIDv1, never sharded. Pure.

Its names are six decimals in key order and, last, `manifest`; S3 keys are not names, because no
path resolves one that holds a slash.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.dag.cid import DAG_PB, V1_BYTES
from core.dag.unixfs import link
from core.dag.varint import encode
from core.model import Cid

if TYPE_CHECKING:
    from collections.abc import Sequence

MANIFEST: Final = b"manifest"
"""The manifest's name; it sorts after all numbers."""

MAX_BLOCK_BYTES: Final = 2 << 20
"""The largest block that a node takes: some 40,000 numbered entries of 51 bytes."""

_DATA: Final = b"\x0a\x02\x08\x01"  # UnixFS: a directory, nothing else
_NAME_BYTES: Final = 6
_FIXED: Final = 2 + V1_BYTES + 2 + _NAME_BYTES + 1  # of a link with a numbered name


def names(i: int) -> bytes:
    """Return the name of entry i of a bundle: six decimals."""
    return b"%06d" % i


@lru_cache(maxsize=4096)
def _around(tsize: int) -> tuple[bytes, bytes]:
    """Return what stands before the CID and after the name in a numbered link to tsize bytes."""
    tail = b"\x18" + encode(tsize)
    return b"\x12" + encode(_FIXED - 1 + len(tail)) + b"\x0a\x24", tail


class FlatDirectory:
    """Collects links in name order and closes them into one block. Memory: that block."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._below = 0
        self._last: bytes | None = None

    def add(self, name: bytes, cid: bytes, tsize: int) -> None:
        """Add an entry; names ascend strictly as bytes, ValueError otherwise."""
        if self._last is not None and name <= self._last:
            raise ValueError(f"entry {len(self._parts)} does not sort after the one before it")
        self._last = name
        self._below += tsize
        self._parts.append(link(cid, name, tsize))

    def number(self, entries: Sequence[tuple[bytes, int]]) -> None:
        """Add (cid, tsize) entries as 000000, 000001, ...: the fast way in.

        Only on an empty directory, ValueError otherwise.
        """
        if not entries:
            return
        if self._parts:
            raise ValueError("numbered entries stand first in a directory")
        parts = self._parts
        for i, (cid, tsize) in enumerate(entries):
            if len(cid) == V1_BYTES:
                head, tail = _around(tsize)
                parts.append(b"%b%b\x12\x06%06d%b" % (head, cid, i, tail))
            else:
                parts.append(link(cid, names(i), tsize))
            self._below += tsize
        self._last = names(len(entries) - 1)

    def finish(self) -> tuple[Cid, bytes, int]:
        """Return (cid, block, tsize); ValueError if the block is too large for any node."""
        block = b"".join(self._parts) + _DATA
        if len(block) > MAX_BLOCK_BYTES:
            raise ValueError(f"a directory of {len(self._parts)} entries is over 2 MiB")
        cid = Cid(DAG_PB + sha256(block).digest())
        return cid, block, len(block) + self._below
