"""Who a node or peer is: an Ed25519 key, and the peer id that follows from it.

Made here and not by the programs: each has to name the others before any of them has started.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_SEED_BYTES: Final = 32
# libp2p's protobuf: field 1 is the kind (1 = Ed25519), field 2 the bytes, 64 or 32 of them
_PRIVATE: Final = b"\x08\x01\x12\x40"
_PUBLIC: Final = b"\x08\x01\x12\x20"
_IDENTITY_MULTIHASH: Final = b"\x00\x24"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A peer id, and the private key as libp2p's programs keep it: base64 of its protobuf."""

    peer_id: str
    private_key: Secret


def identity_of(seed: bytes) -> Identity:
    """Return the identity of 32 random bytes."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    return Identity(
        peer_id=_base58(_IDENTITY_MULTIHASH + _PUBLIC + public),
        private_key=Secret(base64.b64encode(_PRIVATE + seed + public).decode()),
    )


def new_identity(random_bytes: Callable[[int], bytes]) -> Identity:
    """Return a new identity."""
    return identity_of(random_bytes(_SEED_BYTES))


def _base58(raw: bytes) -> str:
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return _DIGITS[0] * (len(raw) - len(raw.lstrip(b"\0"))) + text
