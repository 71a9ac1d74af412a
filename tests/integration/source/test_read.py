"""Reading: what belongs together, what changed meanwhile, what is not there."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from core.source.posix.large import LargeObject, page_buffer
from core.source.posix.outcome import Changed, Gone, SmallRead
from core.source.posix.read import BucketReader
from tests.integration.source.tree import etag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.source.tree import HandTree

KIB = 1024
HOUR_NS = 3_600 * 10**9


def _in_an_hour_ns() -> int:
    return time.time_ns() + HOUR_NS


def test_a_small_object_comes_whole(tree: HandTree) -> None:
    tree.bucket()
    wide = {"checksums": b"{}" + b" " * 2_000}  # an ext4 inode holds 4 KB of attributes
    path = tree.put(b"a/b", b"x" * 5_000, etag(b"x" * 5_000) | wide)
    seen = path.stat()
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a/b", b"", 5_000)
    assert isinstance(got, SmallRead)
    assert got.body == b"x" * 5_000
    assert got.attributes["checksums"] == wide["checksums"]
    assert (got.size_bytes, got.ino, got.mtime_ns) == (5_000, seen.st_ino, seen.st_mtime_ns)
    assert (got.uid, got.gid, got.mode) == (seen.st_uid, seen.st_gid, seen.st_mode)


def test_foreign_attributes_are_named_and_not_read(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    xattr_tree.put(b"a", attributes={"com.example": b"secret", "X-Amz-Meta.Old": b"v"})
    with BucketReader(*xattr_tree.opened()) as reader:
        got = reader.read_small(b"a", b"", 100)
    assert isinstance(got, SmallRead)
    assert got.attributes == {"com.example": b"", "X-Amz-Meta.Old": b"v"}


def test_a_larger_one_comes_in_chunks(tree: HandTree) -> None:
    tree.bucket()
    body = bytes(range(256)) * 40 + b"tail"
    tree.put(b"a", body)
    buffer = page_buffer(4 * KIB)
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a", b"", len(body) - 1)
        assert isinstance(got, LargeObject)
        with got:
            chunks = [bytes(chunk) for chunk in got.chunks(buffer)]
            assert [len(chunk) for chunk in chunks] == [4 * KIB, 4 * KIB, len(body) - 8 * KIB]
            assert b"".join(chunks) == body
            middle = b"".join(got.chunks(buffer, offset=100, length=5_000))
            assert middle == body[100:5_100]
            assert got.unchanged()
            assert got.attributes == etag(body)


def _renamed_over(path: Path) -> None:
    new = path.with_name("new")
    new.write_bytes(path.read_bytes())
    new.rename(path)


def _edited(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _appended(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


CHANGES: dict[str, Callable[[Path], object]] = {
    "overwritten": _renamed_over,
    "edited, and its mtime set back": _edited,
    "appended to": _appended,
    "cut": lambda path: os.truncate(path, 3),
    "deleted": lambda path: path.unlink(),
    "linked": lambda path: os.link(path, path.with_name("second")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_after_the_opening_is_seen(
    tree: HandTree, change: Callable[[Path], object]
) -> None:
    tree.bucket()
    path = tree.put(b"a", b"some bytes")
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a", b"", 0)
        assert isinstance(got, LargeObject)
        with got:
            assert got.unchanged()
            change(path)
            assert not got.unchanged()


def test_a_change_of_attributes_is_seen(tree: HandTree) -> None:
    tree.bucket()
    path = tree.put(b"a", b"some bytes")
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a", b"", 0)
        assert isinstance(got, LargeObject)
        with got:
            tree.mark(path, {"object-legal-hold": b"\x01"})
            assert not got.unchanged()


def test_the_name_of_a_hard_link_is_looked_at_again(xattr_tree: HandTree) -> None:
    # A folder moved away takes no stamp of the file with it: only the name tells.
    bucket = xattr_tree.bucket()
    path = xattr_tree.put(b"d/a", b"some bytes")
    (bucket / "second").hardlink_to(path)
    with BucketReader(*xattr_tree.opened()) as reader:
        got = reader.read_small(b"d/a", b"", 0)
        assert isinstance(got, LargeObject)
        with got:
            assert got.unchanged()
            (bucket / "d").rename(bucket / "moved")
            assert not got.unchanged()
            xattr_tree.put(b"d/a", b"some bytes")
            assert not got.unchanged()


def test_a_file_cut_and_grown_again_under_the_reader_ends_at_the_cut(tree: HandTree) -> None:
    """No chunk follows a short one: what builds the DAG takes that for a fault of ours."""
    tree.bucket()
    path = tree.put(b"a", b"x" * 10_000)
    buffer = page_buffer(4 * KIB)
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a", b"", 0)
        assert isinstance(got, LargeObject)
        with got:
            os.truncate(path, 5_000)
            sizes = []
            for chunk in got.chunks(buffer):
                sizes.append(len(chunk))
                if len(chunk) < 4 * KIB:
                    os.truncate(path, 10_000)
            assert sizes == [4 * KIB, 5_000 - 4 * KIB]
            assert not got.unchanged()


def test_a_file_cut_under_the_reader_ends_early(tree: HandTree) -> None:
    tree.bucket()
    path = tree.put(b"a", b"x" * 10_000)
    buffer = page_buffer(4 * KIB)
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"a", b"", 0)
        assert isinstance(got, LargeObject)
        with got:
            os.truncate(path, 6_000)
            assert sum(len(chunk) for chunk in got.chunks(buffer)) == 6_000
            assert not got.unchanged()


def test_body_and_etag_belong_together_while_it_is_written(xattr_tree: HandTree) -> None:
    """The gateway's way to overwrite: attributes on a new file, which is renamed over the old."""
    xattr_tree.bucket()
    path = xattr_tree.put(b"a", b"0")
    stop = threading.Event()

    def overwrite() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            body = b"%d" % n * 50
            temporary = xattr_tree.put(b"elsewhere/temporary", body)
            temporary.rename(path)

    writer = threading.Thread(target=overwrite)
    writer.start()
    whole: list[bytes] = []
    try:
        # what is replaced every moment never comes to rest: here nothing is waited for
        with BucketReader(*xattr_tree.opened(), clock_ns=_in_an_hour_ns) as reader:
            while len(set(whole)) < 50:
                got = reader.read_small(b"a", b"", 1_000)
                if not isinstance(got, SmallRead):
                    assert isinstance(got, Changed)
                    continue
                digest = hashlib.md5(got.body, usedforsecurity=False).hexdigest()
                assert got.attributes["etag"] == f'"{digest}"'.encode()
                whole.append(got.body)
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("key", [b"nothing", b"no/such/folder", b"file/below", b"nothing/"])
def test_what_is_not_there_is_gone(tree: HandTree, key: bytes) -> None:
    tree.bucket()
    tree.put(b"file")
    with BucketReader(*tree.opened()) as reader:
        assert reader.read_small(key, b"", 100) == Gone()


def test_another_kind_in_its_place_is_gone_and_nothing_hangs(tree: HandTree) -> None:
    bucket = tree.bucket()
    (bucket / "folder").mkdir()
    os.mkfifo(bucket / "fifo")
    (bucket / "outside").symlink_to("/etc/hostname")
    with BucketReader(*tree.opened()) as reader:
        for key in (b"folder", b"folder/", b"fifo", b"outside"):
            assert reader.read_small(key, b"", 100) == Gone()


def test_a_directory_object_has_attributes_and_no_bytes(tree: HandTree) -> None:
    bucket = tree.bucket()
    tree.put(b"d/child")
    tree.mark(bucket / "d", {"etag": b'"x"', "metadata": b'{"a":"b"}'})
    with BucketReader(*tree.opened()) as reader:
        got = reader.read_small(b"d/", b"", 100)
    assert isinstance(got, SmallRead)
    assert (got.is_dir, got.size_bytes, got.body) == (True, 0, b"")
    assert got.attributes == {"etag": b'"x"', "metadata": b'{"a":"b"}'}


def test_a_link_within_the_root_gives_its_targets_bytes(xattr_tree: HandTree) -> None:
    bucket = xattr_tree.bucket()
    path = xattr_tree.put(b"real", b"body")
    (bucket / "link").symlink_to("real")
    with BucketReader(*xattr_tree.opened()) as reader:
        got = reader.read_small(b"link", b"", 100)
        large = reader.read_small(b"link", b"", 0)
        assert isinstance(large, LargeObject)
        with large:
            _renamed_over(path)
            assert not large.unchanged()
    assert isinstance(got, SmallRead)
    assert (got.body, got.followed, got.attributes) == (b"body", True, etag(b"body"))


def test_without_metadata_there_are_bytes_alone(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    xattr_tree.put(b"a", b"body")
    with BucketReader(*xattr_tree.opened(nometa=True)) as reader:
        got = reader.read_small(b"a", b"", 100)
    assert isinstance(got, SmallRead)
    assert (got.body, got.attributes) == (b"body", {})


def test_what_changed_in_this_tick_is_read_when_the_tick_is_over(xattr_tree: HandTree) -> None:
    """Within one tick of the clock a second change would leave the stamps as they are."""
    xattr_tree.bucket()
    path = xattr_tree.put(b"a", b"first")
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) < 3:
            path.write_bytes(b"change %d" % len(waits))

    with BucketReader(*xattr_tree.opened(), clock_ns=lambda: 0, sleep=sleep) as reader:
        got = reader.read_small(b"a", b"", 100)
    assert isinstance(got, SmallRead)
    assert got.body == b"change 2"
    assert len(waits) == 3


def test_what_changes_all_the_time_goes_round_again(tree: HandTree) -> None:
    tree.bucket()
    path = tree.put(b"a", b"some bytes")

    def sleep(_seconds: float) -> None:
        number = len(path.read_bytes())
        path.write_bytes(b"x" * (number + 1))

    with BucketReader(*tree.opened(), clock_ns=lambda: 0, sleep=sleep) as reader:
        assert reader.read_small(b"a", b"", 1_000) == Changed()
    assert path.read_bytes() == b"x" * 15


def test_attributes_beside_the_file_settle_too(sidecar_tree: HandTree) -> None:
    sidecar_tree.bucket()
    path = sidecar_tree.put(b"a", b"some bytes")
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            sidecar_tree.mark(path, {"X-Amz-Tagging": b'{"a":"b"}'})

    with BucketReader(*sidecar_tree.opened(), clock_ns=lambda: 0, sleep=sleep) as reader:
        got = reader.read_small(b"a", b"", 100)
    assert isinstance(got, SmallRead)
    assert got.attributes["X-Amz-Tagging"] == b'{"a":"b"}'
    assert len(waits) == 2


def test_what_lies_there_for_long_is_waited_for_by_nobody(tree: HandTree) -> None:
    tree.bucket()
    tree.put(b"a", b"some bytes")

    def never(_seconds: float) -> None:
        raise AssertionError

    with BucketReader(*tree.opened(), clock_ns=_in_an_hour_ns, sleep=never) as reader:
        assert isinstance(reader.read_small(b"a", b"", 100), SmallRead)


def test_a_bucket_that_was_replaced_is_noticed(xattr_tree: HandTree) -> None:
    bucket = xattr_tree.bucket()
    xattr_tree.put(b"a", b"some bytes")
    with BucketReader(*xattr_tree.opened()) as reader:
        assert not reader.moved()
        bucket.rename(bucket.with_name("away"))
        assert reader.moved()
        xattr_tree.bucket()
        assert reader.moved()
