"""What an account sees of an endpoint: its buckets, and a bucket's uploads in progress.

May import its own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.source.s3.listed import ListedBucket, Upload
from core.source.s3.pages import time_ns
from core.source.s3.refusals import as_error
from core.source.s3.reply import Reply
from core.source.s3.request import Request, bucket_path, canonical_query
from core.source.s3.runs import EMPTY_PAGES, endless
from core.source.s3.xml import local, parse_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.source.s3.caller import Caller

_PAGE: Final = b"1000"


def buckets(caller: Caller, where: str) -> list[ListedBucket]:
    """Return the buckets that the account sees, in byte order. Raises Denied, NoAnswer, Broken."""
    found: dict[bytes, ListedBucket] = {}
    token = b""
    for _ in range(EMPTY_PAGES):
        query = canonical_query([("continuation-token", token)]) if token else ""
        body = asked(caller, Request("GET", "/", query), where)
        root = parse_as("ListAllMyBucketsResult", body, where)
        for element in root.iter():
            if local(element.tag) == "Bucket":
                told = {local(child.tag): child.text or "" for child in element}
                name = told.get("Name", "").encode()
                found[name] = ListedBucket(name, time_ns(told.get("CreationDate", "")))
        tokens = (one.text or "" for one in root if local(one.tag) == "ContinuationToken")
        following = next(tokens, "").encode()
        if not following:
            return sorted(found.values())
        if following == token:
            break
        token = following
    raise endless(where)


def uploads(caller: Caller, bucket: bytes, where: str) -> Iterator[Upload]:
    """Yield the multipart uploads that are under way. Raises as above."""
    marks = ("", "")
    while True:
        pairs = [("uploads", b""), ("max-uploads", _PAGE)]
        pairs += [("key-marker", marks[0].encode())] if marks[0] else []
        pairs += [("upload-id-marker", marks[1].encode())] if marks[1] else []
        request = Request("GET", bucket_path(bucket), canonical_query(pairs))
        root = parse_as("ListMultipartUploadsResult", asked(caller, request, where), where)
        told = {local(child.tag): child.text or "" for child in root}
        for element in root:
            if local(element.tag) == "Upload":
                one = {local(child.tag): child.text or "" for child in element}
                yield Upload(
                    one.get("Key", "").encode(),
                    one.get("UploadId", ""),
                    time_ns(one.get("Initiated", "")),
                )
        if told.get("IsTruncated") != "true":
            return
        following = (told.get("NextKeyMarker", ""), told.get("NextUploadIdMarker", ""))
        if following == marks:
            raise endless(where)
        marks = following


def asked(caller: Caller, request: Request, where: str) -> bytes:
    """Return the body of a good answer; raise what came instead."""
    got = caller.ask(request, where)
    if isinstance(got, Reply):
        return got.body
    raise as_error(got, where)
