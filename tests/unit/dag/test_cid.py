from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.errors import BadCid, BlockMismatch
from core.dag.unixfs import raw_leaf

DIGEST = st.binary(min_size=32, max_size=32)
V1 = st.tuples(st.sampled_from([cids.RAW, cids.DAG_PB]), DIGEST).map(b"".join)
V0 = DIGEST.map(lambda d: cids.V0 + d)
HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def by_base64(cid: bytes) -> str:
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def test_known_content_has_its_published_text() -> None:
    assert cids.text(raw_leaf(b"hello world")) == HELLO
    assert cids.codec(cids.parse(HELLO)) == cids.RAW_CODEC


@given(st.lists(V1, max_size=40))
def test_the_batch_encoder_agrees_with_base64(batch: list[bytes]) -> None:
    assert cids.texts(batch) == [by_base64(c) for c in batch]


@pytest.mark.parametrize("n", [255, 256, 257, 1000])
def test_the_batch_encoder_keeps_order_over_its_inner_batches(n: int) -> None:
    batch = [raw_leaf(i.to_bytes(4, "big")) for i in range(n)]
    assert cids.texts(batch) == [by_base64(c) for c in batch]


@given(st.lists(st.one_of(V1, V0), max_size=5))
def test_the_batch_encoder_takes_both_versions(batch: list[bytes]) -> None:
    assert cids.texts(batch) == [cids.text(c) for c in batch]


@pytest.mark.parametrize("cid", [b"", cids.RAW, cids.RAW + bytes(33), bytes(34)])
def test_the_batch_encoder_refuses_other_lengths(cid: bytes) -> None:
    with pytest.raises(BadCid):
        cids.texts([cids.RAW + bytes(32), cid])


@given(st.one_of(V1, V0))
def test_parse_reads_back_what_text_wrote(cid: bytes) -> None:
    assert cids.parse(cids.text(cid)) == cid
    assert cids.digest(cid) == cid[-32:]
    assert cids.split(b"xx" + cid + b"yy", 2) == (cid, 2 + len(cid))


@given(st.one_of(V1, V0), st.data())
def test_parse_takes_no_second_spelling_of_a_cid(cid: bytes, data: st.DataObject) -> None:
    text = cids.text(cid)
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + data.draw(st.characters(max_codepoint=255)) + text[at + 1 :]
    try:
        assert (cids.parse(other) == cid) == (other == text)
    except BadCid:
        assert other != text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        HELLO.upper(),
        HELLO + "a",
        HELLO[:-1],
        "z" + HELLO[1:],
        HELLO[:-1] + "f",
        "Q" * 46,
        "Qm" + "z" * 44,
        "Qm" + "0" * 44,
        "b" + "a" * 58,
        "bé" + HELLO[2:],
    ],
)
def test_parse_refuses_what_is_no_cid_of_ours(text: str) -> None:
    with pytest.raises(BadCid):
        cids.parse(text)


def test_verify_tells_right_bytes_from_wrong_ones() -> None:
    cid = raw_leaf(b"hello world")
    cids.verify(cid, b"hello world")
    cids.verify(cids.V0 + cid[-32:], b"hello world")
    with pytest.raises(BlockMismatch, match=HELLO):
        cids.verify(cid, b"hello w0rld")


@pytest.mark.parametrize("cid", [b"", b"\x01\x55\x00\x01x", b"\x01\x71\x12\x20" + bytes(32)])
def test_codec_refuses_other_kinds(cid: bytes) -> None:
    with pytest.raises(BadCid):
        cids.codec(cid)


@given(st.one_of(V1, V0), st.integers(0, 35))
def test_split_notices_a_cid_that_is_cut_off(cid: bytes, keep: int) -> None:
    if keep < len(cid):
        with pytest.raises(BadCid):
            cids.split(cid[:keep])


def test_split_reads_other_codecs_and_hashes() -> None:
    identity = b"\x01\x55\x00\x03abc"
    assert cids.split(identity + b"rest") == (identity, len(identity))
    with pytest.raises(BadCid, match="version 2"):
        cids.split(b"\x02\x55\x12\x20" + bytes(32))
