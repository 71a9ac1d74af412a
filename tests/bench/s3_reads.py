"""Reads of an S3 endpoint and nothing else, as a program: `s3_reads KIND URL N OF OBJECTS SIZE`.

KIND is one of three. `lane`: the N-th of `OF` shares of the objects by vgwm's own lane; `bare`: by
the same client library, signed, 16 connections, bytes counted and dropped, in whatever order they
come; `list`: all keys by one ListObjectsV2 after the other. The keys stand in BENCH_S3_ACCESS and
BENCH_S3_SECRET.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pycurl

from core.config.secret import SecretRef
from core.source.s3.client import S3Client
from core.source.s3.config import HANDLES, S3Config
from core.source.s3.fetched import Wanted, Whole
from core.source.s3.handle import Door, Handle
from core.source.s3.request import Request, canonical_query, object_request
from tests.bench.program import serve
from tests.bench.s3_static import BUCKET, key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCESS, SECRET = "BENCH_S3_ACCESS", "BENCH_S3_SECRET"
REGION = "us-east-1"
LIMIT = 1 << 20


def config(url: str) -> S3Config:
    return S3Config(
        endpoint=url,
        region=REGION,
        access_key_ref=SecretRef.parse(f"env:{ACCESS}"),
        secret_ref=SecretRef.parse(f"env:{SECRET}"),
    )


def lane(url: str, numbers: range, size_bytes: int) -> Mapping[str, float]:
    """Read a share of the objects by our lane; its size is known, as from a plan."""
    wanted = (Wanted(key(number).encode(), b"", size_bytes) for number in numbers)
    got = came = 0
    with S3Client(config(url)) as client:
        for one in client.fetch(BUCKET.encode(), wanted, LIMIT):
            if isinstance(one, Whole):
                got += 1
                came += len(one.body)
    return {"objects": got, "size_bytes": came}


def bare(url: str, numbers: range) -> Mapping[str, float]:
    """Read a share of the objects: no more is done than signing, sending and counting."""
    door = Door(config(url))
    requests = (object_request(BUCKET.encode(), key(number).encode()) for number in numbers)
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, HANDLES)
    handles = {handle.curl: handle for handle in (Handle(door) for _ in range(HANDLES))}
    got = came = 0
    under_way = sum(_next(multi, handle, requests) for handle in handles.values())
    while under_way:
        multi.perform()
        left = 1
        while left:
            left, good, bad = multi.info_read()
            if bad:
                raise OSError(bad[0][2])
            for curl in good:
                reply = handles[curl].reply()
                got += reply.status == 200
                came += len(reply.body)
                multi.remove_handle(curl)
                under_way += _next(multi, handles[curl], requests) - 1
        multi.select(1.0)
    return {"objects": got, "size_bytes": came}


def _next(multi: pycurl.CurlMulti, handle: Handle, requests: Iterator[Request]) -> int:
    request = next(requests, None)
    if request is None:
        return 0
    handle.prepare(request, 0)
    multi.add_handle(handle.curl)
    return 1


def listed(url: str) -> Mapping[str, float]:
    """List all keys: each page read, parsed and counted before the next is asked for."""
    door = Door(config(url))
    handle = Handle(door)
    token, seen = b"", 0
    while True:
        pairs = [("list-type", b"2"), ("max-keys", b"1000")]
        pairs += [("continuation-token", token)] if token else []
        handle.prepare(Request("GET", f"/{BUCKET}", canonical_query(pairs)), 0)
        handle.curl.perform()
        root = ET.fromstring(handle.reply().body)  # noqa: S314 - our own server's answer
        ns = root.tag.rpartition("}")[0] + "}" if "}" in root.tag else ""
        seen += sum(1 for one in root.iterfind(f"{ns}Contents") if one.findtext(f"{ns}Key"))
        token = root.findtext(f"{ns}NextContinuationToken", "").encode()
        if not token:
            return {"objects": seen, "size_bytes": 0}


def main(words: list[str]) -> None:
    kind, url, *numbers = words
    number, of, objects, size_bytes = map(int, numbers)
    share = -(-objects // of)
    mine = range(number * share, min(objects, (number + 1) * share))
    match kind:
        case "lane":
            serve(partial(lane, url, mine, size_bytes))
        case "bare":
            serve(partial(bare, url, mine))
        case _:
            serve(partial(listed, url))


if __name__ == "__main__":
    main(sys.argv[1:])
