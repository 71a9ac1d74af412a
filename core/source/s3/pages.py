"""Pages of listings, taken apart. Pure: XML in, rows out; the order is not judged here.

May import its own room.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from core.source.s3.reply import MOST_DIGITS, in_range
from core.source.s3.xml import local, namespace, parse_as

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from core.source.s3.listed import Listed

RawRow = tuple[bytes, bytes, int | None, str, int]
"""`Listed` without its class."""

_NS: Final = 1_000_000_000
_SECOND_CHARS: Final = 19
_CACHED: Final = 4_096
_TRUE: Final = "true"
_moments: dict[str, int] = {}


class ObjectsPage(NamedTuple):
    """A page of ListObjectsV2. token: of the next page, "" for none.

    exact: keys were sent encoded, so that every byte is true. prefixes: common ones, in the order
    sent.
    """

    rows: list[Listed]
    prefixes: list[bytes]
    truncated: bool
    token: str
    exact: bool


class VersionsPage(NamedTuple):
    """A page of ListObjectVersions. key_marker, version_marker: where the next one begins."""

    rows: list[Listed]
    truncated: bool
    key_marker: bytes
    version_marker: bytes
    exact: bool


def objects_page(body: bytes, where: str) -> ObjectsPage:
    """Return a page of ListObjectsV2. Raises Broken."""
    root = parse_as("ListBucketResult", body, where)
    ns = namespace(root)
    exact = _is_exact(root, ns)
    contents, key_name, size_name = f"{ns}Contents", f"{ns}Key", f"{ns}Size"
    etag_name, time_name = f"{ns}ETag", f"{ns}LastModified"
    rows: list[RawRow] = []
    for one in root.iterfind(contents):
        text = one.findtext
        key = text(key_name, "")
        rows.append(
            (
                _exact(key) if exact else key.encode(),
                b"",
                _size(text(size_name, "0")),
                text(etag_name, "").strip('"'),
                time_ns(text(time_name, "")),
            )
        )
    prefixes = [
        _key(found, exact=exact)
        for one in root.iterfind(f"{ns}CommonPrefixes")
        if (found := one.findtext(f"{ns}Prefix", ""))
    ]
    return ObjectsPage(
        rows=rows,  # type: ignore[arg-type] # plain tuples of its shape
        prefixes=prefixes,
        truncated=root.findtext(f"{ns}IsTruncated", "") == _TRUE,
        token=root.findtext(f"{ns}NextContinuationToken", ""),
        exact=exact,
    )


def versions_page(body: bytes, where: str) -> VersionsPage:
    """Return a page of ListObjectVersions: the current one of each key under b"". Raises Broken."""
    root = parse_as("ListVersionsResult", body, where)
    ns = namespace(root)
    exact = _is_exact(root, ns)
    rows: list[RawRow] = []
    for one in root:
        kind = local(one.tag)
        if kind not in {"Version", "DeleteMarker"}:
            continue
        latest = one.findtext(f"{ns}IsLatest", "") == _TRUE
        marker = kind == "DeleteMarker"
        rows.append(
            (
                _key(one.findtext(f"{ns}Key", ""), exact=exact),
                b"" if latest else one.findtext(f"{ns}VersionId", "null").encode(),
                None if marker else _size(one.findtext(f"{ns}Size", "0")),
                "" if marker else one.findtext(f"{ns}ETag", "").strip('"'),
                time_ns(one.findtext(f"{ns}LastModified", "")),
            )
        )
    # VersityGW writes a page's versions first and its markers behind them, each in their order
    rows.sort(key=_place)
    return VersionsPage(
        rows=rows,  # type: ignore[arg-type] # plain tuples of its shape
        truncated=root.findtext(f"{ns}IsTruncated", "") == _TRUE,
        key_marker=_key(root.findtext(f"{ns}NextKeyMarker", ""), exact=exact),
        version_marker=root.findtext(f"{ns}NextVersionIdMarker", "").encode(),
        exact=exact,
    )


def _place(row: RawRow) -> tuple[bytes, bool]:
    """Return where a row belongs: a key's current version before its others, as they were sent."""
    return row[0], row[1] != b""


def time_ns(text: str) -> int:
    """Return a listing's time in UTC nanoseconds, cut to seconds as headers are; 0 for none."""
    second = text[:_SECOND_CHARS]
    known = _moments.get(second)
    if known is not None:
        return known
    try:
        moment = datetime.fromisoformat(second).replace(tzinfo=UTC)
    except ValueError:
        return 0
    if len(_moments) >= _CACHED:
        _moments.clear()
    _moments[second] = ns = in_range(int(moment.timestamp()) * _NS)
    return ns


def _is_exact(root: ET.Element, ns: str) -> bool:
    return root.findtext(f"{ns}EncodingType", "") == "url"


def _key(text: str, *, exact: bool) -> bytes:
    return _exact(text) if exact else text.encode()


def _exact(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " "))


def _size(text: str) -> int:
    """Return a size; 0 for what is none, as the object's own answer tells it again."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0
