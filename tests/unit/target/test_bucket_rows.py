"""Bucket rows of both profiles, and what a bucket loses."""

from __future__ import annotations

from core.dag.canonical import dumps
from core.target import profile as profiles
from core.target.bucket_rows import BucketFacts, bucket_row, lost_bucket_attributes

DOCUMENT = dumps(
    {
        "acl": {"Grantees": [], "Owner": "bob"},
        "lock": {"Enabled": True},
        "owner": "bob",
        "ownership": "BucketOwnerEnforced",
        "policy": '{ "Version": "2012-10-17" }',
        "tags": {"team": "ops"},
        "versioning": "Enabled",
        "website": "<xml/>",
    }
)
FACTS = BucketFacts(
    name="b", document=DOCUMENT, made_ns=1_764_590_400_123_456_789, objects=7, size_bytes=70
)


def test_guide_keeps_the_whole_document_verbatim() -> None:
    made = 1_764_590_400_123_456
    assert bucket_row(profiles.load("guide"), FACTS) == ("b", made, made, DOCUMENT)


def test_extended_has_a_column_for_each_and_leaves_the_rest_empty() -> None:
    extended = profiles.load("extended")
    assert extended.buckets is not None
    shown = dict(zip(extended.buckets.names, bucket_row(extended, FACTS), strict=True))
    assert {name: value for name, value in shown.items() if value is not None} == {
        "name": "b",
        "created_at": 1_764_590_400_123_456,
        "updated_at": 1_764_590_400_123_456,
        "versioning_status": "Enabled",
        "acl": '{"Grantees":[],"Owner":"bob"}',
        "owner": "bob",
        "policy": '{ "Version": "2012-10-17" }',
        "tags": '{"team":"ops"}',
        "object_count": 7,
        "total_size": 70,
        "default_replication_min": 2,
        "default_replication_max": 3,
    }


def test_what_a_bucket_loses_is_named() -> None:
    assert lost_bucket_attributes(profiles.load("guide"), DOCUMENT) == ()
    assert lost_bucket_attributes(profiles.load("extended"), DOCUMENT) == (
        "lock",
        "ownership",
        "website",
    )
