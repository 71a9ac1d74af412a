"""A stand-in S3 endpoint: what it says is a function, down to the bytes on the wire.

The real VersityGW stands beside it in `tests/real/test_s3_source.py`; this one tells the lies and
breaks off as no real server does on demand.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_from_bytes, unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape

from core.config.secret import Secret, SecretRef
from core.source.s3.config import S3Config
from core.source.s3.keys import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
ACCESS = "AKSTANDIN0000"
SECRET = "a-secret-of-the-stand-in"  # noqa: S105 - it opens nothing
MODIFIED = "Thu, 26 Nov 2026 01:34:25 GMT"
LISTED = "2026-11-26T01:34:25.000Z"
MODIFIED_NS = 1_795_656_865 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. path: decoded, without the bucket's slash; headers: names in lower case."""

    method: str
    bucket: bytes
    key: bytes
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Say:
    """Bytes for the wire. close: end the connection behind them."""

    raw: bytes
    close: bool = False


def answer(status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Say:
    """An answer that keeps to HTTP."""
    lines = {"Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Say(f"HTTP/1.1 {status} Word\r\n{head}\r\n".encode("latin-1") + body)


def refusal(status: int, code: str, headers: Mapping[str, str] | None = None) -> Say:
    """An error as S3 words it."""
    text = f"<Error><Code>{code}</Code><Message>words of {code}</Message></Error>"
    return answer(status, text.encode(), headers)


def object_headers(body: bytes, more: Mapping[str, str] | None = None) -> dict[str, str]:
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return {"ETag": f'"{etag}"', "Last-Modified": MODIFIED, **(more or {})}


def config_of(url: str, *, access: str = ACCESS, secret: str = SECRET) -> S3Config:
    """How a client finds an endpoint, its keys at hand."""
    return S3Config(
        endpoint=url,
        region="us-east-1",
        access_key_ref=SecretRef.parse("env:NOBODY_SETS_THIS"),
        secret_ref=SecretRef.parse("env:NOBODY_SETS_THIS"),
        held=Keys(Secret(access), Secret(secret)),
    )


class S3Endpoint:
    """Serves until it is closed; each connection has a thread. asked: all requests so far."""

    def __init__(self, says: Callable[[Asked], Say]) -> None:
        self._says = says
        self.asked: list[Asked] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def config(self) -> S3Config:
        """How a client finds it."""
        return config_of(self.url)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as incoming:
            while line := incoming.readline():
                headers = {}
                while text := incoming.readline().strip():
                    name, _, value = text.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                asked = _asked(line.decode(), headers)
                self.asked.append(asked)
                said = self._says(asked)
                connection.sendall(said.raw)
                if said.close:
                    break
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.discard(connection)


def _asked(line: str, headers: Mapping[str, str]) -> Asked:
    method, target, _ = line.split()
    parts = urlsplit(target)
    bucket, _, key = parts.path.removeprefix("/").partition("/")
    query = dict(parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape"))
    return Asked(method, unquote_to_bytes(bucket), unquote_to_bytes(key), query, headers)


@dataclass
class Bucket:
    """Objects of one bucket, served as S3 does. page: keys a page. url_encoded: as asked."""

    objects: dict[bytes, bytes] = field(default_factory=dict)
    tags: dict[bytes, dict[str, str]] = field(default_factory=dict)
    page: int = 1_000
    url_encoded: bool = True

    def says(self, asked: Asked) -> Say:
        if not asked.key:
            return answer(200, self.listing(asked))
        if "tagging" in asked.query:
            return answer(200, self._tagging(asked.key))
        body = self.objects.get(asked.key)
        if body is None:
            return refusal(404, "NoSuchKey")
        return self._object(asked, body)

    def _object(self, asked: Asked, body: bytes) -> Say:
        more = object_headers(body)
        if asked.key in self.tags:
            more["x-amz-tagging-count"] = str(len(self.tags[asked.key]))
        wanted = asked.headers.get("range", "")
        if asked.headers.get("if-match", more["ETag"]) != more["ETag"]:
            return refusal(412, "PreconditionFailed")
        if wanted:
            first, last = map(int, wanted.removeprefix("bytes=").split("-"))
            more["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            return answer(206, body[first : last + 1], more)
        if asked.method == "HEAD":
            more["Content-Length"] = str(len(body))
            return Say(answer(200, b"", more).raw)
        return answer(200, body, more)

    def _tagging(self, key: bytes) -> bytes:
        pairs = "".join(
            f"<Tag><Key>{escape(k)}</Key><Value>{escape(v)}</Value></Tag>"
            for k, v in self.tags[key].items()
        )
        return f'<Tagging xmlns="{XMLNS}"><TagSet>{pairs}</TagSet></Tagging>'.encode()

    def listing(self, asked: Asked) -> bytes:
        """ListObjectsV2: start-after, continuation-token and delimiter."""
        after = _bytes(asked.query.get("start-after", ""))
        after = max(after, bytes.fromhex(asked.query.get("continuation-token", "")))
        split = "delimiter" in asked.query
        names = list(self._names(after, split=split))
        shown, rest = names[: self.page], names[self.page :]
        rows = "".join(self._row(name, split=split) for name in shown)
        more = f"<IsTruncated>{'true' if rest else 'false'}</IsTruncated>"
        if rest:
            more += f"<NextContinuationToken>{shown[-1].hex()}</NextContinuationToken>"
        if self.url_encoded:
            more += "<EncodingType>url</EncodingType>"
        return f'<ListBucketResult xmlns="{XMLNS}">{more}{rows}</ListBucketResult>'.encode()

    def _names(self, after: bytes, *, split: bool) -> Iterator[bytes]:
        last = b""
        for key in sorted(self.objects):
            if key <= after:
                continue
            head, slash, _ = key.partition(b"/")
            name = head + slash if split and slash else key
            if name != last and not (split and slash and after.startswith(name)):
                last = name
                yield name

    def _row(self, name: bytes, *, split: bool) -> str:
        if split and name.endswith(b"/"):
            return f"<CommonPrefixes><Prefix>{self._shown(name)}</Prefix></CommonPrefixes>"
        etag = object_headers(self.objects[name])["ETag"]
        return (
            f"<Contents><Key>{self._shown(name)}</Key><LastModified>{LISTED}</LastModified>"
            f"<ETag>{escape(etag)}</ETag><Size>{len(self.objects[name])}</Size></Contents>"
        )

    def _shown(self, name: bytes) -> str:
        if self.url_encoded:
            return quote_from_bytes(name, safe="/").replace("%20", "+")
        return escape(name.decode("utf-8", "replace"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
