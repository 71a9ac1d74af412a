"""The posix source against the gateway: proofs of bytes, uploads, what buckets are set to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from core.model import Integrity, Unrepresentable
from core.source.posix.beside import beside
from core.source.posix.config import PosixConfig
from core.source.posix.integrity import integrity_stream, verdict_small
from core.source.posix.large import LargeObject, page_buffer
from core.source.posix.outcome import SmallRead
from core.source.posix.read import BucketReader
from core.source.posix.source import PosixSource
from core.source.posix.walk import walk
from tests.lab.tree import behind

if TYPE_CHECKING:
    from core.source.posix.buckets import Bucket
    from tests.lab.tree.grow import GatewayTree

MIB = 1 << 20
BY_HAND = {b"no-attributes", b"folder/edited", b"inner-link"}


@pytest.fixture
def source(gateway_tree: GatewayTree) -> PosixSource:
    gateway = gateway_tree.gateway
    return PosixSource(
        PosixConfig(
            root=gateway.root, versioning_dir=gateway.versioning_dir, sidecar=gateway.sidecar
        )
    )


def _verdicts(source: PosixSource, bucket: Bucket) -> dict[bytes, list[Integrity]]:
    found: dict[bytes, list[Integrity]] = {}
    buffer = page_buffer(MIB)
    with BucketReader(source, bucket) as reader:
        for page in walk(source, bucket):
            for key, version, size, *_ in page.entries:
                if size is None:
                    continue
                got = reader.read_small(key, version, MIB)
                if isinstance(got, LargeObject):
                    with got:
                        stream = integrity_stream(got.attributes, size, "verify")
                        for chunk in got.chunks(buffer):
                            stream.update(chunk)
                        assert got.unchanged()
                        verdict = stream.verdict()
                else:
                    assert isinstance(got, SmallRead), (key, got)
                    verdict = verdict_small(got.body, got.attributes, "verify")
                found.setdefault(key, []).append(verdict)
    return found


def test_every_byte_that_the_gateway_wrote_is_proved(
    source: PosixSource, gateway_tree: GatewayTree
) -> None:
    read = 0
    for bucket in source.buckets()[0]:
        for key, verdicts in _verdicts(source, bucket).items():
            by_hand = bucket.name.decode() == behind.BUCKET and key in BY_HAND
            expected = Integrity.NO_ATTRIBUTES if by_hand else Integrity.OK
            assert set(verdicts) == {expected}, (bucket.name, key, verdicts)
            read += len(verdicts)
    assert read == sum(1 for told in gateway_tree.told.objects if not told.marker)


def test_an_upload_in_progress_is_named_and_nothing_else_lies_beside(
    source: PosixSource, gateway_tree: GatewayTree
) -> None:
    told = {
        (skip.bucket, skip.name)
        for skip in gateway_tree.told.skips
        if skip.reason == Unrepresentable.UPLOAD_IN_PROGRESS.value
    }
    found = [(bucket, one) for bucket in source.buckets()[0] for one in beside(source, bucket)]
    reasons = Counter(one.reason for _, one in found)
    assert reasons == {Unrepresentable.UPLOAD_IN_PROGRESS: len(told)}
    assert {(bucket.name.decode(), one.name) for bucket, one in found} == told


def test_buckets_are_set_to_what_s3_says(source: PosixSource, gateway_tree: GatewayTree) -> None:
    assert not [finding for finding in source.check() if finding.verdict == "fail"]
    buckets = {bucket.name.decode(): bucket for bucket in source.buckets()[0]}
    assert buckets.keys() == {told.name for told in gateway_tree.told.buckets}
    for told in gateway_tree.told.buckets:
        bucket = buckets[told.name]
        assert bucket.owner == gateway_tree.told.owner
        assert bucket.attrs.versioning == told.versioning
        assert bucket.versioned == bool(told.versioning)
        assert dict(bucket.attrs.tags) == dict(told.tags)
        assert bool(bucket.attrs.policy) == bool(told.policy)
        assert bool(bucket.attrs.cors) == bool(told.cors)
