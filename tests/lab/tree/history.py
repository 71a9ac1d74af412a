"""Buckets with a past: versions, delete markers, suspension, locks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.lab.tree.puts import body
from tests.lab.tree.told import SkipTold

if TYPE_CHECKING:
    from botocore.client import BaseClient

KEYS = 40
HIDDEN = SkipTold(bucket="lab-versions", name=b"again", reason="hidden_put")
"""In sidecar mode: S3 acknowledged a put over a delete marker, and goes on saying "deleted"."""
UNTIL = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def write(client: BaseClient) -> None:
    """Make the versioned buckets and their histories."""
    _enabled(client, "lab-versions")
    _suspended(client, "lab-suspended")
    _locked(client, "lab-locked")


def _switch(client: BaseClient, bucket: str, status: str) -> None:
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def _enabled(client: BaseClient, bucket: str) -> None:
    client.create_bucket(Bucket=bucket)
    for i in range(KEYS):  # the null version of each third key is older than versioning
        if i % 3 == 0:
            _put(client, bucket, f"k/{i:03}", "before")
    _switch(client, bucket, "Enabled")
    for i in range(KEYS):
        for n in range(1 + i % 4):
            _put(client, bucket, f"k/{i:03}", f"v{n}")
    for i in range(0, KEYS, 8):
        client.delete_object(Bucket=bucket, Key=f"k/{i:03}")
    client.delete_object(Bucket=bucket, Key="k/000")  # a second marker pushes the first down
    _put(client, bucket, "again", "first")
    client.delete_object(Bucket=bucket, Key="again")
    # Over a marker: with a sidecar it stays hidden, and tags in the same request would fail.
    client.put_object(Bucket=HIDDEN.bucket, Key=HIDDEN.name.decode(), Body=b"second")
    doomed = _put(client, bucket, "thinned", "one")
    _put(client, bucket, "thinned", "two")
    _put(client, bucket, "thinned", "three")
    client.delete_object(Bucket=bucket, Key="thinned", VersionId=doomed)
    _put(client, bucket, "schlüssel/\U0001f5c2", "eins")
    _put(client, bucket, "schlüssel/\U0001f5c2", "zwei")


def _suspended(client: BaseClient, bucket: str) -> None:
    client.create_bucket(Bucket=bucket)
    _switch(client, bucket, "Enabled")
    for key in ("a", "b", "c", "deep/d"):
        _put(client, bucket, key, "one")
        _put(client, bucket, key, "two")
    _switch(client, bucket, "Suspended")
    _put(client, bucket, "a", "null")
    _put(client, bucket, "a", "null again")
    client.delete_object(Bucket=bucket, Key="b")
    _put(client, bucket, "new", "only null")


def _locked(client: BaseClient, bucket: str) -> None:
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    locks: dict[str, dict[str, object]] = {
        "retained": {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": UNTIL},
        "held": {"ObjectLockLegalHoldStatus": "ON"},
        "free": {},
    }
    for name, lock in locks.items():
        client.put_object(Bucket=bucket, Key=name, Body=name.encode(), **lock)


def _put(client: BaseClient, bucket: str, key: str, text: str) -> str:
    told = client.put_object(
        Bucket=bucket,
        Key=key,
        Body=body(f"{key} {text}", 600),
        Metadata={"text": text},
        Tagging=f"text={text.replace(' ', '%20')}",
    )
    return str(told.get("VersionId", ""))
