"""Unsigned LEB128 numbers, as multiformats, CAR and protobuf use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.dag.errors import BadVarint

if TYPE_CHECKING:
    from collections.abc import Sequence

_BITS = 64
_MORE = 0x80  # the bit that says: another byte follows
_ONE_BYTE = tuple(bytes((n,)) for n in range(_MORE))


def encode(n: int) -> bytes:
    """Return n as the shortest varint.

    n: 0 <= n < 2^64; ValueError otherwise.
    """
    if 0 <= n < _MORE:
        return _ONE_BYTE[n]
    if n < 0 or n >> _BITS:
        raise BadVarint(f"{n} is outside of 0..2^64-1")
    out = bytearray()
    while n >= _MORE:
        out.append(n & 0x7F | _MORE)
        n >>= 7
    out.append(n)
    return bytes(out)


def decode(buf: Sequence[int], pos: int = 0) -> tuple[int, int]:
    """Return (value, position after it) of the varint at pos.

    Raises BadVarint if it is cut off, over-long (a last byte of zero) or above 64 bits.
    """
    value = shift = 0
    end = len(buf)
    while pos < end:
        byte = buf[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < _MORE:
            if not byte and shift:
                raise BadVarint(f"over-long number before byte {pos}")
            if value >> _BITS:
                raise BadVarint(f"number above 64 bits before byte {pos}")
            return value, pos
        shift += 7
        if shift >= _BITS + 6:
            raise BadVarint(f"number above 64 bits before byte {pos}")
    raise BadVarint(f"number cut off at byte {pos}")
