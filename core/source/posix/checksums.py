"""The stored checksum and the part layout of an object, parsed. Pure.

Imports nothing of the project but the attribute names. Source: docs/source.md.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from core.source.posix.attributes import Attributes

_GZIP: Final = 31  # zlib's word for a gzip header
_PARTS_BYTES: Final = 4 << 20  # 10,000 parts are 140 kB
_MULTIPART: Final = re.compile(r"[0-9a-f]{32}-([1-9]\d{0,4})")
_MD5: Final = re.compile(r"[0-9a-f]{32}")

NO_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a value that is none: bytes that are no UTF-8 are no error of its own."""

NAMES: Final = (
    "crc32",
    "crc32c",
    "crc64nvme",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "xxhash128",
    "xxhash3",
    "xxhash64",
)
"""The algorithms in the order in which `Checksums` lists them behind its type."""

_LOWER: Final = {name.upper(): name for name in NAMES}


class Checksums(msgspec.Struct, frozen=True, gc=False):
    """The `checksums` attribute: base64 by algorithm. kind: FULL_OBJECT, COMPOSITE or none.

    algorithm is a hint: a copy onto itself leaves it empty, the value's own place is right.
    """

    algorithm: str | None = msgspec.field(name="Algorithm", default=None)
    kind: str | None = msgspec.field(name="Type", default=None)
    crc32: str | None = msgspec.field(name="CRC32", default=None)
    crc32c: str | None = msgspec.field(name="CRC32C", default=None)
    crc64nvme: str | None = msgspec.field(name="CRC64NVME", default=None)
    md5: str | None = msgspec.field(name="MD5", default=None)
    sha1: str | None = msgspec.field(name="SHA1", default=None)
    sha256: str | None = msgspec.field(name="SHA256", default=None)
    sha512: str | None = msgspec.field(name="SHA512", default=None)
    xxhash128: str | None = msgspec.field(name="XXHASH128", default=None)
    xxhash3: str | None = msgspec.field(name="XXHASH3", default=None)
    xxhash64: str | None = msgspec.field(name="XXHASH64", default=None)

    def only(self) -> tuple[str, str] | None:
        """Return (algorithm, base64) if `algorithm` names the one that is set, else None: fast."""
        fields = msgspec.structs.astuple(self)
        if fields.count(None) != len(NAMES) - 1:
            return None
        name = _LOWER.get(self.algorithm or "", "")
        value: str | None = getattr(self, name) if name else None
        return (name, value) if value else None

    def values(self) -> list[tuple[str, str]]:
        """Return (algorithm in lower case, base64) of each checksum that is set, sorted."""
        fields = msgspec.structs.astuple(self)
        return [(name, value) for name, value in zip(NAMES, fields[2:], strict=True) if value]


class _Parts(msgspec.Struct, frozen=True, gc=False):
    parts: list[int]


_checksums: Final = msgspec.json.Decoder(Checksums)
_parts: Final = msgspec.json.Decoder(_Parts)


def parse_checksums(raw: bytes) -> Checksums | None:
    """Return the parsed attribute, None where it is no such JSON."""
    try:
        return _checksums.decode(raw)
    except NO_JSON:
        return None


def etag_text(attributes: Attributes, default_etag: str = "") -> str | None:
    """Return an object's ETag without its quotes, the default one if it has none; None for neither.

    None too for one that is not UTF-8: nothing can be compared with it.
    """
    raw = attributes.get("etag")
    if not raw:
        return default_etag.removeprefix('"').removesuffix('"') or None
    try:
        return raw.decode().removeprefix('"').removesuffix('"')
    except UnicodeDecodeError:
        return None


def is_md5(etag: str) -> bool:
    """Tell whether an ETag is the plain MD5 of its object."""
    return _MD5.fullmatch(etag) is not None


def part_count(etag: str) -> int | None:
    """Return the number of parts that an ETag names, None for one that is not of a multipart."""
    match = _MULTIPART.fullmatch(etag)
    return int(match.group(1)) if match else None


def trusted_parts(attributes: Attributes, etag: str | None, size_bytes: int) -> list[int]:
    """Return the end offsets of an object's parts; [] where there are none that can be trusted.

    In sidecar mode the layout of a former object may lie beside a new one: it is trusted only if
    the ETag names as many parts and the last one ends where the object does.
    """
    raw = attributes.get("mp-metadata")
    count = part_count(etag) if etag else None
    if raw is None or count is None:
        return []
    try:
        plain = raw if raw.startswith(b"{") else _gunzip(raw)
        ends = _parts.decode(plain).parts
    except (*NO_JSON, zlib.error):
        return []
    if len(ends) != count or ends[-1] != size_bytes or ends != sorted(ends) or ends[0] < 0:
        return []
    return ends


def _gunzip(raw: bytes) -> bytes:
    return zlib.decompressobj(_GZIP).decompress(raw, _PARTS_BYTES)
