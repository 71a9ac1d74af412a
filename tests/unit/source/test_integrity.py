"""What bytes say of a stored ETag and checksum."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from itertools import accumulate
from typing import TYPE_CHECKING

import pytest
from awscrt import checksums as crt
from hypothesis import given
from hypothesis import strategies as st

from core.model import Integrity
from core.source.posix.integrity import integrity_stream, verdict_small

if TYPE_CHECKING:
    from collections.abc import Callable

ALGORITHMS: dict[str, Callable[[bytes], bytes]] = {
    "CRC32": lambda b: zlib.crc32(b).to_bytes(4, "big"),
    "CRC32C": lambda b: crt.crc32c(b).to_bytes(4, "big"),
    "CRC64NVME": lambda b: crt.crc64nvme(b).to_bytes(8, "big"),
    "SHA1": lambda b: hashlib.sha1(b, usedforsecurity=False).digest(),
    "SHA256": lambda b: hashlib.sha256(b).digest(),
    "SHA512": lambda b: hashlib.sha512(b).digest(),
    "MD5": lambda b: hashlib.md5(b, usedforsecurity=False).digest(),
}
algorithms = st.sampled_from(sorted(ALGORITHMS))
part_lists = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)


def _sums(algorithm: str, value: str, kind: str = "FULL_OBJECT") -> bytes:
    return json.dumps({"Algorithm": algorithm, "Type": kind, algorithm: value}).encode()


def _whole(body: bytes, algorithm: str = "CRC64NVME") -> dict[str, bytes]:
    return {
        "etag": f'"{ALGORITHMS["MD5"](body).hex()}"'.encode(),
        "checksums": _sums(algorithm, base64.b64encode(ALGORITHMS[algorithm](body)).decode()),
    }


def _multipart(parts: list[bytes], algorithm: str) -> dict[str, bytes]:
    def of_parts(name: str) -> bytes:
        digest = ALGORITHMS[name]
        return digest(b"".join(digest(part) for part in parts))

    ends = list(accumulate(len(part) for part in parts))
    value = base64.b64encode(of_parts(algorithm)).decode()
    return {
        "etag": f'"{of_parts("MD5").hex()}-{len(parts)}"'.encode(),
        "checksums": _sums(algorithm, f"{value}-{len(parts)}", "COMPOSITE"),
        "mp-metadata": gzip.compress(json.dumps({"uploadId": "u", "parts": ends}).encode()),
    }


def _spoiled(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]


@given(st.binary(), algorithms, st.sampled_from(["verify", "trust", "off"]))
def test_bytes_that_fit_are_ok_in_every_mode(body: bytes, algorithm: str, mode: str) -> None:
    assert verdict_small(body, _whole(body, algorithm), mode) is Integrity.OK


@given(st.binary(min_size=1), algorithms)
def test_an_edit_behind_the_gateway_is_a_stale_etag(body: bytes, algorithm: str) -> None:
    stored = _whole(body, algorithm)
    assert verdict_small(_spoiled(body), stored, "verify") is Integrity.STALE_ETAG
    assert verdict_small(_spoiled(body), stored, "trust") is Integrity.BAD_CHECKSUM


@given(st.binary(min_size=1), algorithms)
def test_an_etag_that_does_not_fit_outweighs_a_checksum_that_does(
    body: bytes, algorithm: str
) -> None:
    stored = _whole(body, algorithm) | _etag(_spoiled(body))
    assert verdict_small(body, stored, "verify") is Integrity.STALE_ETAG
    assert verdict_small(body, stored, "trust") is Integrity.OK
    assert verdict_small(body, stored, "off") is Integrity.OK


@given(st.binary(min_size=1), algorithms)
def test_a_checksum_of_other_bytes_is_bad(body: bytes, algorithm: str) -> None:
    stored = _whole(body) | {"checksums": _whole(_spoiled(body), algorithm)["checksums"]}
    for mode in ("verify", "trust", "off"):
        assert verdict_small(body, stored, mode) is Integrity.BAD_CHECKSUM


def test_a_copy_onto_itself_left_the_checksum_of_nothing() -> None:
    empty = base64.b64encode(ALGORITHMS["SHA256"](b"")).decode()
    left = json.dumps({"Algorithm": "", "Type": "", "CRC32": None, "SHA256": empty}).encode()
    stored = _whole(b"body") | {"checksums": left}
    assert verdict_small(b"body", stored, "verify") is Integrity.BAD_CHECKSUM
    assert verdict_small(b"", _whole(b"") | {"checksums": left}, "verify") is Integrity.OK


@given(part_lists, algorithms)
def test_a_multipart_object_is_proved_by_its_slices(parts: list[bytes], algorithm: str) -> None:
    stored = _multipart(parts, algorithm)
    body = b"".join(parts)
    assert verdict_small(body, stored, "verify") is Integrity.OK
    assert verdict_small(_spoiled(body), stored, "verify") is Integrity.STALE_ETAG
    assert verdict_small(_spoiled(body), stored, "trust") is Integrity.BAD_CHECKSUM


def test_a_multipart_object_without_its_layout_cannot_be_verified() -> None:
    stored = _multipart([b"one", b"two"], "CRC32")
    del stored["mp-metadata"]
    assert verdict_small(b"onetwo", stored, "verify") is Integrity.UNVERIFIABLE
    assert verdict_small(b"onetwo", stored, "off") is Integrity.UNVERIFIABLE
    assert verdict_small(b"onetwo", stored, "trust") is Integrity.OK


def test_an_opaque_etag_alone_cannot_be_verified() -> None:
    for mode in ("verify", "trust", "off"):
        stored = {"etag": b'"CRC64NVME-jSnVw/bqjr4="'}
        assert verdict_small(b"x", stored, mode) is Integrity.UNVERIFIABLE


def test_an_opaque_etag_of_md5s_length_is_no_md5() -> None:
    stored = {"etag": b'"' + b"z" * 32 + b'"', "checksums": _whole(b"x")["checksums"]}
    assert verdict_small(b"x", stored, "verify") is Integrity.OK
    assert verdict_small(b"y", stored, "verify") is Integrity.BAD_CHECKSUM


def test_an_algorithm_without_a_library_proves_nothing() -> None:
    stored = {"checksums": _sums("XXHASH64", "AAAAAAAAAAA=")}
    assert verdict_small(b"x", stored, "verify") is Integrity.UNVERIFIABLE
    assert verdict_small(b"x", stored | _etag(b"x"), "verify") is Integrity.OK


def _etag(body: bytes) -> dict[str, bytes]:
    return {"etag": _whole(body)["etag"]}


def test_trust_takes_a_plain_etag_as_it_stands() -> None:
    assert verdict_small(b"edited", _etag(b"x"), "trust") is Integrity.OK
    assert verdict_small(b"edited", _etag(b"x"), "off") is Integrity.UNVERIFIABLE


@pytest.mark.parametrize("stored", [{}, {"content-type": b"a/b"}, {"etag": b""}])
def test_without_etag_and_checksum_there_is_nothing_to_compare(stored: dict[str, bytes]) -> None:
    assert verdict_small(b"x", stored, "verify") is Integrity.NO_ATTRIBUTES


@given(part_lists, algorithms, st.data())
def test_the_verdict_does_not_depend_on_the_chunks(
    parts: list[bytes], algorithm: str, data: st.DataObject
) -> None:
    body = b"".join(parts)
    stored = data.draw(st.sampled_from([_whole(body, algorithm), _multipart(parts, algorithm)]))
    read = data.draw(st.sampled_from([body, _spoiled(body)]))
    stream = integrity_stream(stored, len(body), "verify")
    at = 0
    while at < len(read):
        size = data.draw(st.integers(1, len(read) - at))
        stream.update(memoryview(read)[at : at + size])
        at += size
    assert stream.verdict() is verdict_small(read, stored, "verify")


@given(part_lists, algorithms, st.data())
def test_a_copy_goes_on_where_it_was_made(
    parts: list[bytes], algorithm: str, data: st.DataObject
) -> None:
    body = b"".join(parts)
    stored = data.draw(st.sampled_from([_whole(body, algorithm), _multipart(parts, algorithm)]))
    at = data.draw(st.integers(0, len(body)))
    kept = integrity_stream(stored, len(body), "verify")
    kept.update(body[:at])
    failed = kept.copy()
    failed.update(_spoiled(body))
    again = kept.copy()
    again.update(body[at:])
    assert again.verdict() is Integrity.OK
