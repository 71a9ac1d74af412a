"""A stand-in for a gateway that takes writes: objects in memory, and lies on demand.

The real VersityGW stands beside it in `tests/real/test_fence.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import quote_plus, unquote
from xml.sax.saxutils import escape

from aiohttp import web

from core.cutover.door import Door

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
MODIFIED = "Thu, 26 Nov 2026 01:34:25 GMT"


@dataclass(frozen=True)
class Kept:
    """An object. headers: those that come back with it."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'


def refusal(status: int, code: str) -> web.Response:
    return web.Response(status=status, text=f"<Error><Code>{code}</Code></Error>")


_OF_BUCKETS = {"PUT": "CreateBucket", "DELETE": "DeleteBucket", "HEAD": "HeadBucket"}


def op_of(request: web.Request) -> str:
    """Return what a request asks for, in S3's words."""
    key = request.path.split("/", 2)[2:]
    if "uploads" in request.query:
        return "ListMultipartUploads"
    if "uploadId" in request.query:
        return "AbortMultipartUpload"
    if not key or not key[0]:
        return _OF_BUCKETS.get(request.method, "ListObjectsV2")
    if request.method == "PUT":
        return "CopyObject" if "x-amz-copy-source" in request.headers else "PutObject"
    return {"GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}[request.method]


class Side:
    """Buckets and objects. instead: what an operation answers without being done; behind: what it
    answers although it was done; hangs: operations that are never answered; delay_s: before each
    answer, up to a number of requests; route: the mode that a
    load balancer would write into each answer.
    """

    def __init__(self, *buckets: str) -> None:
        self.buckets: dict[str, dict[str, Kept]] = {name: {} for name in buckets}
        self.uploads: dict[str, list[str]] = {}
        self.instead: dict[str, tuple[int, str]] = {}
        self.behind: dict[str, tuple[int, str]] = {}
        self.hangs: set[str] = set()
        self.asked: list[str] = []
        self.delay_s = 0.0
        self.quick_after = 0
        self.route = ""
        self.more: Callable[[str, web.Response], None] = lambda _op, _response: None
        self.url = ""
        self._over = asyncio.Event()

    @property
    def door(self) -> Door:
        return Door(name="side", url=self.url)

    def put(self, bucket: str, key: str, body: bytes, **headers: str) -> None:
        self.buckets[bucket][key] = Kept(body, headers)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Self]:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._over.set()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        op = op_of(request)
        self.asked.append(op)
        if self.delay_s and len(self.asked) <= self.quick_after:
            await asyncio.sleep(self.delay_s)
        if op in self.hangs:
            await self._over.wait()
        if op in self.instead:
            response = refusal(*self.instead[op])
        else:
            response = self._done(op, request, body)
            if op in self.behind:
                response = refusal(*self.behind[op])
        if self.route:
            response.headers["X-Vgwm-Route"] = self.route
        self.more(op, response)
        return response

    def _done(self, op: str, request: web.Request, body: bytes) -> web.Response:
        bucket, _, key = request.path.removeprefix("/").partition("/")
        objects = self.buckets.get(bucket)
        if objects is None or op in _OF_BUCKETS.values():
            return self._bucket(op, bucket)
        if request.method == "PUT":
            return self._put(op, request, objects, key, body)
        if op == "DeleteObject":
            objects.pop(key, None)
            return web.Response(status=204)
        if op == "AbortMultipartUpload":
            return refusal(404, "NoSuchUpload")
        if op == "ListMultipartUploads":
            return self._uploads(bucket)
        listing = op == "ListObjectsV2"
        prefix = request.query.get("prefix", "")
        return _listing(objects, prefix) if listing else _read(request, objects.get(key))

    def _bucket(self, op: str, bucket: str) -> web.Response:
        if op == "CreateBucket":
            if bucket in self.buckets:
                return refusal(409, "BucketAlreadyOwnedByYou")
            self.buckets[bucket] = {}
        elif bucket not in self.buckets:
            return refusal(404, "NoSuchBucket")
        elif op == "DeleteBucket":
            del self.buckets[bucket]
        return web.Response()

    def _put(
        self, op: str, request: web.Request, objects: dict[str, Kept], key: str, body: bytes
    ) -> web.Response:
        if op == "CopyObject":
            source = unquote(request.headers["x-amz-copy-source"]).removeprefix("/")
            from_bucket, _, from_key = source.partition("/")
            objects[key] = self.buckets[from_bucket][from_key]
            return web.Response(text="<CopyObjectResult/>")
        own = {k: v for k, v in request.headers.items() if k.lower().startswith("x-amz-meta-")}
        objects[key] = Kept(body, {**own, "Content-Type": request.content_type})
        return web.Response(headers={"ETag": objects[key].etag})

    def _uploads(self, bucket: str) -> web.Response:
        rows = "".join(
            f"<Upload><Key>{escape(key)}</Key><UploadId>u</UploadId></Upload>"
            for key in self.uploads.get(bucket, ())
        )
        return web.Response(
            text=f'<ListMultipartUploadsResult xmlns="{XMLNS}">{rows}</ListMultipartUploadsResult>'
        )


def _listing(objects: dict[str, Kept], prefix: str) -> web.Response:
    rows = "".join(
        f"<Contents><Key>{quote_plus(key)}</Key><Size>{len(kept.body)}</Size>"
        f"<ETag>{escape(kept.etag)}</ETag></Contents>"
        for key, kept in sorted(objects.items())
        if key.startswith(prefix)
    )
    return web.Response(
        text=f'<ListBucketResult xmlns="{XMLNS}"><EncodingType>url</EncodingType>{rows}'
        "</ListBucketResult>"
    )


def _read(request: web.Request, kept: Kept | None) -> web.Response:
    if kept is None:
        return refusal(404, "NoSuchKey")
    wanted = request.http_range
    body, status = kept.body, 200
    if wanted.start is not None or wanted.stop is not None:
        body, status = kept.body[wanted], 206
    headers = {"ETag": kept.etag, "Last-Modified": MODIFIED, **kept.headers}
    return web.Response(body=body, status=status, headers=headers)
