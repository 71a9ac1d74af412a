"""An ETag as a number: the part of an entry's fingerprint that is an inode in a tree. Pure.

Imports nothing of the project.
"""

from __future__ import annotations

from hashlib import blake2b

_BITS = 63


def etag_number(etag: str) -> int:
    """Return a 63-bit digest of an ETag without its quotes; 0 for "", which a marker has."""
    if not etag:
        return 0
    return int.from_bytes(blake2b(etag.encode(), digest_size=8).digest(), "big") >> (64 - _BITS)
