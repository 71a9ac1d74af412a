"""What an object's bytes say of its stored ETag and checksum.

    verdict_small(body, attributes, etag_mode)              -> Integrity, the whole body at hand
    stream = integrity_stream(attributes, size_bytes, mode) -> .update(chunk) .copy() .verdict()

The bytes on disk are the truth; the class only tells which stored value does not fit them. An ETag
that does not fit outweighs a checksum: the file was edited behind the gateway. etag_mode: `verify`
computes MD5, `trust` takes ETags as they stand, `off` does not look at them; checksums are computed
in all three. Pure. Source: docs/source.md.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from awscrt import checksums as crt

from core.model import Integrity
from core.source.posix.checksums import (
    etag_text,
    is_md5,
    parse_checksums,
    part_count,
    trusted_parts,
)
from core.source.posix.digests import maker, new_md5
from core.source.posix.proofs import PartsProof, WholeProof

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.source.posix.attributes import Attributes
    from core.source.posix.proofs import Proof

VERIFY: Final = "verify"
TRUST: Final = "trust"

_MD5_TEXT: Final = 34  # 32 digits and two quotes
_FAST: Final[dict[str, Callable[[bytes], bytes]]] = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": lambda body: crt.crc32c(body).to_bytes(4, "big"),
    "crc64nvme": lambda body: crt.crc64nvme(body).to_bytes(8, "big"),
}


class IntegrityStream:
    """The verdict over an object in chunks; `copy` keeps a state for the retry of a segment."""

    def __init__(
        self, *, empty: bool, trusted: bool, etag: Proof | None, sums: Sequence[Proof]
    ) -> None:
        self._empty = empty
        self._trusted = trusted
        self._etag = etag
        self._sums = sums

    def update(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes, in order."""
        view = memoryview(chunk)
        if self._etag is not None:
            self._etag.update(view)
        for proof in self._sums:
            proof.update(view)

    def copy(self) -> IntegrityStream:
        """Return another one in the same state."""
        return IntegrityStream(
            empty=self._empty,
            trusted=self._trusted,
            etag=None if self._etag is None else self._etag.copy(),
            sums=[proof.copy() for proof in self._sums],
        )

    def verdict(self) -> Integrity:
        """Return the class of the object, all bytes being in."""
        if self._empty:
            return Integrity.NO_ATTRIBUTES
        if self._etag is not None and not self._etag.holds():
            return Integrity.STALE_ETAG
        if not all(proof.holds() for proof in self._sums):
            return Integrity.BAD_CHECKSUM
        if self._etag is not None or self._sums or self._trusted:
            return Integrity.OK
        return Integrity.UNVERIFIABLE


def integrity_stream(attributes: Attributes, size_bytes: int, etag_mode: str) -> IntegrityStream:
    """Return a stream that proves what is stored with an object of size_bytes."""
    etag = etag_text(attributes)
    ends = trusted_parts(attributes, etag, size_bytes)
    known = etag is not None and (is_md5(etag) or part_count(etag) is not None)
    return IntegrityStream(
        empty=not attributes.get("etag") and not attributes.get("checksums"),
        trusted=known and etag_mode == TRUST,
        etag=_etag_proof(etag, ends) if etag and etag_mode == VERIFY else None,
        sums=_sum_proofs(attributes, ends),
    )


def verdict_small(body: bytes, attributes: Attributes, etag_mode: str) -> Integrity:
    """Return the class of an object whose whole body is at hand. The hot path.

    Nearly every object has a plain MD5 and one CRC that fit: that is seen here; all others, and
    whatever does not fit, go through a stream.
    """
    if _evidently_ok(body, attributes, etag_mode):
        return Integrity.OK
    stream = integrity_stream(attributes, len(body), etag_mode)
    stream.update(body)
    return stream.verdict()


def _evidently_ok(body: bytes, attributes: Attributes, etag_mode: str) -> bool:
    etag, raw = attributes.get("etag"), attributes.get("checksums")
    if etag is None or raw is None or len(etag) != _MD5_TEXT:
        return False
    sums = parse_checksums(raw)
    only = sums.only() if sums is not None else None
    step = _FAST.get(only[0]) if only is not None else None
    if only is None or step is None:
        return False
    if etag_mode == VERIFY:
        text = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if etag[1:-1] != text.encode():
            return False
    return b64encode(step(body)).decode() == only[1]


def _etag_proof(etag: str, ends: list[int]) -> Proof | None:
    if is_md5(etag):
        return WholeProof(new_md5(), etag, bytes.hex)
    return PartsProof(new_md5, ends, etag, bytes.hex) if ends else None


def _sum_proofs(attributes: Attributes, ends: list[int]) -> list[Proof]:
    raw = attributes.get("checksums")
    sums = parse_checksums(raw) if raw else None
    if sums is None:
        return []
    proofs: list[Proof] = []
    for algorithm, value in sums.values():
        make = maker(algorithm)
        if make is None:
            continue
        if sums.kind == "COMPOSITE" or "-" in value:
            if ends:
                proofs.append(PartsProof(make, ends, value, _base64))
        else:
            proofs.append(WholeProof(make(), value, _base64))
    return proofs


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()
