"""An S3 endpoint that costs next to nothing, as a program: `s3_static PORT OBJECTS SIZE`.

What it says is made before it is asked: it lists OBJECTS keys of one bucket and gives each its
body. Several of them share a port. It checks no signature. It ends with its standard input.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import socket
import sys
from base64 import b64encode
from bisect import bisect_right
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from awscrt import checksums

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "bench"
PER_FOLDER = 1_000
PAGE = 1_000
BODIES = 4_000
"""Different bodies: more than a bundle holds, so that nothing in one is there twice."""

MODIFIED = "Thu, 26 Nov 2026 01:34:25 GMT"
LISTED = "2026-11-26T01:34:25.000Z"
END = b"\r\n\r\n"
BACKLOG = 256


def key(number: int) -> str:
    """Return the key of an object; keys sort as their numbers."""
    return f"d{number // PER_FOLDER:05d}/object-{number:08d}.bin"


def body(number: int, size_bytes: int) -> bytes:
    """Return the bytes of an object."""
    return random.Random(f"{number % BODIES}").randbytes(size_bytes)  # noqa: S311 - content, not a secret


def etag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


class Site:
    """All that is said, ready as bytes."""

    def __init__(self, objects: int, size_bytes: int) -> None:
        self._keys = [key(number) for number in range(objects)]
        self._size_bytes = size_bytes
        bodies = [body(number, size_bytes) for number in range(min(objects, BODIES))]
        self._etags = [etag(content) for content in bodies]
        self._answers = [_object(content) for content in bodies]
        self._pages: dict[int, bytes] = {}

    def answer(self, head: bytes) -> bytes:
        """Return the answer to a request."""
        target = head[4 : head.index(b" ", 4)]
        path, _, query = target.partition(b"?")
        if not query and path.endswith(b".bin"):
            return self._answers[int(path[-12:-4]) % BODIES]
        return self._other(path.decode(), query.decode())

    def _other(self, path: str, query: str) -> bytes:
        asked = parse_qs(query, keep_blank_values=True)
        if path == "/":
            name = f"<Bucket><Name>{BUCKET}</Name></Bucket>"
            return _xml(
                f"<ListAllMyBucketsResult><Buckets>{name}</Buckets></ListAllMyBucketsResult>"
            )
        if "list-type" in asked:
            after = unquote(asked.get("start-after", [""])[0])
            token = asked.get("continuation-token", [""])[0]
            begin = int(token) if token else bisect_right(self._keys, after)
            if "delimiter" in asked:
                return _xml("".join(self._prefixes()))
            return self._page(begin)
        if "uploads" in asked:
            return _xml("<ListMultipartUploadsResult/>")
        return _said(501, b"<Error><Code>NotImplemented</Code></Error>")

    def _prefixes(self) -> Iterator[str]:
        yield "<ListBucketResult><EncodingType>url</EncodingType>"
        folders = -(-len(self._keys) // PER_FOLDER)
        for number in range(min(folders, PAGE)):
            yield f"<CommonPrefixes><Prefix>d{number:05d}/</Prefix></CommonPrefixes>"
        yield f"<IsTruncated>{'true' if folders > PAGE else 'false'}</IsTruncated>"
        yield "<NextContinuationToken>1</NextContinuationToken></ListBucketResult>"

    def _page(self, begin: int) -> bytes:
        made = self._pages.get(begin)
        if made is None:
            made = self._pages[begin] = _xml("".join(self._rows(begin)))
        return made

    def _rows(self, begin: int) -> Iterator[str]:
        end = min(begin + PAGE, len(self._keys))
        more = "true" if end < len(self._keys) else "false"
        yield f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{more}</IsTruncated>"
        if end < len(self._keys):
            yield f"<NextContinuationToken>{end}</NextContinuationToken>"
        for number in range(begin, end):
            tag = self._etags[number % BODIES]
            yield (
                f"<Contents><Key>{self._keys[number]}</Key><LastModified>{LISTED}</LastModified>"
                f"<ETag>&#34;{tag}&#34;</ETag><Size>{self._size_bytes}</Size></Contents>"
            )
        yield "</ListBucketResult>"


class Speaker(asyncio.Protocol):
    """One connection."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        held = self._held + data
        while (end := held.find(END)) >= 0:
            self._transport.write(self._site.answer(held[:end]))
            held = held[end + len(END) :]
        self._held = held


def _object(content: bytes) -> bytes:
    crc = b64encode(checksums.crc64nvme(content).to_bytes(8, "big")).decode()
    head = (
        "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nContent-Type: binary/octet-stream\r\n"
        f"Content-Length: {len(content)}\r\nDate: {MODIFIED}\r\nLast-Modified: {MODIFIED}\r\n"
        f'ETag: "{etag(content)}"\r\nServer: STATIC\r\nx-amz-checksum-crc64nvme: {crc}\r\n'
        "x-amz-checksum-type: FULL_OBJECT\r\n\r\n"
    )
    return head.encode() + content


def _xml(text: str) -> bytes:
    return _said(200, text.encode())


def _said(status: int, content: bytes) -> bytes:
    head = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def _serve(port: int, site: Site) -> None:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(BACKLOG)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Speaker(site), sock=listening)
    async with server:
        print("ready", flush=True)  # noqa: T201 - the protocol of `tests.bench.program`
        await loop.run_in_executor(None, sys.stdin.read)


def main(words: list[str]) -> None:
    port, objects, size_bytes = map(int, words)
    asyncio.run(_serve(port, Site(objects, size_bytes)))


if __name__ == "__main__":
    main(sys.argv[1:])
