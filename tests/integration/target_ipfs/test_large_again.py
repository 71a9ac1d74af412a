"""A very large object read again from a node: child by child, each loss named, memory bounded."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from core.dag import cid as cids
from core.dag.directory import FlatDirectory
from core.dag.profile import CidProfile
from core.dag.unixfs import FileBuilder, rechunk
from core.model import Cid
from core.target.sink import KuboEndpoint
from core.verify import reading_kubo
from core.verify.contents import Contents, Total
from core.verify.difference import Ill
from core.verify.reading_kubo import KuboBundles
from tests.fakes.kubo_server import FakeKubo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.verify.judging import Fault

SMALL = CidProfile(name="small", version=1, chunk_bytes=100, raw_leaves=True, max_links=4)
BODY = hashlib.shake_128(b"large").digest(20_000)


@pytest.fixture
def kubo() -> Iterator[FakeKubo]:
    kubo = FakeKubo()
    yield kubo
    kubo.close()


def put(kubo: FakeKubo) -> Contents:
    """Store one large object's bundle on the node."""

    def emit(cid: bytes, block: bytes) -> None:
        kubo.blocks[cids.digest(cid)] = block

    builder = FileBuilder(SMALL, emit)
    for chunk in rechunk([BODY], SMALL.chunk_bytes):
        builder.chunk(chunk)
    node = builder.finish()
    directory = FlatDirectory()
    directory.number([(node.cid, node.tsize)])
    manifest = Cid(cids.RAW + hashlib.sha256(b"{}").digest())
    emit(manifest, b"{}")
    directory.add(b"manifest", manifest, 2)
    root, block, _ = directory.finish()
    emit(root, block)
    total = Total(1, len(BODY), node.cid)
    return Contents(root, lambda: [(node.cid, len(BODY))], large=True, total=total)


def read(kubo: FakeKubo, contents: Contents, *, picked: bool = False) -> list[Fault]:
    bundles = KuboBundles(KuboEndpoint("kubo-1", kubo.url), lambda _n: None)
    try:
        return bundles.some(contents, [0]) if picked else bundles.all(contents)
    finally:
        bundles.close()


@pytest.mark.parametrize("at_once", [500, 2_000, 1 << 30])
@pytest.mark.parametrize("picked", [False, True])
def test_it_is_whole_however_it_is_read(
    kubo: FakeKubo, monkeypatch: pytest.MonkeyPatch, at_once: int, *, picked: bool
) -> None:
    monkeypatch.setattr(reading_kubo, "AT_ONCE_BYTES", at_once)
    assert read(kubo, put(kubo), picked=picked) == []


@pytest.mark.parametrize("at_once", [500, 2_000, 1 << 30])
def test_a_lost_and_a_flipped_leaf_are_named(
    kubo: FakeKubo, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reading_kubo, "AT_ONCE_BYTES", at_once)
    contents = put(kubo)
    leaf = hashlib.sha256(BODY[4_200:4_300]).digest()
    kept = kubo.blocks.pop(leaf)
    [fault] = read(kubo, contents)
    wanted = cids.text(cids.RAW + leaf)
    assert (fault.at, fault.ill, fault.wanted, fault.where) == (
        *(0, Ill.LOST_BLOCK),
        *(wanted, "kubo-1"),
    )
    kubo.blocks[leaf] = kept[:-1] + bytes([kept[-1] ^ 1])
    [fault] = read(kubo, contents)
    assert (fault.at, fault.ill, fault.wanted) == (0, Ill.BAD_BYTES, wanted)


def test_a_lost_inner_node_is_named(kubo: FakeKubo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_kubo, "AT_ONCE_BYTES", 500)
    contents = put(kubo)
    inner = next(
        digest
        for digest, block in kubo.blocks.items()
        if hashlib.sha256(BODY[4_200:4_300]).digest() in block
    )
    del kubo.blocks[inner]
    [fault] = read(kubo, contents)
    assert (fault.ill, fault.wanted) == (Ill.LOST_BLOCK, cids.text(cids.DAG_PB + inner))
