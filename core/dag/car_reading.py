"""CARv1, read: from any binary file object, block by block. Does no I/O but on what it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.dag.errors import BadCid, BadVarint, BlockMismatch, CarError
from core.dag.varint import decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from core.model import Cid

MAX_SECTION_BYTES: Final = 8 << 20
"""What a Kubo node takes; a longer section is a broken length."""

_MAX_CID_BYTES: Final = 128
# CBOR: heads of arrays of up to 23 items, and of those whose count follows in so many bytes.
_TINY_ARRAYS: Final = range(0x80, 0x98)
_ARRAY_WIDTHS: Final = {0x98: 1, 0x99: 2, 0x9A: 4}


class Section(NamedTuple):
    """Where one block's bytes lie in a CAR. offset: of the data, behind its CID."""

    cid: Cid
    offset: int
    length: int


def read_header(f: BinaryIO) -> tuple[Cid, ...]:
    """Read a CAR's header from the file's position and return its roots."""
    length = _length(f)
    if length is None:
        raise CarError("an empty file")
    body = _exactly(f, length)
    try:
        return _roots(body)
    except (IndexError, BadCid) as e:
        raise CarError("a malformed header") from e


def sections(f: BinaryIO) -> Iterator[Section]:
    """Yield each section behind the header without reading its data.

    f: seekable, at its start. Raises CarError where the CAR is malformed or cut off.
    """
    read_header(f)
    end = f.seek(0, 2)
    _rewind_behind_header(f)
    while (length := _length(f)) is not None:
        start = f.tell()
        head = f.read(min(length, _MAX_CID_BYTES))
        cid, size = _cid(head)
        if start + length > end:
            raise CarError(f"cut off in the section at byte {start}")
        yield Section(cid, start + size, length - size)
        f.seek(start + length)


def blocks(f: BinaryIO, *, check: bool = True) -> Iterator[tuple[Cid, bytes]]:
    """Yield (cid, block) of each section behind the header.

    f: at its start; need not be seekable. check: hash each block to its CID, BlockMismatch.
    Raises CarError where the CAR is malformed or cut off. Memory: one section.
    """
    read_header(f)
    while (length := _length(f)) is not None:
        body = _exactly(f, length)
        cid, size = _cid(body)
        block = body[size:]
        if check:
            _verify(cid, block)
        yield cid, block


class CarIndex:
    """Random reads of a seekable CAR by CID. Memory: about 200 bytes a block."""

    def __init__(self, f: BinaryIO) -> None:
        """Read every section's place; CarError if the file is malformed."""
        self._file = f
        f.seek(0)
        self.roots = read_header(f)
        f.seek(0)
        self._places: dict[bytes, tuple[int, int]] = {}
        for cid, offset, length in sections(f):
            self._places.setdefault(cid, (offset, length))

    def __contains__(self, cid: bytes) -> bool:
        return cid in self._places

    def __len__(self) -> int:
        return len(self._places)

    def get(self, cid: bytes) -> bytes:
        """Return the block, hashed to its CID; KeyError if the CAR does not hold it."""
        offset, length = self._places[cid]
        self._file.seek(offset)
        block = _exactly(self._file, length)
        _verify(cid, block)
        return block


def _verify(cid: bytes, block: bytes) -> None:
    try:
        cids.verify(cid, block)
    except BadCid as e:
        raise BlockMismatch("a CID of another hash than sha2-256 cannot be checked") from e


def _cid(head: bytes) -> tuple[Cid, int]:
    try:
        return cids.split(head)
    except BadCid as e:
        raise CarError("a section without a CID") from e


def _exactly(f: BinaryIO, length: int) -> bytes:
    data = f.read(length)
    while len(data) < length:
        more = f.read(length - len(data))
        if not more:
            raise CarError(f"cut off: {len(data)} of {length} bytes")
        data += more
    return data


def _length(f: BinaryIO) -> int | None:
    """Return the next section's length, None at the end of the file."""
    raw = b""
    while byte := f.read(1):
        raw += byte
        if byte < b"\x80":
            break
    if not raw:
        return None
    try:
        length, _ = decode(raw)
    except BadVarint as e:
        raise CarError("a malformed section length") from e
    if not 0 < length <= MAX_SECTION_BYTES:
        raise CarError(f"a section of {length} bytes")
    return length


def _rewind_behind_header(f: BinaryIO) -> None:
    f.seek(0)
    read_header(f)


def _roots(body: bytes) -> tuple[Cid, ...]:
    """Parse the header's CBOR: a map of exactly `roots` and `version` 1."""
    prefix, suffix = b"\xa2\x65roots", b"\x67version\x01"
    if not body.startswith(prefix) or not body.endswith(suffix):
        raise CarError("no CARv1 header")
    pos, end = len(prefix), len(body) - len(suffix)
    n, pos = _array(body, pos)
    roots = []
    for _ in range(n):
        if body[pos : pos + 3] != b"\xd8\x2a\x58" or body[pos + 4]:
            raise CarError("a root that is no CID")
        stop = pos + 4 + body[pos + 3]
        cid, size = cids.split(body[pos + 5 : stop])
        if pos + 5 + size != stop:
            raise CarError("bytes after a root's CID")
        roots.append(cid)
        pos = stop
    if pos != end:
        raise CarError("bytes after the roots")
    return tuple(roots)


def _array(body: bytes, pos: int) -> tuple[int, int]:
    head = body[pos]
    if head in _TINY_ARRAYS:
        return head - _TINY_ARRAYS.start, pos + 1
    width = _ARRAY_WIDTHS.get(head)
    if width is None:
        raise CarError("roots that are no array")
    return int.from_bytes(body[pos + 1 : pos + 1 + width], "big"), pos + 1 + width
