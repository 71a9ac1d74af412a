from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.directory import FlatDirectory
from core.dag.errors import BadCid, BadNode, BlockMismatch, DagError
from core.dag.profile import CidProfile
from core.dag.reading import parse_node, read_file
from core.dag.unixfs import file_block, file_node, link, raw_leaf
from core.model import Cid
from tests.unit.dag.samples import build, pattern

SMALL = CidProfile(name="small", version=1, chunk_bytes=4, raw_leaves=True, max_links=3)
LEAF = (raw_leaf(b"abcd"), 4, 4)


@given(st.binary(max_size=120))
def test_any_block_is_a_node_or_a_typed_error(block: bytes) -> None:
    try:
        parse_node(block)
    except BadNode:
        return


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_node_is_a_node_or_a_typed_error(at: int, byte: int) -> None:
    block = bytearray(file_block([LEAF] * 5))
    block[at % len(block)] = byte
    try:
        parse_node(bytes(block))
    except BadNode:
        return


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x0a\x00",
        b"\x0a\x02\x08\x09",
        b"\x0a\x05\x08\x02",
        b"\x08\x01",
        b"\x1a\x00\x0a\x02\x08\x01",
        b"\x12\x00\x0a\x02\x08\x01",
        b"\x12\x03\x0a\x01\x05\x0a\x02\x08\x01",
        b"\x0b\x00",
        link(LEAF[0], b"", 4) + b"\x0a\x04\x08\x02\x18\x04",
    ],
)
def test_what_is_no_unixfs_node_is_refused(block: bytes) -> None:
    with pytest.raises(BadNode):
        parse_node(block)


def test_other_fields_of_unixfs_are_passed_over() -> None:
    # mode (7), as other tools write it
    node = parse_node(b"\x0a\x0a\x08\x02\x12\x01x\x18\x01\x38\xa4\x03")
    assert (node.data, node.size) == (b"x", 1)


def test_i2_a_block_that_does_not_hash_to_its_cid_is_never_yielded() -> None:
    node, store = build(SMALL, pattern(50))
    for cid, block in store.blocks.items():
        wrong = {**store.blocks, cid: block + b"x"}
        with pytest.raises(BlockMismatch):
            list(read_file(node.cid, wrong.__getitem__))


def test_a_size_that_the_parent_declares_wrongly_is_noticed() -> None:
    leaf = b"abcd"
    node, block = file_node([(raw_leaf(leaf), 4, 5)])
    store = {node.cid: block, raw_leaf(leaf): leaf}
    with pytest.raises(BadNode, match="declares 5"):
        list(read_file(node.cid, store.__getitem__))


def test_a_directory_is_no_file() -> None:
    cid, block, _ = FlatDirectory().finish()
    with pytest.raises(BadNode, match="directory"):
        list(read_file(cid, {cid: block}.__getitem__))


def test_a_missing_block_is_the_callers_error() -> None:
    node, store = build(SMALL, pattern(50))
    del store.blocks[next(iter(store.blocks))]
    with pytest.raises(KeyError):
        list(read_file(node.cid, store.blocks.__getitem__))


def test_a_foreign_codec_is_a_typed_error() -> None:
    cid = Cid(b"\x01\x71" + cids.RAW[2:] + bytes(32))
    with pytest.raises(BadCid):
        list(read_file(cid, lambda _cid: b""))
    assert issubclass(BadCid, DagError)
