"""GET and HEAD of an object: conditions, a range, and the headers that its row holds."""

from __future__ import annotations

import base64
import re
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import web

from tests.lab.front import sums
from tests.lab.front.call import SERVER, http_date
from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from tests.lab.front.blocks import Blocks
    from tests.lab.front.call import Call
    from tests.lab.front.table import Entry

PLAIN: Final = {
    "Cache-Control": "cache_control",
    "Content-Disposition": "content_disposition",
    "Content-Encoding": "content_encoding",
    "Content-Language": "content_language",
    "Content-Type": "content_type",
    "Expires": "expires",
    "x-amz-website-redirect-location": "website_redirect",
}
"""Headers that are stored as they come, with the member of the row that holds each."""

META: Final = "x-amz-meta-"
DEFAULT_TYPE: Final = "binary/octet-stream"
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


class Span(NamedTuple):
    """A part of an object, in bytes."""

    offset: int
    length: int


async def get(call: Call, entry: Entry, blocks: Blocks) -> web.StreamResponse:
    """Answer a GET or HEAD."""
    _conditions(call, entry)
    span = _span(call.headers.get("Range", ""), entry.size)
    status = HTTPStatus.OK if span is None else HTTPStatus.PARTIAL_CONTENT
    offset, length = span or (0, entry.size)
    headers = described(entry)
    headers["Content-Length"] = str(length)
    if span is not None:
        headers["Content-Range"] = f"bytes {offset}-{offset + length - 1}/{entry.size}"
    elif call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        headers |= _checksums(entry)
    if call.method == "HEAD" or not length:
        return web.Response(status=status, headers=headers)
    pieces = await blocks.read(entry, offset, length)
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(call.request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


def described(entry: Entry) -> dict[str, str]:
    """Return the headers that say what an object is."""
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": DEFAULT_TYPE,
        "Server": SERVER,
        "ETag": f'"{entry.text("etag")}"',
        "Last-Modified": http_date(entry.updated_us),
    }
    headers |= {name: found for name, member in PLAIN.items() if (found := entry.text(member))}
    user = entry.document.get("user")
    if isinstance(user, dict):
        headers |= {META + str(name): _text(value) for name, value in user.items()}
    tags = entry.texts("tags")
    if tags:
        headers["x-amz-tagging-count"] = str(len(tags))
    return headers


def _text(value: object) -> str:
    """Return a value of user metadata; one that is no UTF-8 stands in the row as base64."""
    if isinstance(value, dict):
        return base64.b64decode(str(value["b64"])).decode("latin-1")
    return str(value)


def _checksums(entry: Entry) -> dict[str, str]:
    stored = entry.texts("checksums")
    headers = {sums.HEADER + name: value for name, value in stored.items() if name in sums.NAMES}
    if headers:
        headers[f"{sums.HEADER}type"] = stored.get("type", "FULL_OBJECT")
    return headers


def _conditions(call: Call, entry: Entry) -> None:
    etag = entry.text("etag")
    asked = call.headers
    if "If-Match" in asked:
        if not _names(asked["If-Match"], etag):
            raise S3Fault("PreconditionFailed")
    elif "If-Unmodified-Since" in asked and _newer(entry, asked["If-Unmodified-Since"]):
        raise S3Fault("PreconditionFailed")
    if "If-None-Match" in asked:
        unchanged = _names(asked["If-None-Match"], etag)
    else:
        since = asked.get("If-Modified-Since")
        unchanged = since is not None and not _newer(entry, since)
    if unchanged:
        raise web.HTTPNotModified(headers={"ETag": f'"{etag}"'})


def _names(header: str, etag: str) -> bool:
    return header.strip() == "*" or etag in {one.strip().strip('"') for one in header.split(",")}


def _newer(entry: Entry, date: str) -> bool:
    try:
        return entry.updated_us // 1_000_000 > int(parsedate_to_datetime(date).timestamp())
    except ValueError as error:
        raise S3Fault("InvalidArgument") from error


def _span(header: str, size: int) -> Span | None:
    """Return what a Range header asks for; None for the whole, also where it is no range."""
    found = _RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        offset = size - length
    else:
        offset = int(first)
        length = (min(int(last), size - 1) if last else size - 1) - offset + 1
    if offset >= size or length <= 0:
        raise S3Fault("InvalidRange")
    return Span(offset, length)
