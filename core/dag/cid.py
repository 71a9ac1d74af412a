"""Content identifiers: binary inside, text at the edges. sha2-256 only.

CIDv1 text is base32 (RFC 4648, lower case, no padding) behind a `b`; CIDv0 text is base58btc.
"""

from __future__ import annotations

from base64 import b32decode
from binascii import Error as Base32Error
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.dag import varint
from core.dag.errors import BadCid, BadVarint, BlockMismatch
from core.model import Cid

if TYPE_CHECKING:
    from collections.abc import Sequence

RAW_CODEC: Final = 0x55
DAG_PB_CODEC: Final = 0x70

RAW: Final = b"\x01\x55\x12\x20"
"""What stands before the digest in the CIDv1 of a raw leaf."""

DAG_PB: Final = b"\x01\x70\x12\x20"
"""What stands before the digest in the CIDv1 of a node."""

V0: Final = b"\x12\x20"
"""What stands before the digest in a CIDv0: a bare multihash, always dag-pb."""

V1_BYTES: Final = 36
V0_BYTES: Final = 34

_V1_CHARS: Final = 59
_V0_CHARS: Final = 46
_B32: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_B58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

# The batch encoder. A CID padded to 40 bytes is eight groups of 5 bytes, each of which becomes
# eight characters of 5 bits. Each group is put into an 8-byte lane of one big integer; three
# mask-and-shift steps then spread 40 bits over the lane's bytes, for all lanes at once.
_BATCH: Final = 256  # CIDs; 16 KiB integers stay in the first-level cache
_PAD: Final = b"\0\0\0\0"
_LANES: Final = _BATCH * 8
_TABLE: Final = _B32 + bytes(256 - len(_B32))


def _every_lane(mask: int) -> int:
    return int.from_bytes(mask.to_bytes(8, "big") * _LANES, "big")


_HIGH20: Final = _every_lane(0x000000FFFFF00000)
_LOW20: Final = _every_lane(0x00000000000FFFFF)
_HIGH10: Final = _every_lane(0x000FFC00000FFC00)
_LOW10: Final = _every_lane(0x000003FF000003FF)
_HIGH5: Final = _every_lane(0x03E003E003E003E0)
_LOW5: Final = _every_lane(0x001F001F001F001F)


def _base32(cids: Sequence[bytes]) -> list[str]:
    """Return the text of up to _BATCH CIDs of 36 bytes each."""
    n = len(cids)
    packed = _PAD.join(cids) + _PAD
    lanes = bytearray(64 * n)
    for i in range(5):
        lanes[3 + i :: 8] = packed[i::5]
    x = int.from_bytes(lanes, "big")
    # A mask of more lanes than x is harmless: both are aligned at their last lane.
    x = (x & _HIGH20) << 12 | x & _LOW20
    x = (x & _HIGH10) << 6 | x & _LOW10
    x = (x & _HIGH5) << 3 | x & _LOW5
    spread = bytearray(b"b")
    spread += x.to_bytes(64 * n, "big").translate(_TABLE)
    # The last six of 64 characters are padding: the last of them becomes the next CID's "b".
    spread[64::64] = b"b" * n
    joined = spread.decode("ascii")
    return [joined[i : i + _V1_CHARS] for i in range(0, 64 * n, 64)]


def texts(cids: Sequence[bytes]) -> list[str]:
    """Return the text of each CID, in order; BadCid if one is malformed.

    About 0.35 us a CID from 100 of them up, where all are CIDv1 of 36 bytes; `base64.b32encode`
    takes 9.
    """
    if any(len(c) != V1_BYTES for c in cids):
        return [text(c) for c in cids]
    out: list[str] = []
    for i in range(0, len(cids), _BATCH):
        out += _base32(cids[i : i + _BATCH])
    return out


def text(cid: bytes) -> str:
    """Return a CID's text: base32 for CIDv1, base58btc for CIDv0."""
    if len(cid) == V1_BYTES:
        return _base32((cid,))[0]
    if len(cid) == V0_BYTES and cid.startswith(V0):
        n = int.from_bytes(cid, "big")
        out = ""
        while n:
            n, rest = divmod(n, 58)
            out = _B58[rest] + out
        return out
    raise BadCid(f"{len(cid)} bytes are no CID with sha2-256")


def parse(source: str) -> Cid:
    """Return the binary CID of a text.

    Strict: sha2-256, raw or dag-pb, and exactly the text that `text` writes; BadCid otherwise.
    """
    if len(source) == _V0_CHARS and source.startswith("Qm"):
        n = 0
        for char in source:
            digit = _B58.find(char)
            if digit < 0:
                raise BadCid("a character outside of base58btc")
            n = n * 58 + digit
        if n >> (8 * V0_BYTES):
            raise BadCid("a base58btc number of more than 34 bytes")
        cid = n.to_bytes(V0_BYTES, "big")
    elif len(source) == _V1_CHARS and source.startswith("b") and source.islower():
        try:
            cid = b32decode(source[1:].upper() + "======")
        except (Base32Error, ValueError) as e:
            raise BadCid("a character outside of base32") from e
    else:
        raise BadCid(f"{len(source)} characters are no CID with sha2-256")
    if not cid.startswith((RAW, DAG_PB, V0)) or text(cid) != source:
        raise BadCid("not sha2-256 over raw or dag-pb, or not canonical")
    return Cid(cid)


def codec(cid: bytes) -> int:
    """Return RAW_CODEC or DAG_PB_CODEC; BadCid for any other kind of CID."""
    if len(cid) == V1_BYTES:
        if cid.startswith(RAW):
            return RAW_CODEC
        if cid.startswith(DAG_PB):
            return DAG_PB_CODEC
    elif len(cid) == V0_BYTES and cid.startswith(V0):
        return DAG_PB_CODEC
    raise BadCid("not sha2-256 over raw or dag-pb")


def digest(cid: bytes) -> bytes:
    """Return the 32 bytes of sha2-256: what a node stores a block under, whatever the version."""
    codec(cid)
    return cid[-32:]


def verify(cid: bytes, block: bytes) -> None:
    """Raise BlockMismatch unless block hashes to cid; BadCid if it is not of sha2-256."""
    if sha256(block).digest() != digest(cid):
        raise BlockMismatch(f"{len(block)} bytes do not hash to {text(cid)}")


def split(buf: bytes, pos: int = 0) -> tuple[Cid, int]:
    """Return (CID, position after it) of the CID at pos, of any codec and hash.

    Raises BadCid if it is cut off or of another version than 0 and 1.
    """
    if buf[pos : pos + 2] == V0:
        end = pos + V0_BYTES
    else:
        try:
            version, at = varint.decode(buf, pos)
            if version != 1:
                raise BadCid(f"CID version {version} at byte {pos}")
            _, at = varint.decode(buf, at)
            _, at = varint.decode(buf, at)
            length, at = varint.decode(buf, at)
        except BadVarint as e:
            raise BadCid(f"CID cut off at byte {pos}") from e
        end = at + length
    if end > len(buf):
        raise BadCid(f"CID cut off at byte {pos}")
    return Cid(buf[pos:end]), end
