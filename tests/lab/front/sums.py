"""The checksums that S3 knows of a body, and whether what a client declared is true."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING, Final, Protocol

from awscrt import checksums

from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HEADER: Final = "x-amz-checksum-"
NAMES: Final = ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
OWN: Final = "crc64nvme"
"""What is stored where a client declared none, as VersityGW does."""


class Sum(Protocol):
    """A checksum under way."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, step: Callable[[bytes, int], int], width: int) -> None:
        self._step = step
        self._width = width
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._step(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width)


def begin(name: str) -> Sum:
    """Return an empty checksum of that name."""
    match name:
        case "crc32":
            return _Crc(zlib.crc32, 4)
        case "crc32c":
            return _Crc(checksums.crc32c, 4)
        case "crc64nvme":
            return _Crc(checksums.crc64nvme, 8)
        case "sha1":
            return hashlib.sha1(usedforsecurity=False)
        case _:
            return hashlib.sha256()


def declared(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums that a request declares, base64 by name."""
    return {name: headers[HEADER + name] for name in NAMES if HEADER + name in headers}


def text(one: Sum) -> str:
    """Return a checksum as S3 writes it."""
    return base64.b64encode(one.digest()).decode()


def refuse_other(said: str, found: str, code: str = "BadDigest") -> None:
    """Raise S3Fault unless what was declared is what was found."""
    if said != found:
        raise S3Fault(code)
