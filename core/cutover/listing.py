"""What stands in S3's listings, as far as probes look. Pure.

Each reader raises Broken for an answer that is no such listing: a proxy's page would else tell of
no object at all. where: for that message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote_plus

from core.source.s3.xml import local, parse_as

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element


EXACT: Final = ("encoding-type", "url")
"""Asks for keys percent-encoded: XML cannot hold every character of a key."""


class Listed(NamedTuple):
    """An object of a listing, as the gateway wrote it."""

    key: str
    size_bytes: int
    etag: str


class Upload(NamedTuple):
    """A multipart upload in progress. begun: as the gateway wrote it."""

    key: str
    upload_id: str
    begun: str


class Uploads(NamedTuple):
    """A page of uploads. more: others follow."""

    uploads: list[Upload]
    more: bool


def objects_of(body: bytes, where: str) -> list[Listed]:
    """Return the objects of a page of ListObjectsV2."""
    root = parse_as("ListBucketResult", body, where)
    exact = _text(root, "EncodingType") == "url"
    return [
        Listed(_key(one, exact=exact), int(_text(one, "Size") or 0), _text(one, "ETag"))
        for one in _each(root, "Contents")
    ]


def uploads_in(body: bytes, where: str) -> Uploads:
    """Return a page of ListMultipartUploads."""
    root = parse_as("ListMultipartUploadsResult", body, where)
    exact = _text(root, "EncodingType") == "url"
    found = [
        Upload(_key(one, exact=exact), _text(one, "UploadId"), _text(one, "Initiated"))
        for one in _each(root, "Upload")
    ]
    return Uploads(found, _text(root, "IsTruncated") == "true")


def _each(elements: Iterable[Element], name: str) -> list[Element]:
    return [one for one in elements if local(one.tag) == name]


def _key(element: Element, *, exact: bool) -> str:
    text = _text(element, "Key")
    return unquote_plus(text, errors="surrogateescape") if exact else text


def _text(element: Element, name: str) -> str:
    found = _each(element, name)
    return (found[0].text or "") if found else ""
