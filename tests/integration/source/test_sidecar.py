"""What is peculiar to attributes in a sidecar."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from core.model import Unrepresentable
from core.source.posix.outcome import SmallRead
from core.source.posix.read import BucketReader
from tests.integration.source.tree import ENABLED, etag

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.source.tree import HandTree


def _at(path: Path, second: int) -> None:
    os.utime(path, ns=(second * 10**9, second * 10**9))


def test_a_put_over_a_marker_is_named_as_hidden(sidecar_tree: HandTree) -> None:
    sidecar_tree.bucket(attributes=ENABLED)
    for key, written in ((b"deleted", 100), (b"put again", 300)):
        path = sidecar_tree.put(key, b"bytes", etag(b"bytes") | {"delete-marker": b""})
        _at(sidecar_tree.meta(path) / "etag", written)
        _at(sidecar_tree.meta(path) / "delete-marker", 200)
    (entry,), (skip,) = sidecar_tree.walked()
    assert (entry.key, entry.size_bytes) == (b"deleted", None)
    assert skip[:3] == (b"put again", b"", Unrepresentable.HIDDEN_PUT)


def test_a_change_of_the_set_alone_changes_the_fingerprint(sidecar_tree: HandTree) -> None:
    sidecar_tree.bucket()
    path = sidecar_tree.put(b"a/b")
    ((before,), _) = sidecar_tree.walked()
    sidecar_tree.mark(path, {"X-Amz-Tagging": b'{"new":"tag"}'})
    ((after,), _) = sidecar_tree.walked()
    assert before[:5] == after[:5]
    assert before.ctime_ns != after.ctime_ns
    assert 0 <= after.ctime_ns < 1 << 63


def test_walk_and_read_agree_on_the_fingerprint(tree: HandTree) -> None:
    bucket = tree.bucket(attributes=ENABLED)
    tree.put(b"d/a")
    tree.mark(bucket / "d", {"etag": b'"x"'})
    tree.version(b"d/a", b"01M82TCBGRT4GGFVVW68KGQABX")
    entries, _ = tree.walked()
    assert len(entries) == 3
    with BucketReader(*tree.opened()) as reader:
        for entry in entries:
            got = reader.read_small(entry.key, entry.version, 100)
            assert isinstance(got, SmallRead)
            assert (got.ino, got.size_bytes, got.mtime_ns, got.ctime_ns) == (
                entry.ino,
                entry.size_bytes,
                entry.mtime_ns,
                entry.ctime_ns,
            )


def test_only_the_gateways_own_files_of_a_set_count(sidecar_tree: HandTree) -> None:
    sidecar_tree.bucket()
    path = sidecar_tree.put(b"x", b"body", etag(b"body") | {"content-type": b"a/b"})
    meta = sidecar_tree.meta(path)
    (meta / "etag1234567").write_bytes(b"a temporary file")
    (meta / "cache-control").mkdir()
    with BucketReader(*sidecar_tree.opened()) as reader:
        got = reader.read_small(b"x", b"", 100)
    assert isinstance(got, SmallRead)
    assert got.attributes == etag(b"body") | {"content-type": b"a/b"}


def test_a_key_below_a_folder_named_meta_has_its_own_set(sidecar_tree: HandTree) -> None:
    sidecar_tree.bucket()
    sidecar_tree.put(b"x/meta/child", b"body")
    sidecar_tree.put(b"x/file", b"file")
    with BucketReader(*sidecar_tree.opened()) as reader:
        got = reader.read_small(b"x/meta/child", b"", 100)
    assert isinstance(got, SmallRead)
    assert got.attributes == etag(b"body")
    assert [e.key for e in sidecar_tree.walked()[0]] == [b"x/file", b"x/meta/child"]


def test_sets_without_a_file_are_no_objects(sidecar_tree: HandTree) -> None:
    sidecar_tree.bucket()
    sidecar_tree.put(b"gone").unlink()
    sidecar_tree.put(b"left", attributes={})
    ((entry,), skips) = sidecar_tree.walked()
    assert entry.key == b"left"
    assert skips == []
