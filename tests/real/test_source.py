"""The posix source against the gateway: same keys, bytes, headers, tags, versions as S3 shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from core.source.posix.config import PosixConfig
from core.source.posix.meta import MetaWriter
from core.source.posix.outcome import SmallRead
from core.source.posix.read import BucketReader
from core.source.posix.source import PosixSource
from core.source.posix.walk import walk
from tests.lab.stamps import make_old, stamps
from tests.real.migrated import said

if TYPE_CHECKING:
    from core.model import Entry, Skip
    from core.source.posix.buckets import Bucket
    from tests.lab.tree.grow import GatewayTree

MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Scan:
    """Everything that the source says of a tree."""

    tree: GatewayTree
    source: PosixSource
    buckets: list[Bucket]
    entries: list[tuple[Bucket, Entry]]
    skips: list[tuple[Bucket, Skip]]


@pytest.fixture(scope="module")
def scan(gateway_tree: GatewayTree) -> Scan:
    gateway = gateway_tree.gateway
    source = PosixSource(
        PosixConfig(
            root=gateway.root, versioning_dir=gateway.versioning_dir, sidecar=gateway.sidecar
        )
    )
    buckets, _ = source.buckets()
    pages = [(bucket, page) for bucket in buckets for page in walk(source, bucket)]
    return Scan(
        gateway_tree,
        source,
        buckets,
        [(bucket, entry) for bucket, page in pages for entry in page.entries],
        [(bucket, skip) for bucket, page in pages for skip in page.skips],
    )


def _named(bucket: Bucket, key: bytes, version: bytes) -> tuple[str, str, str]:
    return bucket.name.decode(), key.decode(), version.decode()


def test_i4_the_walk_names_every_object_version_and_marker_once(scan: Scan) -> None:
    found = [_named(bucket, key, version) for bucket, (key, version, *_) in scan.entries]
    assert len(set(found)) == len(found)
    assert set(found) == {(o.bucket, o.key, o.version) for o in scan.tree.told.objects}
    markers = {_named(b, e[0], e[1]) for b, e in scan.entries if e[2] is None}
    assert markers == {(o.bucket, o.key, o.version) for o in scan.tree.told.markers()}


def test_keys_come_in_the_order_of_s3(scan: Scan) -> None:
    for bucket in scan.buckets:
        keys = [entry[0] for of, entry in scan.entries if of is bucket]
        assert keys == sorted(keys)


def test_what_is_no_object_is_skipped_by_name(scan: Scan) -> None:
    found = {(bucket.name.decode(), skip.key, skip.reason.value) for bucket, skip in scan.skips}
    told = {(s.bucket, s.name, s.reason) for s in scan.tree.told.skips}
    assert found == {skip for skip in told if skip[2] != "upload_in_progress"}


def test_bytes_and_metadata_are_what_s3_said(scan: Scan) -> None:
    told = {(o.bucket, o.key, o.version): o for o in scan.tree.told.objects if not o.marker}
    read = 0
    for bucket in scan.buckets:
        writer = MetaWriter(bucket.owner)
        with BucketReader(scan.source, bucket) as reader:
            for key, version, size, *_ in (e for of, e in scan.entries if of is bucket):
                if size is None:
                    continue
                got = reader.read_small(key, version, MOST_BYTES)
                assert isinstance(got, SmallRead), (key, got)
                expected = told[_named(bucket, key, version)]
                assert got.size_bytes == size == expected.size, key
                assert hashlib.sha256(got.body).hexdigest() == expected.sha256, key
                described = writer.describe(
                    got.attributes, size, got.mtime_ns, is_dir=got.is_dir, version=version
                )
                assert said(json.loads(described.meta.manifest())) == expected.document(), key
                assert got.mtime_ns // 10**9 == expected.modified_s, key
                read += 1
    assert read == len(told)


def test_i6_a_scan_leaves_no_trace(scan: Scan) -> None:
    atimes = [make_old(folder) for folder in scan.tree.folders()]
    before = {folder: stamps(folder) for folder in scan.tree.folders()}
    for bucket in scan.source.buckets()[0]:
        with BucketReader(scan.source, bucket) as reader:
            for page in walk(scan.source, bucket):
                for key, version, size, *_ in page.entries:
                    if size is not None:
                        reader.read_small(key, version, MOST_BYTES)
    for folder, stamped in before.items():
        assert stamps(folder) == stamped
    if not all(atimes):
        pytest.skip("this file system keeps no atimes: reads would leave no trace here")
