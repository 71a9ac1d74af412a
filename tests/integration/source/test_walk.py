"""The walk: every key once, in S3's order, from anywhere on; what is skipped, and why."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import Unrepresentable
from core.source.posix.walk import PAGE_ENTRIES, walk
from tests.integration.source.tree import HandTree

# characters that sort before, at and behind the slash, and outside ASCII
component = st.text("-./0aé\U0001f5c2", min_size=1, max_size=3).filter(
    lambda name: "/" not in name and name not in {".", ".."}
)
path_keys = st.lists(component, min_size=1, max_size=4).map("/".join)


def _no_file_is_a_folder(keys: list[str]) -> list[bytes]:
    kept = {key for key in keys if not any(other.startswith(key + "/") for other in keys)}
    return sorted(key.encode() for key in kept)


key_sets = st.lists(path_keys, min_size=1, max_size=12).map(_no_file_is_a_folder)


@settings(max_examples=40)
@given(key_sets)
def test_i4_every_key_once_in_byte_order_whatever_the_tree(keys: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as base:
        tree = HandTree(Path(base), "xattr").make()
        tree.bucket()
        for key in keys:
            tree.put(key)
        assert [entry.key for entry in tree.walked()[0]] == keys
        for at, key in enumerate(keys):
            assert [entry.key for entry in tree.walked((key, b""))[0]] == keys[at + 1 :]


@settings(max_examples=40)
@given(key_sets, path_keys)
def test_the_walk_goes_on_behind_a_key_that_is_gone(keys: list[bytes], gone: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        tree = HandTree(Path(base), "xattr").make()
        tree.bucket()
        for key in keys:
            tree.put(key)
        behind = [key for key in keys if key > gone.encode()]
        assert [entry.key for entry in tree.walked((gone.encode(), b""))[0]] == behind


def test_a_page_holds_no_more_than_a_thousand_entries(tree: HandTree) -> None:
    tree.bucket(attributes={"versioning": b"\x01"})
    keys = [b"k%05d" % i for i in range(1_100)]
    for key in keys:
        tree.put(key)
        tree.version(key, b"null", attributes={})
    (tree.root / "bucket" / "k00500x").symlink_to("nowhere")
    pages = list(walk(*tree.opened()))
    assert [len(page.entries) for page in pages] == [PAGE_ENTRIES, 100]
    # each key's `null` in V is unreachable beside a current `null`
    assert [skip.key for page in pages for skip in page.skips if skip.version] == keys
    link = next(page for page in pages if any(skip.key == b"k00500x" for skip in page.skips))
    assert link.entries[0][0] < b"k00500x" < link.entries[-1][0]


def test_an_entry_is_what_stat_says(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    path = xattr_tree.put(b"a/b", b"12345")
    seen = path.stat()
    (entry,), skips = xattr_tree.walked()
    assert entry == (b"a/b", b"", 5, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)
    assert skips == []


def test_only_a_directory_with_an_etag_is_an_object(tree: HandTree) -> None:
    bucket = tree.bucket()
    tree.put(b"kept/child")
    tree.mark(bucket / "kept", {"etag": b'"d41d8cd98f00b204e9800998ecf8427e"'})
    tree.put(b"left/child")
    tree.mark(bucket / "left", {"X-Amz-Tagging": b'{"of":"a deleted one"}'})
    (bucket / "empty").mkdir()
    entries, _ = tree.walked()
    assert [(e.key, e.size_bytes) for e in entries] == [
        (b"kept/", 0),
        (b"kept/child", 4),
        (b"left/child", 4),
    ]
    assert [e.key for e in tree.walked((b"kept/", b""))[0]] == [b"kept/child", b"left/child"]
    assert next(e.key for e in tree.walked((b"a", b""))[0]) == b"kept/"


def test_without_metadata_there_are_files_only(xattr_tree: HandTree) -> None:
    bucket = xattr_tree.bucket(attributes={"versioning": b"\x01"})
    xattr_tree.put(b"d/file", attributes={"delete-marker": b""})
    xattr_tree.mark(bucket / "d", {"etag": b'"x"'})
    entries, _ = xattr_tree.walked(nometa=True)
    assert [(e.key, e.size_bytes) for e in entries] == [(b"d/file", 4)]


def test_i4_what_is_no_object_is_skipped_with_its_reason(tree: HandTree) -> None:
    bucket = tree.bucket()
    tree.put(b"object")
    tree.put(b".object.sgwtmp.1790000000000000000", attributes={})
    tree.put(b"folder/.sgwtmp/deep/er", attributes={})
    tree.put(b".sgwtmp/multipart/x/1", attributes={})
    tree.put(b"bad-\xff", attributes={})
    tree.put(b"bad-\xfe/inside/file", attributes={})
    for folder in (bucket / os.fsdecode(b"bad-\xfd"), bucket / "folder/.sgwtmp/deep"):
        folder.mkdir(exist_ok=True)
        tree.mark(folder, {"etag": b'"x"'})  # a directory object is a key, too
    os.mkfifo(bucket / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(bucket, os.O_PATH)
        listening.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    entries, skips = tree.walked()
    assert [e.key for e in entries] == [b"object"]
    assert {(s.key, s.reason) for s in skips} == {
        (b".object.sgwtmp.1790000000000000000", Unrepresentable.LEFTOVER_TEMP),
        (b"folder/.sgwtmp/deep/", Unrepresentable.NESTED_SGWTMP),
        (b"folder/.sgwtmp/deep/er", Unrepresentable.NESTED_SGWTMP),
        (b"bad-\xfd/", Unrepresentable.KEY_NOT_UTF8),
        (b"bad-\xff", Unrepresentable.KEY_NOT_UTF8),
        (b"bad-\xfe/inside/file", Unrepresentable.KEY_NOT_UTF8),
        (b"fifo", Unrepresentable.SPECIAL_FILE),
        (b"socket", Unrepresentable.SPECIAL_FILE),
    }
    assert all(skip.detail for skip in skips)


def test_a_dotted_name_is_an_object_like_any_other(tree: HandTree) -> None:
    tree.bucket()
    for key in (b".hidden", b"...", b".a.sgwtmp.12"):
        tree.put(key)
    assert len(tree.walked()[0]) == 3


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("nowhere", "a dangling symlink"),
        ("folder", "a symlink to a directory"),
        ("/etc/hostname", "a symlink out of the source"),
        ("../../root-beside/file", "a symlink out of the source"),
        ("fifo", "a symlink to a special file"),
        ("loop", "a symlink: Too many levels of symbolic links"),
    ],
)
def test_a_symlink_is_skipped_unless_it_stays_inside(tree: HandTree, target: str, why: str) -> None:
    bucket = tree.bucket()
    (bucket / "folder").mkdir()
    os.mkfifo(bucket / "fifo")
    beside = tree.base / "root-beside"
    beside.mkdir()
    (beside / "file").write_bytes(b"not ours")
    (bucket / "loop").symlink_to("loop")
    (bucket / "link").symlink_to(target)
    skips = {skip.key: (skip.reason, skip.detail) for skip in tree.walked()[1]}
    assert skips[b"link"] == (Unrepresentable.SYMLINK, why)


def test_a_symlink_within_the_root_is_its_target(xattr_tree: HandTree) -> None:
    bucket = xattr_tree.bucket()
    seen = xattr_tree.put(b"real", b"123456").stat()
    (bucket / "link").symlink_to("real")
    (entry, _), _ = xattr_tree.walked()
    assert entry == (b"link", b"", 6, seen.st_ino, seen.st_mtime_ns, seen.st_ctime_ns)


def test_keys_may_be_deeper_than_python_recurses(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    key = b"/".join([b"d"] * 500)
    xattr_tree.put(key)
    assert [entry.key for entry in xattr_tree.walked()[0]] == [key]


def test_descriptors_are_given_back_when_a_walk_is_left(tree: HandTree) -> None:
    tree.bucket(attributes={"versioning": b"\x01"})
    tree.put(b"a/b/c")
    for i in range(PAGE_ENTRIES):
        tree.put(b"a/b/%d" % i)
    before = list(Path("/proc/self/fd").iterdir())
    pages = walk(*tree.opened())
    next(pages)
    pages.close()
    assert list(Path("/proc/self/fd").iterdir()) == before
