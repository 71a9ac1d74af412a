"""A new root over what is left of a bundle: nothing of the objects changes but their names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dag import cid as cids
from core.dag.directory import MANIFEST, FlatDirectory
from core.dag.manifest import Manifest, ManifestEntry, ManifestHeader, SourceStamp
from core.dag.reading import parse_node
from core.dag.unixfs import raw_leaf
from core.engine.syncing.survivors import new_root, outdated
from core.engine.worker.seal import metadata_digest
from core.errors import Broken
from core.ledger.rebundled import Survivor
from core.ledger.rows import RACY
from core.model import Cid

META = '{"v":1}'
OTHER = '{"tags":{"a":"b"},"v":1}'


def bundle(sizes: list[int | None]) -> tuple[Manifest, bytes, list[Survivor]]:
    """A bundle of objects of these sizes (None: a marker): manifest, root block, its members."""
    numbered: list[tuple[Cid, int]] = []
    entries, members = [], []
    for at, size in enumerate(sizes):
        key, cid = f"k{at:04d}", None if size is None else raw_leaf(bytes(size) + key_bytes(at))
        name = None if cid is None else f"{len(numbered):06d}"
        length = None if size is None else size + len(key_bytes(at))
        if cid is not None and length is not None:
            numbered.append((cid, length))
        stamp = SourceStamp(at, 20 + at, 10 + at, 0, 0o100644, 0)
        entries.append(
            ManifestEntry(
                bucket="b",
                key=key,
                meta_text=META,
                source=stamp,
                marker=cid is None,
                cid=cid,
                name=name,
                size=length,
            )
        )
        members.append(
            Survivor(key.encode(), b"", cid, length, at, 10 + at, 20 + at, metadata_digest(META))
        )
    header = ManifestHeader(bundle=7, workspace_id="0a1b2c3d", profile="guide")
    directory = FlatDirectory()
    directory.number(numbered)
    directory.add(MANIFEST, raw_leaf(b"the old manifest"), 16)
    return Manifest(header, tuple(entries)), directory.finish()[1], members


def key_bytes(at: int) -> bytes:
    return b"%d" % at


@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.booleans()), min_size=1).filter(
        lambda members: any(kept for _, kept in members)
    )
)
def test_i2_survivors_keep_their_content_and_the_manifest_says_so(
    given_: list[tuple[int | None, bool]],
) -> None:
    manifest, root_block, members = bundle([size for size, _ in given_])
    left = [one for one, (_, kept) in zip(members, given_, strict=True) if kept]
    new = new_root(manifest, root_block, 99, left, {})
    root, block = new.blocks[-1]
    assert root == new.root
    cids.verify(root, block)
    links = {link.name.decode(): link for link in parse_node(block).links}
    read = Manifest.parse(new.manifest.decode())
    assert read.header.bundle == 99
    assert [(e.key.encode(), e.cid, e.size, e.marker) for e in read.entries] == [
        (one.key, one.cid, one.size_bytes, one.cid is None) for one in left
    ]
    with_bytes = [entry for entry in read.entries if entry.cid is not None]
    assert [links[str(entry.name)].cid for entry in with_bytes] == new.contents
    assert sorted(links) == [*(str(entry.name) for entry in with_bytes), "manifest"]
    assert len(links) == len(with_bytes) + 1


def test_changed_metadata_comes_from_the_row_and_must_be_what_the_ledger_knows() -> None:
    manifest, root_block, members = bundle([1, 2])
    left = [members[0]._replace(mh=metadata_digest(OTHER), ctime_ns=777), members[1]]
    assert outdated(manifest, left) == left[:1]
    new = new_root(manifest, root_block, 9, left, {left[0][:2]: OTHER})
    first, second = Manifest.parse(new.manifest.decode()).entries
    assert (first.meta_text, first.source.ctime_ns) == (OTHER, 777)
    assert second.meta_text == META
    with pytest.raises(Broken):
        new_root(manifest, root_block, 9, left, {})


def test_the_time_of_a_racy_object_stays_that_of_its_reading() -> None:
    manifest, root_block, members = bundle([1])
    new = new_root(manifest, root_block, 9, [members[0]._replace(ctime_ns=RACY)], {})
    (entry,) = Manifest.parse(new.manifest.decode()).entries
    assert entry.source == manifest.entries[0].source


def test_what_manifest_or_directory_say_otherwise_is_refused() -> None:
    manifest, root_block, members = bundle([1, 2])
    with pytest.raises(Broken):
        new_root(manifest, root_block, 9, [members[0]._replace(key=b"unknown")], {})
    with pytest.raises(Broken):
        new_root(manifest, root_block, 9, [members[0]._replace(cid=Cid(members[1].cid or b""))], {})
    renamed = Manifest(manifest.header, (replace(manifest.entries[0], name="000001"),))
    with pytest.raises(Broken):
        new_root(renamed, root_block, 9, members[:1], {})
