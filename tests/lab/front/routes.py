"""Which request goes where. What is not named here is NotImplemented, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.lab.front import buckets, listing, reading, uploads, writing
from tests.lab.front.faults import S3Fault
from tests.lab.front.writing import COPY

if TYPE_CHECKING:
    from aiohttp import web

    from tests.lab.front.call import Call
    from tests.lab.front.state import Front

UNKNOWN: Final = frozenset(
    {
        "accelerate",
        "acl",
        "analytics",
        "attributes",
        "cors",
        "encryption",
        "legal-hold",
        "lifecycle",
        "logging",
        "notification",
        "object-lock",
        "ownershipControls",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "replication",
        "requestPayment",
        "restore",
        "retention",
        "select",
        "torrent",
        "versions",
        "website",
    }
)


async def answer(front: Front, call: Call) -> web.StreamResponse:
    """Answer one signed request."""
    if UNKNOWN & call.query.keys() or call.query.get("versionId", "null") != "null":
        raise S3Fault("NotImplemented")
    asked = {"copy": COPY in call.headers, "multipart": "uploads" in call.query}
    asked["tag"] = "tagging" in call.query
    if any(asked[name] for name in front.gate.dial.lacks):
        raise S3Fault("NotImplemented")
    if not call.bucket:
        if call.method != "GET":
            raise S3Fault("MethodNotAllowed")
        return buckets.listed(front)
    return await (_object(front, call) if call.key else _bucket(front, call))


async def _bucket(front: Front, call: Call) -> web.StreamResponse:
    match call.method:
        case "GET":
            return _of_bucket(front, call)
        case "HEAD":
            return buckets.head(front, call)
        case "PUT" if not call.query:
            return await buckets.make(front, call)
        case "DELETE" if not call.query:
            return await buckets.remove(front, call)
        case "POST" if "delete" in call.query:
            return await writing.delete_many(front, call)
        case _:
            raise S3Fault("NotImplemented")


def _of_bucket(front: Front, call: Call) -> web.Response:
    front.bucket(call.bucket)
    if "location" in call.query:
        return buckets.location(front, call)
    if "versioning" in call.query:
        return buckets.versioning(front, call)
    if "uploads" in call.query:
        return uploads.under_way(front, call)
    if "tagging" in call.query:
        raise S3Fault("NotImplemented")
    return listing.answer(call, front.table)


async def _object(front: Front, call: Call) -> web.StreamResponse:
    match call.method:
        case "GET" | "HEAD":
            return await _read(front, call)
        case "PUT":
            return await _put(front, call)
        case "DELETE":
            return await _delete(front, call)
        case "POST" if "uploads" in call.query:
            return await uploads.begin(front, call)
        case "POST" if "uploadId" in call.query:
            return await uploads.complete(front, call)
        case _:
            raise S3Fault("NotImplemented")


async def _read(front: Front, call: Call) -> web.StreamResponse:
    if "tagging" in call.query:
        return writing.tags(front, call)
    if "uploadId" in call.query:
        return uploads.parts(front, call)
    if "partNumber" in call.query:
        raise S3Fault("NotImplemented")
    return await reading.get(call, front.entry(call.bucket, call.key), front.blocks)


async def _put(front: Front, call: Call) -> web.Response:
    if "tagging" in call.query:
        return await writing.put_tags(front, call)
    copies = COPY in call.headers
    if "uploadId" in call.query:
        return await (uploads.copy_part if copies else uploads.put_part)(front, call)
    return await (writing.copy if copies else writing.put)(front, call)


async def _delete(front: Front, call: Call) -> web.Response:
    if "tagging" in call.query:
        return await writing.delete_tags(front, call)
    if "uploadId" in call.query:
        return await uploads.abort(front, call)
    return await writing.delete(front, call)
