"""Asking the gateway what it shows of everything that was written."""

from __future__ import annotations

import hashlib
from itertools import accumulate
from typing import TYPE_CHECKING

from tests.lab.missing import LabError
from tests.lab.tree.told import CARRIED, CHECKSUM, USER, BucketTold, ObjectTold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.s3 import Reply, S3Reader
    from tests.lab.tree.puts import Put

KEPT = (*CARRIED, "etag", "last-modified")
PREFIXES = (CHECKSUM, USER, "x-amz-object-lock-")


def current(reader: S3Reader, bucket: str, key: str, parts: tuple[int, ...] = ()) -> ObjectTold:
    """Return the current object by HEAD, GET and GET-tagging, which have to agree."""
    head = reader.object("HEAD", bucket, key, {})
    got = reader.object("GET", bucket, key, {})
    if head.status != 200 or got.status != 200:
        raise LabError(f"{bucket}/{key!r}: HEAD {head.status}, GET {got.status}")
    agree = _about(got).items() <= _about(head).items()  # HEAD alone tells of locks
    if not agree:
        raise LabError(f"{bucket}/{key!r}: GET says {_about(got)}, HEAD {_about(head)}")
    return ObjectTold(
        bucket=bucket,
        key=key,
        size=int(head.headers["content-length"]),
        sha256=hashlib.sha256(got.body).hexdigest(),
        headers=_about(head),
        tags=reader.tags(bucket, key),
        parts=parts,
    )


def of_put(reader: S3Reader, put: Put) -> ObjectTold:
    """Return what became of a write."""
    return current(reader, put.bucket, put.key, tuple(accumulate(put.part_sizes)))


def history(reader: S3Reader, bucket: str) -> Iterator[ObjectTold]:
    """Yield every object, version and marker of a versioned bucket."""
    for row in reader.versions(bucket):
        version = "" if row.latest else row.version
        if row.marker:
            yield ObjectTold(bucket=bucket, key=row.key, version=version, marker=True)
        elif row.latest:
            yield current(reader, bucket, row.key)
        else:
            yield _old(reader, bucket, row.key, row.version)


def _old(reader: S3Reader, bucket: str, key: str, version: str) -> ObjectTold:
    # GET alone: HEAD of an old version is 404 while the current file has no version id
    got = reader.object("GET", bucket, key, {"versionId": version})
    if got.status != 200:
        raise LabError(f"{bucket}/{key!r} version {version}: GET {got.status}")
    return ObjectTold(
        bucket=bucket,
        key=key,
        version=version,
        size=len(got.body),
        sha256=hashlib.sha256(got.body).hexdigest(),
        headers=_about(got),
        tags=reader.tags(bucket, key, version),
    )


def bucket(reader: S3Reader, name: str) -> BucketTold:
    """Return a bucket's own settings."""
    versioning = reader.bucket(name, {"versioning": ""}).body
    state = [s for s in ("Enabled", "Suspended") if s.encode() in versioning]
    return BucketTold(
        name=name,
        versioning="".join(state),
        policy=_text(reader, name, "policy"),
        cors=_text(reader, name, "cors"),
        tags=reader.tags(name, "") or {},
    )


def _text(reader: S3Reader, name: str, resource: str) -> str:
    reply = reader.bucket(name, {resource: ""})
    return reply.body.decode() if reply.status == 200 else ""


def _about(reply: Reply) -> Mapping[str, str]:
    return {
        name: _utf8(value)
        for name, value in reply.headers.items()
        if name in KEPT or name.startswith(PREFIXES)
    }


def _utf8(value: str) -> str:
    # http.client gives header bytes as Latin-1
    return value.encode("latin-1").decode("utf-8", "replace")
