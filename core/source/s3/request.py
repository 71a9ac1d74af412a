"""One read, as it stands in the request line: every byte of a key percent-encoded. Pure.

Imports nothing of the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote_from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable


class Request(NamedTuple):
    """A signed read. path, query: encoded, in the canonical form that is signed.

    more: header lines that go along unsigned.
    """

    method: Literal["GET", "HEAD"]
    path: str
    query: str = ""
    more: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The request's path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


def bucket_path(bucket: bytes) -> str:
    """Return a bucket's path, encoded."""
    return f"/{quote_from_bytes(bucket, safe='')}"


def object_path(bucket: bytes, key: bytes) -> str:
    """Return an object's path, encoded: only the slashes of the key stand as they are."""
    return f"/{quote_from_bytes(bucket, safe='')}/{quote_from_bytes(key, safe='/')}"


def canonical_query(pairs: Iterable[tuple[str, bytes]]) -> str:
    """Return a query in the order and encoding in which it is signed."""
    encoded = [(name, quote_from_bytes(value, safe="")) for name, value in pairs]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def object_request(
    bucket: bytes,
    key: bytes,
    version: bytes = b"",
    *,
    method: Literal["GET", "HEAD"] = "GET",
    more: tuple[str, ...] = (),
) -> Request:
    """Return the read of an object. version: b"" for the current one."""
    query = canonical_query([("versionId", version)]) if version else ""
    return Request(method, object_path(bucket, key), query, more)


def part_request(bucket: bytes, key: bytes, version: bytes, number: int) -> Request:
    """Return the look at a part of a multipart upload. number: from 1, gaps closed."""
    pairs = [("partNumber", b"%d" % number)] + ([("versionId", version)] if version else [])
    return Request("HEAD", object_path(bucket, key), canonical_query(pairs))


def tagging_request(bucket: bytes, key: bytes, version: bytes) -> Request:
    """Return the read of an object's tags."""
    pairs = [("tagging", b"")] + ([("versionId", version)] if version else [])
    return Request("GET", object_path(bucket, key), canonical_query(pairs))
