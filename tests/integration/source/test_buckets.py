"""Buckets, what lies beside them, and roots that are none."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from core.errors import BadInput, NoGatewayRoot
from tests.integration.source.tree import ACL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.source.tree import HandTree


def test_directories_with_bucket_names_are_buckets_and_the_rest_is_named(tree: HandTree) -> None:
    for name in (b"one", b"two.three", b"zzz"):
        tree.bucket(name)
    (tree.root / "lost+found").mkdir()
    (tree.root / "file").write_bytes(b"")
    (tree.root / "link").symlink_to("one")
    buckets, strays = tree.source().buckets()
    assert [bucket.name for bucket in buckets] == [b"one", b"two.three", b"zzz"]
    assert {stray.name: stray.why for stray in strays} == {
        b"lost+found": "no bucket name",
        b"file": "no directory",
        b"link": "a symlink, and bucket_links is off",
    }
    assert len([f for f in tree.source().check() if f.verdict == "warn"]) == 3


def test_a_linked_bucket_counts_where_links_are_on(tree: HandTree) -> None:
    tree.bucket(b"one")
    tree.put(b"key", bucket=b"one")
    (tree.root / "linked").symlink_to("one")
    (tree.root / "dangling").symlink_to("nowhere")
    source, bucket = tree.opened(b"linked", bucket_links=True)
    buckets, strays = source.buckets()
    assert [b.name for b in buckets] == [b"linked", b"one"]
    assert [stray.why for stray in strays] == ["a dangling symlink"]
    assert bucket.mtime_ns == (tree.root / "one").stat().st_mtime_ns


def test_attributes_come_in_one_normal_form(tree: HandTree) -> None:
    lock = {"Enabled": True, "DefaultRetention": None, "CreatedAt": "2026-11-22T23:43:39.4Z"}
    tree.bucket(
        attributes={
            "acl": ACL,
            "ownership": b"BucketOwnerEnforced",
            "policy": b'{ "Version": "2012-10-17" }',
            "cors": b"<CORSConfiguration/>",
            "website": gzip.compress(b"<WebsiteConfiguration/>"),
            "versioning": b"\x00",
            "bucket-lock": json.dumps(lock).encode(),
            "X-Amz-Tagging": '{"team":"ops é"}'.encode(),
        }
    )
    _, bucket = tree.opened()
    assert bucket.versioned
    assert bucket.owner == "AKBLUE"
    assert bucket.findings == ()
    assert json.loads(bucket.attrs.document(bucket.owner)) == {
        "acl": json.loads(ACL),
        "cors": "<CORSConfiguration/>",
        "lock": lock,
        "owner": "AKBLUE",
        "ownership": "BucketOwnerEnforced",
        "policy": '{ "Version": "2012-10-17" }',
        "tags": {"team": "ops é"},
        "versioning": "Suspended",
        "website": "<WebsiteConfiguration/>",
    }


def test_a_directory_made_by_hand_is_the_root_accounts(tree: HandTree) -> None:
    (tree.root / "bucket").mkdir()
    _, bucket = tree.opened()
    assert bucket.owner == "AKROOT"
    assert not bucket.versioned
    assert bucket.attrs.document(bucket.owner) == '{"owner":"AKROOT"}'
    assert ["acl" in finding.evidence for finding in bucket.findings] == [True]


@pytest.mark.parametrize("name", ["acl", "bucket-lock", "website", "X-Amz-Tagging", "policy"])
def test_what_cannot_be_read_is_a_finding_and_no_error(tree: HandTree, name: str) -> None:
    tree.bucket(attributes={name: b"\xff not it"})
    _, bucket = tree.opened()
    assert any(name in finding.evidence for finding in bucket.findings)


@pytest.mark.parametrize("value", [b'{"a":NaN}', b'{"a":1e999}', b'{"Owner":"\\ud800"}'])
def test_json_that_no_text_of_ours_can_hold_is_a_finding(tree: HandTree, value: bytes) -> None:
    tree.bucket(attributes={"acl": value, "bucket-lock": value, "X-Amz-Tagging": value})
    _, bucket = tree.opened()
    assert bucket.owner == "AKROOT"
    bucket.attrs.document(bucket.owner).encode()
    for name in ("acl", "bucket-lock", "X-Amz-Tagging"):
        assert any(name in finding.evidence for finding in bucket.findings)


def test_the_wrong_metadata_mode_is_noticed(xattr_tree: HandTree) -> None:
    xattr_tree.bucket()
    assert xattr_tree.source().check() == []
    told = xattr_tree.source(sidecar=xattr_tree.sidecar).check()
    assert any("sidecar mode" in finding.evidence for finding in told)


def test_an_empty_folder_is_no_gateways_root(tree: HandTree) -> None:
    with pytest.raises(NoGatewayRoot, match="holds no bucket"):
        tree.source().check()


@pytest.mark.parametrize("missing", ["root", "versions"])
def test_a_folder_that_is_not_there_is_no_root(tree: HandTree, missing: str) -> None:
    tree.bucket()
    (tree.base / missing).rename(tree.base / "moved")
    with pytest.raises(NoGatewayRoot, match="no directory"):
        tree.source().check()


def test_options_that_contradict_are_refused(tree: HandTree, tmp_path: Path) -> None:
    tree.bucket()
    inside = tree.root / "bucket"
    for options in (
        {"versioning_dir": inside},
        {"sidecar": inside},
        {"sidecar": tmp_path, "nometa": True},
        {"versioning_dir": tmp_path.relative_to("/")},
    ):
        with pytest.raises(BadInput):
            tree.source(**options).check()


def test_the_identity_is_the_roots_own(tree: HandTree) -> None:
    seen = tree.root.stat()
    assert tree.source().identity() == (seen.st_dev, seen.st_ino)
