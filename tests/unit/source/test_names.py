"""Names in a gateway's tree."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.source.posix.names import (
    hash_folder,
    is_bucket,
    is_leftover,
    is_utf8,
    is_version_id,
    ulid_ms,
)

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize("name", [b"abc", b"a.b", b"a..b", b"a.-b", b"9to5", b"x" * 63])
def test_a_valid_s3_name_is_a_bucket(name: bytes) -> None:
    assert is_bucket(name)


@pytest.mark.parametrize(
    "name",
    [b"ab", b"Upper", b"lost+found", b"-ab", b"ab-", b".ab", b"1.2.3.4", b"x" * 64, b"abc\n"],
)
def test_another_directory_is_none(name: bytes) -> None:
    assert not is_bucket(name)


def test_the_published_vector_of_a_hash_folder() -> None:
    h = b"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
    assert hash_folder(b"k") == b"82/54/c3/" + h


@given(st.binary(min_size=1))
def test_the_folder_ends_with_the_keys_hash(key: bytes) -> None:
    assert hash_folder(key).rpartition(b"/")[2].decode() == sha256(key).hexdigest()


def test_the_published_vector_of_a_ulid() -> None:
    made = ulid_ms(b"01M82TCBGRT4GGFVVW68KGQABX")
    assert made is not None
    moment = datetime.fromtimestamp(made / 1000, UTC)
    assert moment == datetime(2026, 11, 22, 23, 45, 6, 584_000, tzinfo=UTC)


@given(st.integers(0, 2**48 - 1), st.text(CROCKFORD, min_size=16, max_size=16))
def test_a_ulid_tells_its_milliseconds(made: int, rest: str) -> None:
    digits = "".join(CROCKFORD[made >> shift & 31] for shift in range(45, -1, -5))
    assert ulid_ms((digits + rest).encode()) == made


@pytest.mark.parametrize(
    "name", [b"", b"null", b"01m82tcbgrt4ggfvvw68kgqabx", b"0" * 25, b"U" * 26]
)
def test_what_is_no_ulid_has_no_time(name: bytes) -> None:
    assert ulid_ms(name) is None


def test_a_version_is_a_ulid_or_null() -> None:
    assert is_version_id(b"null")
    assert is_version_id(b"01M82TCBGRT4GGFVVW68KGQABX")
    assert not is_version_id(b".sgwtmp")


@pytest.mark.parametrize("name", [b".a.sgwtmp.123456789012345", b"..x.sgwtmp.1790000000000000000"])
def test_the_trace_of_a_crashed_overwrite_is_known(name: bytes) -> None:
    assert is_leftover(name)


@pytest.mark.parametrize(
    "name",
    [
        b"a.sgwtmp.123456789012345",
        b".a.sgwtmp.12345",
        b"..sgwtmp.x",
        b".sgwtmp",
        b".a.sgwtmp.1" + b"x",
    ],
)
def test_a_name_that_only_looks_like_it_is_an_object(name: bytes) -> None:
    assert not is_leftover(name)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_is_utf8(text: str) -> None:
    assert is_utf8(text.encode())
    assert not is_utf8(text.encode() + b"\xff")
