"""A CAR read from its beginning to its end, each block hashed: from a file, or as a node sends it.

The fastest way through: large reads into one buffer, and per block one hash and little else.
"""

from __future__ import annotations

import mmap
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from core.dag.car_reading import MAX_SECTION_BYTES
from core.dag.cid import DAG_PB, RAW, V1_BYTES
from core.dag.errors import BadCid
from core.dag.profile import UNIXFS_V1_2025
from core.dag.unixfs import FileBuilder
from core.model import KIB, MIB
from core.verify.weave import split_cid

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.verify.weave import Weave

_ROOM: Final = MAX_SECTION_BYTES + MIB
_READ: Final = MIB
"""So much is read at a time: smaller reads cost more than the caches that they would stay in."""

_SHORT_TAIL: Final = 64 * KIB
_PIECE: Final = 32 * KIB
"""Bytes that are compared at once: larger ones would be memory that the kernel has to clear."""
_MORE: Final = 0x80
_LENGTHS: Final = 4  # bytes of a section's length, at most: 2^28


class Bytes(Protocol):
    """Where a CAR comes from."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer from its beginning; 0 at the end."""
        ...


class _Leaf(NamedTuple):
    """A raw block that was hashed to its CID, and where it stands in the buffer."""

    cid: bytes
    start: int
    end: int


class _Malformed(Exception):
    """The CAR cannot be followed any further."""


class CarScan:
    """Reads CARs one after the other through one buffer. took: told of each read, may wait."""

    def __init__(self, took: Callable[[int], None]) -> None:
        # page-aligned: reading into other memory is four times slower
        self._map = mmap.mmap(-1, _ROOM)
        self._view = memoryview(self._map)
        self._took = took
        self.read_bytes = 0
        self._leaf: _Leaf | None = None

    def read(self, source: Bytes, weave: Weave, *, forgets: bool = False) -> str:
        """Put every block into the weave; return why it ends before its end, "" if it does not.

        forgets: bound the memory of an object of very many blocks.
        """

        def step(lo: int, hi: int, _passed: int) -> int:
            at = self._sections(lo, hi, weave)
            if forgets:
                weave.forget_oldest()
            return at

        return self._follow(source, step)

    def places(self, source: Bytes) -> dict[bytes, tuple[int, int]] | None:
        """Return where each block's bytes lie, (offset, length) by CID; None of a malformed CAR.

        Nothing is hashed. Memory: about 200 bytes a block.
        """
        found: dict[bytes, tuple[int, int]] = {}

        def step(lo: int, hi: int, passed: int) -> int:
            return self._skip(lo, hi, passed, found)

        return None if self._follow(source, step) else found

    def _follow(self, source: Bytes, step: Callable[[int, int, int], int]) -> str:
        """Read to the end; return why that is too early, "" if it is not.

        step(lo, hi, passed): takes the whole sections of the buffer, returns where the rest begins.
        passed: bytes of the CAR before the buffer.
        """
        lo = hi = passed = 0
        header, self._leaf = True, None
        while n := self._fill(source, hi):
            hi += n
            try:
                if header:
                    lo = self._header(hi)
                    header = lo == 0
                if not header:
                    lo = step(lo, hi, passed)
            except _Malformed as error:
                return f"{error} near byte {passed + lo}"
            if hi - lo <= _SHORT_TAIL or hi + _READ > _ROOM:
                self._map.move(0, lo, hi - lo)
                passed += lo
                lo, hi = 0, hi - lo
        if lo != hi or header:
            return f"cut off behind byte {passed + lo}"
        return ""

    def is_file(self, source: Bytes, cid: bytes) -> bool:
        """Tell whether a file of ours is what its CID says.

        One whose block stood right before the root that was read last is compared with that block,
        which was hashed: so our manifests stand.
        """
        leaf, self._leaf = self._leaf, None
        if leaf is not None and leaf.cid == cid and 2 * leaf.end - leaf.start < _ROOM:
            return self._is_leaf(source, leaf)
        builder = FileBuilder(UNIXFS_V1_2025, lambda _cid, _block: None)
        chunk = UNIXFS_V1_2025.chunk_bytes
        first = True
        while n := self._whole(source, chunk):
            if first and n < chunk:
                return cid == RAW + sha256(self._view[:n]).digest()
            first = False
            builder.chunk(self._map[:n])
        return builder.finish().cid == cid

    def _is_leaf(self, source: Bytes, leaf: _Leaf) -> bool:
        """Tell whether a file is a leaf that is in the buffer; it is read behind it."""
        size, lo = leaf.end - leaf.start, leaf.end
        hi = lo
        while hi - lo <= size and (n := source.readinto(self._view[hi : lo + size + 1])):
            hi += n
            self.read_bytes += n
            self._took(n)
        return hi - lo == size and all(
            self._map[leaf.start + at : min(leaf.start + at + _PIECE, lo)]
            == self._map[lo + at : min(lo + at + _PIECE, hi)]
            for at in range(0, size, _PIECE)
        )

    def _whole(self, source: Bytes, most: int) -> int:
        """Fill the buffer's beginning up to so many bytes; fewer come at the end only."""
        hi = 0
        while hi < most and (n := source.readinto(self._view[hi:most])):
            hi += n
            self.read_bytes += n
            self._took(n)
        return hi

    def _fill(self, source: Bytes, hi: int) -> int:
        n = source.readinto(self._view[hi : hi + _READ]) or 0
        self.read_bytes += n
        self._took(n)
        return n

    def _header(self, hi: int) -> int:
        """Return where the sections begin, 0 while the header is not here as a whole."""
        length, at = self._length(0, hi)
        if at == 0 or at + length > hi:
            return 0
        body = self._map[at : at + length]
        if not body.startswith(b"\xa2\x65roots") or not body.endswith(b"\x67version\x01"):
            raise _Malformed("no CAR header")
        return at + length

    def _length(self, lo: int, hi: int) -> tuple[int, int]:
        """Return a section's length and where its body begins, 0 if more is to be read first."""
        length = 0
        for i in range(min(_LENGTHS, hi - lo)):
            byte = self._map[lo + i]
            length |= (byte & 0x7F) << (7 * i)
            if byte < _MORE:
                if not 0 < length <= MAX_SECTION_BYTES:
                    break
                return length, lo + i + 1
        if hi - lo >= _LENGTHS or length == 0:
            raise _Malformed("a section without a length")
        return 0, 0

    def _sections(self, lo: int, hi: int, weave: Weave) -> int:
        """Hash all whole sections; return where the first that is not whole begins.

        Each step here is paid per block: two bytes of length and a raw leaf are the usual case.
        """
        first, buf, view, held = lo, self._map, self._view, weave.held
        sha, raw, more, least, cid_bytes = sha256, RAW, _MORE, _LENGTHS, V1_BYTES
        while hi - lo > least:
            n = buf[lo]
            if n >= more and (second := buf[lo + 1]) < more:
                n, start = n & 0x7F | second << 7, lo + 2
            else:
                n, start = self._length(lo, hi)
            end = start + n
            if end > hi:
                break
            cid = buf[start : start + cid_bytes]
            digest = sha(view[start + cid_bytes : end]).digest()
            if cid == raw + digest:
                held[cid] = n - cid_bytes
            elif cid[-32:] == digest:
                weave.add(cid, buf[start + cid_bytes : end], digest)
                if cid in weave.directories:
                    self._leaf = self._before(first, lo, weave)
            else:
                self._other(start, end, weave)
            lo = end
        return lo

    def _before(self, first: int, at: int, weave: Weave) -> _Leaf | None:
        """Return the leaf that ends at a place, if its whole section lies behind another one."""
        cid = next(reversed(weave.held), None)
        if cid is None or not cid.startswith(RAW):
            return None
        start = at - weave.held[cid]
        if start - len(cid) < first or self._map[start - len(cid) : start] != cid:
            return None
        return _Leaf(cid, start, at)

    def _skip(self, lo: int, hi: int, passed: int, found: dict[bytes, tuple[int, int]]) -> int:
        """Note the places of all whole sections; return where the first that is not begins."""
        buf, more = self._map, _MORE
        while hi - lo > _LENGTHS:
            n = buf[lo]
            if n >= more and (second := buf[lo + 1]) < more:
                n, start = n & 0x7F | second << 7, lo + 2
            else:
                n, start = self._length(lo, hi)
            end = start + n
            if end > hi:
                break
            cid = buf[start : start + V1_BYTES]
            if n < V1_BYTES or not cid.startswith((RAW, DAG_PB)):
                cid = self._cid(start, end)
            at = start + len(cid)
            found.setdefault(cid, (passed + at, end - at))
            lo = end
        return lo

    def _cid(self, start: int, end: int) -> bytes:
        try:
            return split_cid(self._map[start : min(end, start + 2 * V1_BYTES)])
        except BadCid as error:
            raise _Malformed("a section without a CID") from error

    def _other(self, start: int, end: int, weave: Weave) -> None:
        """Take a CID of another kind, or a block that is not its CID's."""
        cid = self._cid(start, end)
        weave.add(cid, self._map[start + len(cid) : end])
