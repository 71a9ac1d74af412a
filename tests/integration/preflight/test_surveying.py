"""The survey's walk: it counts everything, opens every entry, and leaves no trace."""

from __future__ import annotations

import os
import re
import resource
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.ledger.counters import SIZE_BOUNDS
from core.preflight.survey import LARGEST, NAMED, STARTS, Start, Survey
from core.preflight.surveying import survey
from core.source.posix.walk import PAGE_ENTRIES
from core.target import profile as profiles
from tests.integration.source.tree import ENABLED, HandTree, etag
from tests.lab.stamps import make_old, stamps

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65_534
VERSION = b"01M82TCBGRT4GGFVVW68KGQABX"


def surveyed(tree: HandTree, profile: str = "guide") -> Survey:
    return survey(tree.source().config, profile, lambda _entries: None)


def test_i4_objects_versions_markers_and_bytes_are_counted_once(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    tree.bucket(b"other")
    tree.put(b"a", b"12345")
    tree.put(b"gone", b"", {"delete-marker": b""})
    tree.version(b"a", VERSION, b"123", etag(b"123"))
    tree.put(b"b", b"1", bucket=b"other")
    got = surveyed(tree)
    assert (got.buckets, got.objects, got.size_bytes) == (2, 4, 9)
    assert (got.versions, got.versions_bytes, got.markers) == (1, 3, 1)
    assert (got.opened, got.no_etag, got.complete) == (4, 0, True)
    assert got.owners == ("AKBLUE",)


def test_the_histogram_has_the_ledgers_classes_and_the_largest_are_named(tree: HandTree) -> None:
    tree.bucket()
    for n, bound in enumerate(SIZE_BOUNDS[:4]):
        tree.put(b"at-%d" % n, b"x" * bound)
        tree.put(b"above-%d" % n, b"x" * (bound + 1))
    got = surveyed(tree)
    assert [n for n, _ in got.histogram[:5]] == [1, 2, 2, 2, 1]
    assert sum(size_bytes for _, size_bytes in got.histogram) == got.size_bytes
    assert [one.name for one in got.largest[:2]] == ["bucket/above-3", "bucket/at-3"]


def test_no_more_than_twenty_of_the_largest_are_kept(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    for n in range(LARGEST + 5):
        xattr_tree.put(b"%02d" % n, b"x" * n)
    got = surveyed(xattr_tree)
    assert [one.size_bytes for one in got.largest] == list(range(24, 4, -1))


def test_an_entry_without_an_etag_is_counted_and_locks_and_uploads_are(tree: HandTree) -> None:
    tree.bucket(attributes={"bucket-lock": b"{}"})
    tree.put(b"bare", attributes={})
    tree.put(b"held", attributes={**etag(b"body"), "object-legal-hold": b"\x01"})
    part = tree.put(b".sgwtmp/multipart/%b/upload/1" % (b"a" * 64), b"part", {})
    got = surveyed(tree)
    assert part.exists()
    assert (got.no_etag, got.locked, got.locked_buckets) == (1, 1, 1)
    assert (got.uploads, got.uploads_bytes) == (1, 4)


def test_what_cannot_be_carried_is_counted_by_class_and_named_up_to_a_bound(
    xattr_tree: HandTree,
) -> None:
    bucket = xattr_tree.bucket()
    for n in range(NAMED + 3):
        (bucket / f"link-{n:03d}").symlink_to("nowhere")
    os.mkfifo(bucket / "fifo")
    xattr_tree.put(b"foreign", attributes={**etag(b"body"), "strange": b"1"})
    (xattr_tree.root / "stray").write_bytes(b"")
    got = surveyed(xattr_tree)
    links = got.count_of("symlink")
    assert (links.objects, len(links.named)) == (NAMED + 3, NAMED)
    assert got.count_of("special_file").named == ("bucket/fifo",)
    assert got.count_of("foreign_xattr").objects == 1
    assert (got.objects, got.opened) == (NAMED + 3 + 1 + 1, 1)
    assert got.strays == ("stray",)


def test_a_profile_with_a_column_for_each_attribute_loses_more(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    xattr_tree.put(b"a", attributes={**etag(b"body"), "content-disposition": b"inline"})
    assert surveyed(xattr_tree, "guide").count_of("content_disposition").objects == 0
    assert surveyed(xattr_tree, "extended").count_of("content_disposition").objects == 1


def test_a_profile_without_a_table_of_buckets_loses_their_settings_alone(
    xattr_tree: HandTree,
) -> None:
    xattr_tree.bucket()
    xattr_tree.put(b"a", attributes={**etag(b"body"), "content-disposition": b"inline"})
    shipped = Path(profiles.__file__).parent / "profiles" / "guide.yaml"
    text = re.sub(r"(?m)^buckets:\n(  .*\n)+", "buckets: null\n", shipped.read_text())
    own = xattr_tree.base / "own.yaml"
    own.write_text(text)
    got = surveyed(xattr_tree, str(own))
    assert [(one.name, one.objects) for one in got.classes] == [("bucket_attr", 2)]


def test_i6_the_survey_moves_nothing_of_the_source(tree: HandTree) -> None:
    tree.bucket(attributes=ENABLED)
    for key in (b"a", b"d/b"):
        tree.put(key, b"x" * 100)
        tree.version(key, VERSION, attributes=etag(b"old"))
    if not make_old(tree.base):
        pytest.skip("this file system keeps no access times: reads would leave no trace here")
    before = stamps(tree.base)
    assert surveyed(tree).opened == 4
    assert stamps(tree.base) == before


@pytest.fixture
def nobodys_tree() -> Iterator[HandTree]:
    """A tree that nobody owns, in a folder that everybody may enter."""
    if os.geteuid():
        pytest.skip("only root can read as somebody else")
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        tree = HandTree(Path(base), "xattr").make()
        tree.bucket()
        tree.put(b"shut")
        tree.put(b"open")
        for path in (tree.root, *tree.root.rglob("*"), tree.versions):
            os.chown(path, NOBODY, NOBODY)
        yield tree


def as_nobody(tree: HandTree) -> Survey:
    os.seteuid(NOBODY)
    try:
        return surveyed(tree)
    finally:
        os.seteuid(0)


def test_an_unreadable_file_is_named_and_the_walk_goes_on(nobodys_tree: HandTree) -> None:
    (nobodys_tree.root / "bucket" / "shut").chmod(0)
    got = as_nobody(nobodys_tree)
    assert (got.opened, got.unreadable.objects, got.complete) == (1, 1, False)
    assert got.unreadable.named == ("bucket/shut: Permission denied",)


def test_i6_a_file_that_could_only_be_read_loudly_ends_the_survey(nobodys_tree: HandTree) -> None:
    os.chown(nobodys_tree.root / "bucket" / "shut", 0, 0)
    got = as_nobody(nobodys_tree)
    assert (got.loud, got.denied, got.complete) == (True, False, False)
    assert "access time" in got.fault


def test_a_folder_that_may_not_be_listed_is_a_right_that_is_missing(nobodys_tree: HandTree) -> None:
    (nobodys_tree.root / "bucket").chmod(0)
    got = as_nobody(nobodys_tree)
    assert (got.loud, got.denied, got.complete) == (False, True, False)


def test_no_gateway_root_is_a_fault_of_the_survey_and_no_exception(xattr_tree: HandTree) -> None:
    xattr_tree.root.rmdir()
    got = surveyed(xattr_tree)
    assert "is no directory" in got.fault
    assert (got.objects, got.complete) == (0, False)


def test_a_trial_may_begin_at_any_page_each_as_likely(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    for n in range(2 * PAGE_ENTRIES + 1):
        xattr_tree.put(b"%06d" % n, b"")
    got = surveyed(xattr_tree)
    assert got.starts == (
        Start(b"bucket", b""),
        Start(b"bucket", b"000999"),
        Start(b"bucket", b"001999"),
    )
    assert len(got.starts) <= STARTS


def test_a_survey_reads_no_objects_bytes(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    with xattr_tree.put(b"huge").open("r+b") as file:
        file.truncate(1 << 40)  # a terabyte of nothing: reading it would not end
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert surveyed(xattr_tree).size_bytes == 1 << 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
