"""What a client may see of S3, as cases: each does something in its own bucket and returns facts.

The same case against two gateways has to return equal facts. Times and request ids are no facts.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, TypeAlias

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

Facts: TypeAlias = object
Case: TypeAlias = "Callable[[BaseClient, str], Facts]"

MIB: Final = 1 << 20
ODD: Final = ("a b", "é/ü", "plus+and%percent", "~tilde", "q?a=1&b", "'quote\"", "日本")
HEADERS: Final = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "expires",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha256",
    "x-amz-checksum-type",
    "x-amz-meta-batch",
    "x-amz-meta-note",
    "x-amz-tagging-count",
    "x-amz-website-redirect-location",
)


def body(size: int, seed: str = "") -> bytes:
    return hashlib.shake_128(f"{seed}{size}".encode()).digest(size)


def seen(answer: dict[str, object]) -> Facts:
    """Return status, headers and the hash of the body."""
    meta = answer["ResponseMetadata"]
    assert isinstance(meta, dict)
    headers = {name: meta["HTTPHeaders"].get(name) for name in HEADERS}
    stream = answer.get("Body")
    digest = hashlib.sha256(stream.read()).hexdigest() if hasattr(stream, "read") else ""
    return meta["HTTPStatusCode"], headers, digest


def refused(act: Callable[[], object]) -> Facts:
    """Return status and code of what is expected to be refused; what it returned, if it was not."""
    try:
        return "not refused", act()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]


def sizes(s3: BaseClient, bucket: str) -> Facts:
    facts = []
    for size in (0, 1, 4096, MIB, MIB + 1, 3 * MIB + 7):
        key = f"size/{size}"
        put = s3.put_object(Bucket=bucket, Key=key, Body=body(size))
        got = s3.get_object(Bucket=bucket, Key=key)
        facts.append((put["ETag"], seen(got), seen(s3.head_object(Bucket=bucket, Key=key))))
    return facts


def described(s3: BaseClient, bucket: str) -> Facts:
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"described",
        ContentType="text/plain",
        ContentEncoding="gzip",
        ContentLanguage="de",
        ContentDisposition='attachment; filename="x"',
        CacheControl="max-age=3",
        Metadata={"Batch": "7", "note": "with  two spaces"},
        Tagging="team=ops&empty=",
    )
    got = s3.get_object(Bucket=bucket, Key="k")
    return got["Metadata"], seen(got), seen(s3.head_object(Bucket=bucket, Key="k"))


def overwritten(s3: BaseClient, bucket: str) -> Facts:
    s3.put_object(Bucket=bucket, Key="k", Body=b"one", Metadata={"batch": "1"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"two")
    return seen(s3.get_object(Bucket=bucket, Key="k"))


def ranges(s3: BaseClient, bucket: str) -> Facts:
    s3.put_object(Bucket=bucket, Key="k", Body=body(2 * MIB + 5))
    asked = ("bytes=0-0", "bytes=1048570-1048580", "bytes=-5", "bytes=2097156-", "bytes=5-99999999")
    facts = [seen(s3.get_object(Bucket=bucket, Key="k", Range=one)) for one in asked]
    bad = refused(lambda: s3.get_object(Bucket=bucket, Key="k", Range="bytes=9999999-"))
    return facts, bad


def conditions(s3: BaseClient, bucket: str) -> Facts:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    named = {"Bucket": bucket, "Key": "k"}
    return (
        seen(s3.get_object(**named, IfMatch=etag)),
        refused(lambda: s3.get_object(**named, IfMatch='"other"')),
        refused(lambda: s3.get_object(**named, IfNoneMatch=etag)),
        refused(lambda: s3.head_object(**named, IfNoneMatch=etag)),
        refused(lambda: s3.put_object(**named, Body=b"y", IfNoneMatch="*")),
        seen(s3.get_object(**named)),
    )


def absent(s3: BaseClient, bucket: str) -> Facts:
    return (
        refused(lambda: s3.get_object(Bucket=bucket, Key="none")),
        refused(lambda: s3.head_object(Bucket=bucket, Key="none")),
        refused(lambda: s3.get_object(Bucket="no-such-bucket-here", Key="none")),
        refused(lambda: s3.head_bucket(Bucket="no-such-bucket-here")),
        refused(lambda: s3.put_object(Bucket="no-such-bucket-here", Key="k", Body=b"")),
        refused(lambda: s3.list_objects_v2(Bucket="no-such-bucket-here")),
        refused(lambda: s3.get_object_tagging(Bucket=bucket, Key="none")),
        refused(
            lambda: s3.copy_object(
                Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "none"}
            )
        ),
    )


def deleted(s3: BaseClient, bucket: str) -> Facts:
    for key in ("a", "b", "c", "d"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    one = s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"]
    again = s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"]
    wanted = {"Objects": [{"Key": key} for key in ("b", "c", "none")]}
    many = s3.delete_objects(Bucket=bucket, Delete=wanted)
    gone = sorted(row["Key"] for row in many["Deleted"])
    left = [row["Key"] for row in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    return one, again, gone, left, refused(lambda: s3.get_object(Bucket=bucket, Key="b"))


def odd_keys(s3: BaseClient, bucket: str) -> Facts:
    for key in ODD:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    read = [seen(s3.get_object(Bucket=bucket, Key=key)) for key in ODD]
    return read, [row["Key"] for row in s3.list_objects_v2(Bucket=bucket)["Contents"]]


def listed(s3: BaseClient, bucket: str) -> Facts:
    keys = ("a.b", "a-c", "a/1", "a/2", "a/b/1", "b/", "b/1", "c", "d/1/2/3", "é")
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"" if key.endswith("/") else key.encode())
    asked: tuple[dict[str, object], ...] = (
        {},
        {"Prefix": "a"},
        {"Prefix": "a/"},
        {"Delimiter": "/"},
        {"Prefix": "a/", "Delimiter": "/"},
        {"Prefix": "none"},
        {"Delimiter": "/", "MaxKeys": 2},
        {"MaxKeys": 3},
        {"StartAfter": "a/2"},
    )
    return [_pages(s3, bucket, **one) for one in asked]


def _pages(s3: BaseClient, bucket: str, **asked: object) -> Facts:
    """Return every page of a listing, by both versions where the first has what is asked.

    Without KeyCount: VersityGW 1.7.0 leaves common prefixes out of it.
    """
    facts: list[object] = []
    token: dict[str, object] = {}
    while True:
        page = s3.list_objects_v2(Bucket=bucket, **asked, **token)
        facts.append((*_page(page), page["MaxKeys"]))
        if not page["IsTruncated"]:
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    if "StartAfter" not in asked:
        marker: dict[str, object] = {}
        while True:
            page = s3.list_objects(Bucket=bucket, **asked, **marker)
            facts.append(_page(page))
            if not page["IsTruncated"]:
                break
            marker = {"Marker": page.get("NextMarker") or page["Contents"][-1]["Key"]}
    return facts


def _page(page: dict[str, list[dict[str, object]]]) -> tuple[object, ...]:
    rows = [(row["Key"], row["Size"], row["ETag"]) for row in page.get("Contents", ())]
    return rows, [row["Prefix"] for row in page.get("CommonPrefixes", ())], page["IsTruncated"]


def tagged(s3: BaseClient, bucket: str) -> Facts:
    named = {"Bucket": bucket, "Key": "k"}
    etag = s3.put_object(**named, Body=b"x", Tagging="one=1")["ETag"]
    first = s3.get_object_tagging(**named)["TagSet"]
    wanted = [{"Key": "two", "Value": "2"}, {"Key": "drei", "Value": "ü"}]
    s3.put_object_tagging(**named, Tagging={"TagSet": wanted})
    second = sorted(one["Key"] + one["Value"] for one in s3.get_object_tagging(**named)["TagSet"])
    s3.delete_object_tagging(**named)
    third = s3.get_object_tagging(**named)["TagSet"]
    return etag, first, second, third, seen(s3.get_object(**named))


def copied(s3: BaseClient, bucket: str) -> Facts:
    s3.put_object(
        Bucket=bucket,
        Key="from",
        Body=body(MIB + 3),
        Metadata={"batch": "1"},
        ContentType="text/x-from",
        Tagging="one=1",
    )
    there = {"Bucket": bucket, "Key": "from"}
    one = s3.copy_object(Bucket=bucket, Key="same", CopySource=there)["CopyObjectResult"]["ETag"]
    s3.copy_object(
        Bucket=bucket,
        Key="other",
        CopySource=there,
        MetadataDirective="REPLACE",
        Metadata={"batch": "2"},
        ContentType="text/x-other",
    )
    s3.copy_object(
        Bucket=bucket, Key="from", CopySource=there, MetadataDirective="REPLACE", Metadata={}
    )
    got = [seen(s3.get_object(Bucket=bucket, Key=key)) for key in ("same", "other", "from")]
    tags = [
        s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"] for key in ("same", "other", "from")
    ]
    onto = refused(
        lambda: s3.copy_object(Bucket=bucket, Key="same", CopySource=dict(there, Key="same"))
    )
    return one, got, tags, onto


def multipart(s3: BaseClient, bucket: str) -> Facts:
    named = {"Bucket": bucket, "Key": "large"}
    upload = s3.create_multipart_upload(
        **named, ContentType="text/x-large", Metadata={"batch": "9"}
    )
    mark = {**named, "UploadId": upload["UploadId"]}
    parts = []
    for number, size in ((1, 5 * MIB), (2, 5 * MIB + 1), (3, 17)):
        told = s3.upload_part(**mark, PartNumber=number, Body=body(size, str(number)))
        parts.append({"PartNumber": number, "ETag": told["ETag"]})
    listed_parts = [(p["PartNumber"], p["Size"], p["ETag"]) for p in s3.list_parts(**mark)["Parts"]]
    under_way = [u["Key"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]]
    invisible = refused(lambda: s3.head_object(**named))
    done = s3.complete_multipart_upload(**mark, MultipartUpload={"Parts": parts})["ETag"]
    left = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    return listed_parts, under_way, invisible, done, left, seen(s3.get_object(**named))


def bad_multipart(s3: BaseClient, bucket: str) -> Facts:
    named = {"Bucket": bucket, "Key": "large"}
    mark = {**named, "UploadId": s3.create_multipart_upload(**named)["UploadId"]}
    etag = s3.upload_part(**mark, PartNumber=1, Body=b"small")["ETag"]
    s3.upload_part(**mark, PartNumber=2, Body=b"small")
    wrong = [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]
    short = [{"PartNumber": number, "ETag": etag} for number in (1, 2)]
    facts = [
        refused(lambda: s3.complete_multipart_upload(**mark, MultipartUpload={"Parts": wrong})),
        refused(lambda: s3.complete_multipart_upload(**mark, MultipartUpload={"Parts": short})),
    ]
    s3.abort_multipart_upload(**mark)
    facts.append(refused(lambda: s3.abort_multipart_upload(**mark)))
    facts.append(refused(lambda: s3.upload_part(**mark, PartNumber=1, Body=b"late")))
    return facts


def part_copied(s3: BaseClient, bucket: str) -> Facts:
    s3.put_object(Bucket=bucket, Key="from", Body=body(6 * MIB))
    named = {"Bucket": bucket, "Key": "to"}
    mark = {**named, "UploadId": s3.create_multipart_upload(**named)["UploadId"]}
    there = {"Bucket": bucket, "Key": "from"}
    parts = []
    for number, span in ((1, f"bytes=0-{5 * MIB - 1}"), (2, "bytes=10-19")):
        told = s3.upload_part_copy(
            **mark, PartNumber=number, CopySource=there, CopySourceRange=span
        )["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": told["ETag"]})
    s3.complete_multipart_upload(**mark, MultipartUpload={"Parts": parts})
    return seen(s3.get_object(**named))


def buckets(s3: BaseClient, bucket: str) -> Facts:
    name = f"{bucket}-more"
    s3.create_bucket(Bucket=name)
    there = name in [row["Name"] for row in s3.list_buckets()["Buckets"]]
    s3.put_object(Bucket=name, Key="k", Body=b"")
    full = refused(lambda: s3.delete_bucket(Bucket=name))
    s3.delete_object(Bucket=name, Key="k")
    s3.delete_bucket(Bucket=name)
    gone = refused(lambda: s3.head_bucket(Bucket=name))
    status = s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"]
    location = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    return there, full, gone, status, location, refused(lambda: s3.create_bucket(Bucket=bucket))


def checked(s3: BaseClient, bucket: str) -> Facts:
    """A checksum that a client declares is checked, stored and told."""
    told = s3.put_object(Bucket=bucket, Key="k", Body=b"summed", ChecksumAlgorithm="SHA256")
    bad = refused(
        lambda: s3.put_object(Bucket=bucket, Key="bad", Body=b"summed", ChecksumCRC32="AAAAAA==")
    )
    wrong = refused(
        lambda: s3.put_object(
            Bucket=bucket, Key="bad", Body=b"summed", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="
        )
    )
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    return told["ChecksumSHA256"], bad, wrong, seen(got)


CASES: Final[tuple[Case, ...]] = (
    sizes,
    described,
    overwritten,
    ranges,
    conditions,
    absent,
    deleted,
    odd_keys,
    listed,
    tagged,
    copied,
    multipart,
    bad_multipart,
    part_copied,
    buckets,
    checked,
)
