"""The checksum algorithms that S3 knows and we can compute. Pure.

Imports nothing of the project.
"""

from __future__ import annotations

import hashlib
import zlib
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, Self

from awscrt import checksums as crt

if TYPE_CHECKING:
    from collections.abc import Callable


class Digest(Protocol):
    """A running digest, as hashlib's are."""

    def update(self, chunk: bytes | memoryview, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """Return the digest of the bytes so far."""

    def copy(self) -> Self:
        """Return another one in the same state."""


class Crc:
    """A cyclic checksum as a digest, big-endian as S3 writes it."""

    def __init__(
        self, step: Callable[[bytes | memoryview, int], int], width: int, value: int = 0
    ) -> None:
        self._step = step
        self._width = width
        self._value = value

    def update(self, chunk: bytes | memoryview, /) -> None:
        """Take the next bytes."""
        self._value = self._step(chunk, self._value)

    def digest(self) -> bytes:
        """Return the checksum of the bytes so far."""
        return self._value.to_bytes(self._width, "big")

    def copy(self) -> Self:
        """Return another one in the same state."""
        return type(self)(self._step, self._width, self._value)


# MD5 and SHA-1 are compared with what S3 stored, nothing is secured by them.
def new_md5() -> Digest:
    """Return a fresh MD5."""
    return hashlib.md5(usedforsecurity=False)


_MAKERS: Final[dict[str, Callable[[], Digest]]] = {
    "crc32": partial(Crc, zlib.crc32, 4),
    "crc32c": partial(Crc, crt.crc32c, 4),
    "crc64nvme": partial(Crc, crt.crc64nvme, 8),
    "md5": new_md5,
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}


def maker(algorithm: str) -> Callable[[], Digest] | None:
    """Return what makes a fresh digest, None for one without a library (the xxhash family)."""
    return _MAKERS.get(algorithm)
