"""I6: a scan moves no access time, and refuses to read where it would have to."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import Denied
from core.source.posix.beside import beside
from core.source.posix.read import BucketReader
from core.source.posix.source import PosixConfig, PosixSource
from core.source.posix.walk import walk
from tests.integration.source.tree import ENABLED, HandTree, etag
from tests.lab.stamps import make_old, stamps

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65_534


def _everything(source: PosixSource) -> int:
    """Do whatever the source can do; return how many objects were read."""
    source.check()
    read = 0
    for bucket in source.buckets()[0]:
        list(beside(source, bucket))
        with BucketReader(source, bucket) as reader:
            for page in walk(source, bucket):
                for key, version, *_ in page.entries:
                    reader.read_small(key, version, 1_000)
                    read += 1
    return read


def test_i6_nothing_of_the_source_moves(tree: HandTree) -> None:
    bucket = tree.bucket(attributes=ENABLED)
    for key in (b"a", b"d/b", b"d/e/c"):
        tree.put(key)
        tree.version(key, b"01M82TCBGRT4GGFVVW68KGQABX", attributes=etag(b"old"))
    tree.mark(bucket / "d", {"etag": b'"x"'})
    tree.put(b".sgwtmp/multipart/%b/upload/1" % (b"a" * 64), attributes={})
    (bucket / "link").symlink_to("a")
    if not make_old(tree.base):
        pytest.skip("this file system keeps no access times: reads would leave no trace here")
    before = stamps(tree.base)
    assert _everything(tree.source()) >= 7
    assert stamps(tree.base) == before


@contextmanager
def _as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that other users can walk into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files to another user")
def test_i6_reading_is_refused_where_it_would_move_access_times(open_folder: Path) -> None:
    tree = HandTree(open_folder, "xattr").make()
    tree.bucket()
    tree.put(b"a")
    source = PosixSource(PosixConfig(root=tree.root))
    with _as_nobody(), pytest.raises(Denied) as denied:
        source.check()
    assert "noatime" in denied.value.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hand files to another user")
def test_i6_one_foreign_file_is_refused_too(open_folder: Path) -> None:
    tree = HandTree(open_folder, "xattr").make()
    tree.bucket()
    tree.put(b"a")
    for path in (tree.root, tree.versions, tree.root / "bucket"):
        os.chown(path, NOBODY, NOBODY)
    with _as_nobody():
        source, bucket = tree.opened()
        assert [e[0] for page in walk(source, bucket) for e in page.entries] == [b"a"]
        with BucketReader(source, bucket) as reader, pytest.raises(Denied):
            reader.read_small(b"a", b"", 100)
