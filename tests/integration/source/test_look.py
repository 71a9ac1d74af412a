"""A look at keys says of each what the walk says of it, or leaves it to the walk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from core.errors import NoGatewayRoot
from core.model import Entry, Skip
from core.source.posix.look import look
from core.source.posix.names import hash_folder
from tests.integration.source.tree import ENABLED, etag

if TYPE_CHECKING:
    from tests.integration.source.tree import HandTree

ULID = b"01M82T6EXMSG27GPVRE8KAP39N"


def _fill(tree: HandTree) -> None:
    bucket = tree.bucket(attributes=ENABLED)
    for key in (b"a", b"b/c/d", b"b/c/e", b"b/f", b".dot", "é/é".encode(), b"kept/child"):
        tree.put(key)
    tree.mark(bucket / "kept", etag(b""))
    tree.put(b"marked", attributes={**etag(b"x"), "delete-marker": b"", "version-id": ULID})
    tree.version(b"marked", ULID)
    tree.version(b"a", b"null", attributes={})
    tree.put(b".a.sgwtmp.1790000000000000000", attributes={})
    (bucket / "link").symlink_to("a")
    (bucket / "nowhere").symlink_to("absent")
    os.mkfifo(bucket / "fifo")


def _said(tree: HandTree, keys: list[bytes]) -> tuple[list[Entry], list[Skip], list[bytes]]:
    seen = look(*tree.opened(), sorted(keys))
    return [Entry(*entry) for entry in seen.page.entries], seen.page.skips, seen.left


def test_a_look_at_every_key_says_what_the_walk_says(tree: HandTree) -> None:
    _fill(tree)
    entries, skips = tree.walked()
    keys = {entry.key for entry in entries} | {skip.key for skip in skips}
    assert len(keys) == 13
    seen, skipped, left = _said(tree, sorted(keys))
    assert (sorted(seen), sorted(skipped), left) == (sorted(entries), sorted(skips), [])


def test_each_alone_says_the_same(tree: HandTree) -> None:
    _fill(tree)
    entries, skips = tree.walked()
    for key in {entry.key for entry in entries} | {skip.key for skip in skips}:
        seen, skipped, left = _said(tree, [key])
        assert (seen, left) == ([entry for entry in entries if entry.key == key], [])
        assert skipped == [skip for skip in skips if skip.key == key]


def test_what_is_not_there_is_in_neither_and_is_not_left(tree: HandTree) -> None:
    _fill(tree)
    absent = [b"a/below", b"b", b"b/", b"b/c/none", b"kept", b"none/at/all", b"zzz"]
    assert _said(tree, absent) == ([], [], [])


def test_what_no_walk_comes_to_as_it_is_named_is_left_to_the_walk(tree: HandTree) -> None:
    _fill(tree)
    tree.put(b"x/.sgwtmp/y", attributes={})
    odd = [b".sgwtmp/up", b"a\0b", b"b/../a", b"b//f", b"n\xff", b"x/.sgwtmp/y", b"k" * 300]
    assert _said(tree, odd) == ([], [], sorted(odd))


def test_old_versions_that_cannot_be_read_are_not_old_versions_that_are_gone(
    xattr_tree: HandTree,
) -> None:
    xattr_tree.bucket(attributes=ENABLED)
    xattr_tree.put(b"a")
    folder = xattr_tree.version(b"a", ULID).parent
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()
    folder.write_bytes(b"no folder")
    assert _said(xattr_tree, [b"a"]) == ([], [], [b"a"])


def test_i6_a_look_moves_no_access_time(tree: HandTree) -> None:
    _fill(tree)
    paths = [tree.root / "bucket" / name for name in ("a", "b", "b/c", "b/c/d", "kept")]
    paths.append(tree.versions / "bucket" / os.fsdecode(hash_folder(b"a")))
    for path in paths:
        os.utime(path, ns=(1, path.stat().st_mtime_ns))
    _said(tree, [b"a", b"b/c/d", b"kept/"])
    assert [path.stat().st_atime_ns for path in paths] == [1] * len(paths)


def test_a_bucket_that_is_gone_is_said_and_its_keys_are_not_gone(xattr_tree: HandTree) -> None:
    source, bucket = (xattr_tree.bucket(), xattr_tree.opened())[1]
    (xattr_tree.root / "bucket").rename(xattr_tree.root / "other")
    with pytest.raises(NoGatewayRoot):
        look(source, bucket, [b"a"])
