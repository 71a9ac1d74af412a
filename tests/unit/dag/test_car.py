from __future__ import annotations

from hashlib import sha256
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.car import NO_ROOTS, ONE_ROOT_BYTES, BlockTally, header, raw_head, section
from core.dag.car_reading import CarIndex, blocks, read_header, sections
from core.dag.directory import FlatDirectory, names
from core.dag.errors import BlockMismatch, CarError
from core.dag.profile import UNIXFS_V1_2025
from core.dag.unixfs import raw_leaf
from core.model import BlockCounts
from tests.unit.dag.samples import MIB, build, pattern


def node_cid(block: bytes) -> bytes:
    return cids.DAG_PB + sha256(block).digest()


BLOCKS = st.lists(st.binary(max_size=300), max_size=12)
ROOT = node_cid(b"")


def car_of(contents: list[bytes], roots: list[bytes] | None = None) -> bytes:
    return header(roots or []) + b"".join(section(raw_leaf(c), c) for c in contents)


def test_i2_a_bundle_of_five_files_is_the_golden_car() -> None:
    directory, tally, parts = FlatDirectory(), BlockTally(), [NO_ROOTS]
    for i, n in enumerate((0, 1, 11, 4096, MIB + 1)):
        node, store = build(UNIXFS_V1_2025, pattern(n))
        directory.add(names(i), node.cid, node.tsize)
        parts += [section(c, b) for c, b in store.blocks.items() if tally.add(c, len(b))]
    cid, block, _ = directory.finish()
    assert tally.add(cid, len(block))
    car = b"".join([*parts, section(cid, block)])
    assert sha256(car).hexdigest() == (
        "e91364f12f1ea488cbedb3c5e52cdf1d456b2dc0cb526dcd3d7f613970aef42c"
    )
    assert len(car) == 1053365
    assert tally.counts() == BlockCounts(
        sections=8, section_bytes=1053046, unique_blocks=8, unique_bytes=1053046
    )


def test_headers_and_a_section_are_byte_for_byte_as_published() -> None:
    assert header([]) == NO_ROOTS
    assert len(header([ROOT])) == ONE_ROOT_BYTES
    hello = b"hello world"
    assert section(raw_leaf(hello), hello).hex() == (
        "2f01551220b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
        "68656c6c6f20776f726c64"
    )


@given(st.integers(0, 2 * MIB))
def test_the_cached_head_of_a_raw_leaf_is_that_of_section(length: int) -> None:
    block = bytes(length)
    framed = section(cids.RAW + bytes(32), block)
    assert framed.startswith(raw_head(length) + bytes(32))


@given(BLOCKS, st.lists(st.sampled_from([ROOT, cids.V0 + bytes(32)]), max_size=30))
def test_a_car_reads_back(contents: list[bytes], roots: list[bytes]) -> None:
    car = car_of(contents, roots)
    assert list(read_header(BytesIO(car))) == roots
    assert list(blocks(BytesIO(car))) == [(raw_leaf(c), c) for c in contents]
    places = list(sections(BytesIO(car)))
    assert [(s.cid, car[s.offset : s.offset + s.length]) for s in places] == [
        (raw_leaf(c), c) for c in contents
    ]
    index = CarIndex(BytesIO(car))
    assert list(index.roots) == roots
    assert len(index) == len(set(contents))
    for content in contents:
        assert raw_leaf(content) in index
        assert index.get(raw_leaf(content)) == content


@pytest.mark.parametrize("n", [23, 24, 255, 256, 65535])
def test_a_header_holds_many_roots(n: int) -> None:
    assert read_header(BytesIO(header([ROOT] * n))) == (ROOT,) * n
    if n == 65535:
        with pytest.raises(ValueError, match="65536"):
            header([ROOT] * (n + 1))


@given(BLOCKS.filter(bool), st.data())
def test_a_car_cut_inside_a_section_is_noticed(contents: list[bytes], data: st.DataObject) -> None:
    whole, shorter = car_of(contents), car_of(contents[:-1])
    cut = data.draw(st.integers(len(shorter) + 1, len(whole) - 1))
    with pytest.raises(CarError):
        list(blocks(BytesIO(whole[:cut])))
    with pytest.raises(CarError):
        list(sections(BytesIO(whole[:cut])))


def test_a_flipped_bit_is_noticed_where_asked() -> None:
    car = bytearray(car_of([b"hello"]))
    car[-1] ^= 1
    with pytest.raises(BlockMismatch):
        list(blocks(BytesIO(car)))
    with pytest.raises(BlockMismatch):
        CarIndex(BytesIO(car)).get(raw_leaf(b"hello"))
    assert [b for _, b in blocks(BytesIO(car), check=False)] == [b"helln"]


def test_a_hash_that_cannot_be_checked_is_no_match() -> None:
    cid = b"\x01\x55\x00\x03abc"
    with pytest.raises(BlockMismatch, match="cannot be checked"):
        list(blocks(BytesIO(NO_ROOTS + section(cid, b"abc"))))


@given(st.binary(max_size=80))
def test_any_bytes_give_blocks_or_a_typed_error(junk: bytes) -> None:
    for start in (b"", NO_ROOTS):
        for read in (blocks, sections):
            try:
                list(read(BytesIO(start + junk)))
            except (CarError, BlockMismatch):
                continue


@given(st.binary(max_size=40), st.integers(0, 58))
def test_a_damaged_header_gives_roots_or_a_typed_error(junk: bytes, at: int) -> None:
    good = header([ROOT])
    try:
        read_header(BytesIO(good[:at] + junk + good[at + len(junk) :]))
    except CarError:
        return


def test_an_unknown_block_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        CarIndex(BytesIO(NO_ROOTS)).get(ROOT)


def test_the_tally_counts_repeats_of_segments_and_not_of_one_car() -> None:
    tally = BlockTally()
    assert [tally.add(raw_leaf(b"a"), 1), tally.add(raw_leaf(b"a"), 1)] == [True, False]
    tally.next_car()
    assert tally.add(raw_leaf(b"a"), 1)
    # The same bytes under another codec: a second section, yet one block on the node.
    assert tally.add(node_cid(b"a"), 1)
    assert tally.counts() == BlockCounts(
        sections=3, section_bytes=3, unique_blocks=1, unique_bytes=1
    )
