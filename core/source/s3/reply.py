"""What came back: status, header lines, body; or why nothing did. Pure.

May import its own room's nouns.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from core.source.s3.fetched import Head

if TYPE_CHECKING:
    from collections.abc import Sequence

PART: Final = 206
"""The status of a range."""

NO_LENGTH: Final = "its answer does not tell its length"
"""Why an object of unknown length is not taken."""

MOST_DIGITS: Final = 18
"""Of a number in an answer: more are no size of anything, and slow to read."""

_NS: Final = 1_000_000_000
_NS_END: Final = 1 << 63
_MONTHS: Final = {
    name: month
    for month, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_LAST_MODIFIED_BYTES: Final = 29
_CACHED: Final = 4_096
_moments: dict[bytes, int] = {}
_names: dict[bytes, str] = {}
"""Names of headers in lower case: an endpoint writes the same ones each time."""


class Reply(NamedTuple):
    """A finished request. status 0: nobody answered, or it broke off; code, why: the client's.

    lines: the header lines of the last answer, the status line first.
    """

    status: int
    lines: Sequence[bytes]
    body: bytes
    code: int = 0
    why: str = ""


def fields_of(lines: Sequence[bytes]) -> dict[str, bytes]:
    """Return the headers by names in lower case; one that is repeated has its values joined."""
    fields: dict[str, bytes] = {}
    for line in lines:
        if line[:5] == b"HTTP/":
            fields.clear()  # what went before was an interim answer
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            continue
        text = _names.get(name) or _named(name)
        value = value.strip()
        fields[text] = fields[text] + b"," + value if text in fields else value
    return fields


def _named(name: bytes) -> str:
    if len(_names) >= _CACHED:
        _names.clear()
    _names[name] = text = name.decode("latin-1").lower()
    return text


def head_of(reply: Reply) -> Head:
    """Return what an object's headers say. Its size is the body's where no length is told."""
    fields = fields_of(reply.lines)
    length = fields.get("content-length", b"")
    count = fields.get("x-amz-tagging-count", b"")
    return Head(
        size_bytes=_number(length, len(reply.body)),
        etag=unquoted(fields.get("etag", b"")),
        modified_ns=http_time_ns(fields.get("last-modified", b"")),
        version=fields.get("x-amz-version-id", b""),
        tags=_number(count, -1),
        fields=fields,
    )


def tells_length(head: Head) -> bool:
    """Tell whether an answer says how long it is, so that one that breaks off is seen as such."""
    return _number(head.fields.get("content-length", b""), -1) >= 0


def _number(text: bytes, otherwise: int) -> int:
    return int(text) if text.isdigit() and len(text) <= MOST_DIGITS else otherwise


def unquoted(etag: bytes) -> str:
    """Return an ETag without its quotes."""
    return etag.decode("latin-1").removeprefix("W/").removeprefix('"').removesuffix('"')


def http_time_ns(text: bytes) -> int:
    """Return a `Last-Modified` in UTC nanoseconds; 0 where it is none. Repeated ones cost little.

    Form: `Thu, 26 Nov 2026 01:34:25 GMT`, the one that servers have to write.
    """
    known = _moments.get(text)
    if known is not None:
        return known
    month = _MONTHS.get(text[8:11])
    digits = text[5:7] + text[12:16] + text[17:19] + text[20:22] + text[23:25]
    if month is None or len(text) != _LAST_MODIFIED_BYTES or not digits.isdigit():
        return 0
    try:
        moment = datetime(
            int(text[12:16]),
            month,
            int(text[5:7]),
            int(text[17:19]),
            int(text[20:22]),
            int(text[23:25]),
            tzinfo=UTC,
        )
    except ValueError:
        return 0
    if len(_moments) >= _CACHED:
        _moments.clear()
    _moments[text] = ns = in_range(int(moment.timestamp()) * _NS)
    return ns


def in_range(ns: int) -> int:
    """Return a time that a ledger holds as it is, and 0 for others, such as of the year 1."""
    return ns if abs(ns) < _NS_END else 0
