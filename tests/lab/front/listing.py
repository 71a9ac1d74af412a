"""ListObjects, both versions: in the byte order of keys, by prefix and delimiter, page by page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.lab.front.call import iso_date
from tests.lab.front.documents import Node, document
from tests.lab.front.faults import S3Fault

if TYPE_CHECKING:
    from aiohttp import web

    from tests.lab.front.call import Call
    from tests.lab.front.table import Entry, Table

MOST: Final = 1000
_LAST: Final = 0x10FFFF


@dataclass(slots=True)
class Page:
    """objects and folders together count up to the limit; last: the last of either."""

    objects: list[Entry]
    folders: list[str]
    last: str = ""
    more: bool = False


def answer(call: Call, table: Table) -> web.Response:
    """Return one page."""
    query = call.query
    second = query.get("list-type") == "2"
    limit = _limit(query.get("max-keys", str(MOST)))
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    start = _start(query) if second else query.get("marker", "")
    page = _page(table, call.bucket, prefix, delimiter, start, limit)
    encode = query.get("encoding-type") == "url"
    root = document("ListBucketResult")
    root.add("Name", call.bucket)
    root.add("Prefix", _shown(prefix, encode=encode))
    root.add("MaxKeys", str(limit))
    if delimiter:
        root.add("Delimiter", _shown(delimiter, encode=encode))
    if encode:
        root.add("EncodingType", "url")
    root.add("IsTruncated", str(page.more).lower())
    (_second if second else _first)(root, page, query, encode=encode)
    for entry in page.objects:
        _object(root.add("Contents"), entry, encode=encode)
    for folder in page.folders:
        root.add("CommonPrefixes").add("Prefix", _shown(folder, encode=encode))
    return root.answer()


def _first(root: Node, page: Page, query: dict[str, str], *, encode: bool) -> None:
    root.add("Marker", _shown(query.get("marker", ""), encode=encode))
    if page.more:
        root.add("NextMarker", _shown(page.last, encode=encode))


def _second(root: Node, page: Page, query: dict[str, str], *, encode: bool) -> None:
    root.add("KeyCount", str(len(page.objects) + len(page.folders)))
    if "start-after" in query:
        root.add("StartAfter", _shown(query["start-after"], encode=encode))
    if "continuation-token" in query:
        root.add("ContinuationToken", query["continuation-token"])
    if page.more:
        token = base64.urlsafe_b64encode(page.last.encode()).decode()
        root.add("NextContinuationToken", token)


def _object(node: Node, entry: Entry, *, encode: bool) -> None:
    node.add("Key", _shown(entry.key, encode=encode))
    node.add("LastModified", iso_date(entry.updated_us))
    node.add("ETag", f'"{entry.text("etag")}"')
    node.add("Size", str(entry.size))
    node.add("StorageClass", "STANDARD")


def _page(  # noqa: PLR0913, PLR0917 - what a listing is asked for
    table: Table, bucket: str, prefix: str, delimiter: str, start: str, limit: int
) -> Page:
    page = Page([], [])
    if not limit:
        return page
    at, including = (prefix, True) if start < prefix else (start, False)
    while True:
        jump = ""
        for entry in table.after(bucket, at, including=including):
            if not entry.key.startswith(prefix):
                return page
            folder = _folder(entry.key, prefix, delimiter)
            if folder and folder <= start:  # its page has been
                jump = folder
                break
            if len(page.objects) + len(page.folders) == limit:
                page.more = True
                return page
            page.last = folder or entry.key
            if folder:
                page.folders.append(folder)
                jump = folder
                break
            page.objects.append(entry)
        if not jump:
            return page
        at, including = _behind(jump), True


def _folder(key: str, prefix: str, delimiter: str) -> str:
    if not delimiter:
        return ""
    end = key.find(delimiter, len(prefix))
    return "" if end < 0 else key[: end + len(delimiter)]


def _behind(folder: str) -> str:
    """Return the least text that is greater than all that begins so."""
    following = ord(folder[-1]) + 1
    if following > _LAST:
        return _behind(folder[:-1])
    if 0xD800 <= following <= 0xDFFF:  # no text holds those
        following = 0xE000
    return folder[:-1] + chr(following)


def _start(query: dict[str, str]) -> str:
    token = query.get("continuation-token")
    if not token:
        return query.get("start-after", "")
    try:
        return base64.urlsafe_b64decode(token).decode()
    except ValueError as error:
        raise S3Fault("InvalidArgument") from error


def _limit(text: str) -> int:
    if not text.isdecimal():
        raise S3Fault("InvalidArgument")
    return min(int(text), MOST)


def _shown(text: str, *, encode: bool) -> str:
    return quote(text, safe="/-_.~") if encode else text
