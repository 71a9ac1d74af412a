from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.profile import CLUSTER_V1, KUBO_V0, UNIXFS_V1_2025, CidProfile, all_names, by_name
from core.dag.reading import read_file
from core.dag.unixfs import FileBuilder, Node, file_node, raw_leaf, rechunk
from core.model import Cid
from tests.unit.dag.samples import MIB, Store, build, pattern

# What Kubo's `add --only-hash` gives with cid-version=1 raw-leaves=true chunker=size-1048576
# max-file-links=1024.
VECTORS = [
    (b"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", 0),
    (b"hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e", 11),
    (pattern(11), "bafkreidxmfaivvlvrl5au2erotwseqqezeucbcj5jnkoe7m7mpqqyx7y7q", 11),
    (pattern(4096), "bafkreibbr5gmyarrzjfrhwh2hkvyudziwox7iaculpqvqqo3psfldoiduy", 4096),
    (pattern(MIB - 1), "bafkreigbivqhij6wtyoabfaxiaxa7564sh6oilnigv7ch6gswzyc6cyuuy", 1048575),
    (pattern(MIB), "bafkreie574jmidkhk6z6ardu5mgxapmsamxdgrrn2csfoc4tbxzb75624i", 1048576),
    (pattern(MIB + 1), "bafybeifuoib2b3brkxpgu4rwnolwrhw3grgfofh4mk7afzlqp5zeejz3ii", 1048681),
    (pattern(3 * MIB + 7), "bafybeibei5vdqoe54lquhs7gvudwwpaldehd5d6fpihpjawnvqb5fkwjom", 3145940),
]
FOREIGN = [
    (CLUSTER_V1, pattern(MIB), "bafybeihg4pqpdnlx34sh5zlz3rntz7dckju6zt4hmnytesgmys2xuavneu"),
    (KUBO_V0, pattern(MIB), "QmPiBtwhaNSoQfNgL7iHsyK5mRHFeBbUC3KbPtmRoEqhEy"),
    (KUBO_V0, b"hello world", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"),
    (KUBO_V0, b"", "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"),
]
ZERO_CHUNK = bytes(MIB)
VERSIONS: st.SearchStrategy[Literal[0, 1]] = st.sampled_from([0, 1])
SMALL = CidProfile(name="small", version=1, chunk_bytes=4, raw_leaves=True, max_links=3)


def test_the_pattern_is_the_one_of_the_vectors() -> None:
    assert pattern(16).hex() == "72a1a728152f86673e1858dd9040f6cb"


@pytest.mark.parametrize(
    ("content", "text", "tsize"), VECTORS, ids=[str(len(content)) for content, _, _ in VECTORS]
)
def test_i2_content_gets_the_cid_that_kubo_gives(content: bytes, text: str, tsize: int) -> None:
    node, store = build(UNIXFS_V1_2025, content)
    assert (cids.text(node.cid), node.tsize, node.size) == (text, tsize, len(content))
    assert sum(map(len, store.blocks.values())) == tsize
    assert list(store.blocks)[-1] == node.cid


@pytest.mark.parametrize(
    ("profile", "content", "text"),
    FOREIGN,
    ids=[f"{profile.name}-{len(content)}" for profile, content, _ in FOREIGN],
)
def test_i2_foreign_profiles_give_the_cids_of_their_tools(
    profile: CidProfile, content: bytes, text: str
) -> None:
    node, store = build(profile, content)
    assert cids.text(node.cid) == text
    assert b"".join(read_file(node.cid, store.blocks.__getitem__)) == content


@pytest.mark.parametrize(
    ("extra", "text", "tsize"),
    [
        (0, "bafybeibqawkaltgjfdebq4no6nmfcvkcw7k52xqzclkwfmrkn6oxw7srmy", 1073793035),
        (1, "bafybeigx4uyebjbq65346xh6cjrt6yshbdudzudhnqecwbzvymslxj7gje", 1073793198),
    ],
)
def test_i2_a_gigabyte_of_zeros_gets_the_cid_that_kubo_gives(
    extra: int, text: str, tsize: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One zero leaf hashed once, instead of a gigabyte in a unit test.
    known = {MIB: raw_leaf(ZERO_CHUNK), 1: raw_leaf(b"\0")}
    monkeypatch.setattr("core.dag.unixfs.raw_leaf", lambda data: known[len(data)])
    builder = FileBuilder(UNIXFS_V1_2025, lambda _cid, _block: None)
    for _ in range(1024):
        builder.chunk(ZERO_CHUNK)
    if extra:
        builder.chunk(b"\0")
    node = builder.finish()
    assert (cids.text(node.cid), node.tsize) == (text, tsize)


def test_a_full_level_is_one_node_and_one_leaf_more_makes_three_levels() -> None:
    full, _ = build(SMALL, bytes(12))
    three, store = build(SMALL, bytes(13))
    assert full.cid == file_node([Node(raw_leaf(bytes(4)), 4, 4)] * 3)[0].cid
    last, _ = file_node([Node(raw_leaf(b"\0"), 1, 1)])
    assert three == file_node([full, last])[0]
    assert last.cid in store.blocks


@given(st.binary(max_size=200), VERSIONS, st.integers(2, 4))
def test_what_was_built_reads_back_at_any_depth(
    content: bytes, version: Literal[0, 1], max_links: int
) -> None:
    for raw in (False, version == 1):
        check_round_trip(
            CidProfile(
                name="t", version=version, chunk_bytes=4, raw_leaves=raw, max_links=max_links
            ),
            content,
        )


def check_round_trip(profile: CidProfile, content: bytes) -> None:
    node, store = build(profile, content)
    assert b"".join(read_file(node.cid, store.blocks.__getitem__)) == content
    assert node.size == len(content)


@given(st.lists(st.binary(max_size=15), max_size=12))
def test_i2_the_sizes_of_the_reads_do_not_change_the_cid(reads: list[bytes]) -> None:
    builder = FileBuilder(SMALL, Store().emit)
    for chunk in rechunk(reads, SMALL.chunk_bytes):
        builder.chunk(chunk)
    assert builder.finish() == build(SMALL, b"".join(reads))[0]


@pytest.mark.parametrize(
    ("before", "wrong"),
    [([], b""), ([], b"12345"), ([b"123"], b"1234"), ([b"1234"], b""), ([b"1"], b"2")],
)
def test_a_chunk_of_a_wrong_length_is_refused(before: list[bytes], wrong: bytes) -> None:
    builder = FileBuilder(SMALL, Store().emit)
    for chunk in before:
        builder.chunk(chunk)
    with pytest.raises(ValueError, match="a chunk of"):
        builder.chunk(wrong)


def test_profiles_are_found_by_name() -> None:
    assert [by_name(name).name for name in all_names()] == list(all_names())
    with pytest.raises(KeyError):
        by_name("unixfs-v0")


def test_memory_is_the_open_right_spine() -> None:
    builder = FileBuilder(SMALL, lambda _cid, _block: None)
    for _ in range(3**5):
        builder.chunk(b"abcd")
    levels = builder._levels  # noqa: SLF001 - the promise is about this very list
    assert len(levels) <= 6
    assert all(len(level) <= SMALL.max_links for level in levels)


def test_a_leaf_is_emitted_without_a_copy() -> None:
    seen: list[bytes] = []
    builder = FileBuilder(SMALL, lambda _cid, block: seen.append(block))
    chunk = bytes(4)
    builder.chunk(chunk)
    assert seen[0] is chunk
    assert isinstance(Cid(b""), bytes)
