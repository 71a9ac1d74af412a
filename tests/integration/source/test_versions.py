"""Old versions, delete markers and what cannot be reached, on trees built by hand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.model import Unrepresentable
from core.source.posix.outcome import Gone, SmallRead
from core.source.posix.read import BucketReader
from tests.integration.source.tree import ENABLED, etag

if TYPE_CHECKING:
    from tests.integration.source.tree import HandTree

NEW, MID, OLD = (f"01M82TCBGRT4GGFVVW68KGQ{n}".encode() for n in ("CCC", "BBB", "AAA"))
S = 10**9


def _aged(tree: HandTree, key: bytes, version: bytes, mtime_s: int, **kinds: bytes) -> None:
    path = tree.version(key, version, attributes={k.replace("_", "-"): v for k, v in kinds.items()})
    os.utime(path, ns=(mtime_s * S, mtime_s * S))


def test_versions_follow_their_current_one_newest_first(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(b"a", b"now", etag(b"now") | {"version-id": NEW})
    _aged(tree, b"a", OLD, 100)
    _aged(tree, b"a", MID, 300)
    _aged(tree, b"a", b"null", 200)
    tree.put(b"a.b")
    entries, skips = tree.walked()
    assert [(e.key, e.version) for e in entries] == [
        (b"a", b""),
        (b"a", MID),
        (b"a", b"null"),
        (b"a", OLD),
        (b"a.b", b""),
    ]
    assert skips == []
    assert [e.key for e in tree.walked((b"a", b""))[0]] == [b"a.b"]


def test_a_marker_is_an_entry_without_bytes(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(b"a", b"deleted bytes", {"delete-marker": b"", "version-id": NEW})
    _aged(tree, b"a", MID, 1, delete_marker=b"")
    _aged(tree, b"a", OLD, 1)
    entries, _ = tree.walked()
    assert [(e.version, e.size_bytes) for e in entries] == [(b"", None), (MID, None), (OLD, 3)]


def test_a_suspended_bucket_has_markers_too(tree: HandTree) -> None:
    tree.bucket(attributes={"versioning": b"\x00"})
    tree.put(b"a", b"deleted", {"delete-marker": b""})
    assert [e.size_bytes for e in tree.walked()[0]] == [None]


def test_the_bytes_of_a_marker_are_never_read(tree: HandTree) -> None:
    # also where versioning was never on: the gateway hides it there as well
    for name, attributes in ((b"versioned", ENABLED), (b"unversioned", {})):
        tree.bucket(name, attributes)
        tree.put(b"a", b"deleted", {"delete-marker": b""}, bucket=name)
        with BucketReader(*tree.opened(name)) as reader:
            got = reader.read_small(b"a", b"", 100)
        assert isinstance(got, SmallRead)
        assert (got.size_bytes, got.body) == (None, b"")


def test_a_null_below_a_current_null_is_out_of_reach(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(b"a")
    _aged(tree, b"a", b"null", 1)
    _aged(tree, b"a", OLD, 1)
    entries, (skip,) = tree.walked()
    assert [e.version for e in entries] == [b"", OLD]
    assert skip[:3] == (b"a", b"null", Unrepresentable.UNREACHABLE_VERSION)


def test_what_is_no_version_in_a_hash_folder_is_named(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(b"a", b"now", {"version-id": NEW})
    tree.version(b"a", b"notes.txt", attributes={})
    tree.version(b"a", b".sgwtmp", attributes={})
    entries, (skip,) = tree.walked()
    assert [e.version for e in entries] == [b""]
    assert skip[:3] == (b"a", b"notes.txt", Unrepresentable.UNREACHABLE_VERSION)


def test_old_versions_are_read_with_their_own_attributes(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(b"a/b", b"now", etag(b"now") | {"version-id": NEW})
    tree.version(b"a/b", OLD, b"then", etag(b"then") | {"cache-control": b"no"})
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a/b", OLD, 100)
        assert reader.read_small(b"a/b", MID, 100) == Gone()
    assert isinstance(got, SmallRead)
    assert got.body == b"then"
    assert got.attributes == etag(b"then") | {"cache-control": b"no", "version-id": OLD}


@pytest.mark.parametrize("key", [b"k", "schl\u00fcssel/\U0001f5c2".encode()])
def test_without_a_versioning_folder_markers_still_count(tree: HandTree, key: bytes) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(key, attributes={"delete-marker": b""})
    tree.version(key, OLD)
    source, bucket = tree.opened(versioning_dir=None)
    with BucketReader(source, bucket) as reader:
        assert reader.read_small(key, OLD, 100) == Gone()
    assert any("no versioning folder" in finding.evidence for finding in source.check())


def test_a_file_in_a_hash_folders_place_loses_no_current_object(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.put(b"a", b"now", {"version-id": NEW})
    path = tree.version(b"a", OLD)
    path.unlink()
    path.parent.rmdir()
    path.parent.write_bytes(b"in the way")
    entries, (skip,) = tree.walked()
    assert [e.key for e in entries] == [b"a"]
    assert skip[:3] == (b"a", b"*", Unrepresentable.UNREADABLE)
