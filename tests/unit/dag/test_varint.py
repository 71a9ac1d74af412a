from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag.errors import BadVarint
from core.dag.varint import decode, encode

U64 = st.integers(0, 2**64 - 1)


@given(U64, st.binary(max_size=4), st.binary(max_size=4))
def test_decode_reads_back_what_encode_wrote_and_stops_behind_it(
    n: int, before: bytes, after: bytes
) -> None:
    text = encode(n)
    assert len(text) == max(1, -(-n.bit_length() // 7))
    assert decode(before + text + after, len(before)) == (n, len(before) + len(text))


@pytest.mark.parametrize("n", [-1, 2**64])
def test_encode_refuses_what_is_no_u64(n: int) -> None:
    with pytest.raises(BadVarint):
        encode(n)


@pytest.mark.parametrize(
    "text", [b"", b"\x80", b"\x80\x00", b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\x01", b"\xff" * 30]
)
def test_decode_refuses_cut_off_over_long_and_too_large_numbers(text: bytes) -> None:
    with pytest.raises(BadVarint):
        decode(text, 0)


@given(st.binary(max_size=12))
def test_decode_accepts_exactly_what_encode_writes(text: bytes) -> None:
    try:
        n, end = decode(text, 0)
    except BadVarint:
        return
    assert encode(n) == text[:end]
