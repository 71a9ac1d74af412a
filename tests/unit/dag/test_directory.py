from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.directory import MANIFEST, MAX_BLOCK_BYTES, FlatDirectory, names
from core.dag.profile import UNIXFS_V1_2025
from core.dag.reading import Kind, parse_node
from core.dag.unixfs import raw_leaf
from tests.unit.dag.samples import MIB, build, pattern

FIVE = [build(UNIXFS_V1_2025, pattern(n))[0] for n in (0, 1, 11, 4096, MIB + 1)]
CID = raw_leaf(b"x")
CID_V0 = cids.V0 + bytes(32)


def test_i2_five_files_get_the_directory_that_kubo_gives() -> None:
    directory = FlatDirectory()
    for i, node in enumerate(FIVE):
        directory.add(names(i), node.cid, node.tsize)
    cid, block, tsize = directory.finish()
    assert cids.text(cid) == "bafybeidm7cr5jhmtfjwl7qvy2qpzskx7xamkmqisfiqdhnefrbzum7wo2a"
    assert (len(block), tsize) == (257, 1053046)


def test_i2_the_empty_directory_is_the_one_that_kubo_gives() -> None:
    cid, block, tsize = FlatDirectory().finish()
    assert cids.text(cid) == "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
    assert (len(block), tsize) == (4, 4)


@given(st.lists(st.tuples(st.sampled_from([CID, CID_V0]), st.integers(0, 2**50)), max_size=20))
def test_the_fast_way_in_writes_the_same_links(entries: list[tuple[bytes, int]]) -> None:
    slow, fast = FlatDirectory(), FlatDirectory()
    for i, (cid, tsize) in enumerate(entries):
        slow.add(names(i), cid, tsize)
    fast.number(entries)
    for directory in (slow, fast):
        directory.add(MANIFEST, CID, 5)
    assert slow.finish() == fast.finish()


@given(st.dictionaries(st.binary(max_size=300), st.integers(0, 2**60), max_size=8))
def test_a_directory_reads_back(entries: dict[bytes, int]) -> None:
    directory = FlatDirectory()
    for name in sorted(entries):
        directory.add(name, CID, entries[name])
    cid, block, tsize = directory.finish()
    cids.verify(cid, block)
    node = parse_node(block)
    assert node.kind is Kind.DIRECTORY
    assert [(x.name, x.tsize) for x in node.links] == sorted(entries.items())
    assert tsize == len(block) + sum(entries.values())


@pytest.mark.parametrize("second", [b"000001", b"000000", b""])
def test_names_that_do_not_ascend_are_refused(second: bytes) -> None:
    directory = FlatDirectory()
    directory.add(b"000001", CID, 1)
    with pytest.raises(ValueError, match="sort"):
        directory.add(second, CID, 1)


def test_numbers_come_first() -> None:
    directory = FlatDirectory()
    directory.number([])
    directory.add(MANIFEST, CID, 1)
    with pytest.raises(ValueError, match="first"):
        directory.number([(CID, 1)])


def test_a_directory_that_no_node_takes_is_refused() -> None:
    directory = FlatDirectory()
    directory.number([(CID, MIB - 1)] * 40_000)
    directory.add(MANIFEST, CID, 1)
    assert len(directory.finish()[1]) <= MAX_BLOCK_BYTES
    for i in range(2_000):
        directory.add(b"manifest%06d" % i, CID, 1)
    with pytest.raises(ValueError, match="over 2 MiB"):
        directory.finish()
