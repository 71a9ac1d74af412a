"""The flight recorder's files: a snapshot a second, each told as its difference to the one before.

A segment begins with MAGIC; frames follow, each a head (kind, length, checksum, time) and a
payload. A key frame is a snapshot as MessagePack, deflated; a delta is the same, deflated with
the frame before as the dictionary, so that what did not change costs almost nothing. A frame that
is cut or does not match its checksum ends what can be read of its segment. Pure.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from core.control.wire import state as wire

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER: Final = "recorder"
MAGIC: Final = b"vgwm flight 1\n"
SUFFIX: Final = ".flight"
_HEAD: Final = struct.Struct(">cIIQ")
_KEY: Final = b"K"
_DELTA: Final = b"D"
_LEVEL: Final = 6
_WINDOW: Final = 32 << 10
"""Deflate looks no further back: of a larger frame the end serves as the dictionary."""
LARGEST: Final = 4 << 20
"""No snapshot comes near; what claims more is no frame of ours."""


class Damaged(Exception):
    """A frame does not read: cut, changed, or none of ours."""


class Frame(NamedTuple):
    """Where a frame's payload lies in its segment."""

    at_ns: int
    is_key: bool
    offset: int
    length: int


class Scan(NamedTuple):
    """A segment's frames, and how many bytes at its end are none, or are missing of its head."""

    frames: list[Frame]
    torn_bytes: int


def pack(now: wire.Snapshot, clean: Callable[[str], str]) -> bytes:
    """Return a snapshot as frames hold it; every text in it goes through `clean` (I9)."""
    return msgspec.msgpack.encode(_cleaned(now, clean))


def _cleaned(value: object, clean: Callable[[str], str]) -> object:
    match value:
        case str():
            return clean(value)
        case list() | tuple():
            return [_cleaned(one, clean) for one in value]
        case dict():
            return {_cleaned(name, clean): _cleaned(one, clean) for name, one in value.items()}
        case msgspec.Struct():
            # members' names are ours: a secret that is spelled like one must not unname it
            names = value.__struct_fields__
            return {name: _cleaned(getattr(value, name), clean) for name in names}
        case _:
            return value


def unpack(packed: bytes) -> wire.Snapshot:
    """Return the snapshot of a frame. Raises Damaged."""
    try:
        return msgspec.msgpack.decode(packed, type=wire.Snapshot)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged(str(error)) from error


def key_frame(at_ns: int, packed: bytes) -> bytes:
    """Return a frame that can be read alone."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return _frame(_KEY, at_ns, deflate.compress(packed) + deflate.flush())


def delta_frame(at_ns: int, packed: bytes, before: bytes) -> bytes:
    """Return a frame that can be read after `before` only."""
    deflate = zlib.compressobj(
        _LEVEL,
        zlib.DEFLATED,
        -zlib.MAX_WBITS,
        zlib.DEF_MEM_LEVEL,
        zlib.Z_DEFAULT_STRATEGY,
        before[-_WINDOW:],
    )
    return _frame(_DELTA, at_ns, deflate.compress(packed) + deflate.flush())


def _frame(kind: bytes, at_ns: int, payload: bytes) -> bytes:
    return _HEAD.pack(kind, len(payload), _sum(kind, at_ns, payload), at_ns) + payload


def _sum(kind: bytes, at_ns: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(kind + at_ns.to_bytes(8, "big")))


def scan(segment: bytes) -> Scan:
    """Return what a segment holds. Raises Damaged if it does not begin as one."""
    if MAGIC.startswith(segment):  # a crash came before the first frame
        return Scan([], len(MAGIC) - len(segment))
    if not segment.startswith(MAGIC):
        raise Damaged("it does not begin as a recording")
    frames: list[Frame] = []
    at = len(MAGIC)
    while at + _HEAD.size <= len(segment):
        kind, length, checksum, at_ns = _HEAD.unpack_from(segment, at)
        begin = at + _HEAD.size
        payload = segment[begin : begin + length]
        whole = len(payload) == length and kind in {_KEY, _DELTA}
        if not whole or _sum(kind, at_ns, payload) != checksum or (not frames and kind != _KEY):
            break
        frames.append(Frame(at_ns, kind == _KEY, begin, length))
        at = begin + length
    return Scan(frames, len(segment) - at)


def inflate(segment: bytes, frame: Frame, before: bytes) -> bytes:
    """Return a frame's packed snapshot; before: the frame's before it, of no use to a key frame.

    Raises Damaged.
    """
    if frame.is_key:
        opened = zlib.decompressobj(-zlib.MAX_WBITS)
    else:
        opened = zlib.decompressobj(-zlib.MAX_WBITS, zdict=before[-_WINDOW:])
    payload = segment[frame.offset : frame.offset + frame.length]
    try:
        packed = opened.decompress(payload, LARGEST)
    except zlib.error as error:
        raise Damaged(str(error)) from error
    if not opened.eof:
        raise Damaged("a frame is larger than any of ours")
    return packed
