"""A run of keys of one bucket, page after page: [lower, upper), as the endpoint lists it.

A run knows the next request once a page is in, so that the next one is on its way while the rows
are taken apart. Both kinds of listing are runs: objects (ListObjectsV2) and versions. May import
its own room.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from core.display import safe
from core.errors import Broken
from core.source.s3.pages import objects_page, versions_page
from core.source.s3.request import Request, bucket_path, canonical_query
from core.source.s3.splitting import is_replaced

if TYPE_CHECKING:
    from core.source.s3.listed import Listed

PAGE_KEYS: Final = b"1000"  # with 1 a page VersityGW's version listing never ends
EMPTY_PAGES: Final = 100
"""So many pages in a row without a key, each promising more, are a listing without an end."""

_TOKEN: Final = re.compile(rb"<NextContinuationToken>([^<&]+)</NextContinuationToken>")


class RunPage(NamedTuple):
    """Rows of a run. exact: their keys are true to the byte. last: no page follows."""

    rows: list[Listed]
    exact: bool
    last: bool


class Run(Protocol):
    """A run of keys on its way."""

    def request(self) -> Request:
        """Return the request of the next page."""

    def peek(self, body: bytes) -> bool:
        """Look at a page for where the next one begins; True if that can be asked for already."""

    def page(self, body: bytes) -> RunPage:
        """Take the page that was asked for. Raises Broken where the listing does not advance."""


class ObjectsRun:
    """Current objects. lower: keys strictly behind it, None from the first on.

    upper: keys before it, None to the last one.
    """

    def __init__(
        self, bucket: bytes, where: str, *, lower: bytes | None, upper: bytes | None
    ) -> None:
        self._bucket = bucket
        self._where = where
        self._lower = lower
        self._upper = upper
        self._token = ""
        self._peeked = ""
        self._empty = 0

    def request(self) -> Request:
        """Return the request of the next page."""
        token = self._peeked or self._token
        return objects_request(self._bucket, after=self._lower, token=token)

    def peek(self, body: bytes) -> bool:
        """See `Run`. Only where the run has no end: else this page may be its last."""
        found = _TOKEN.search(body) if self._upper is None else None
        token = found.group(1).decode("latin-1") if found else ""
        self._peeked = token if token.isascii() and token != self._token else ""
        return bool(self._peeked)

    def page(self, body: bytes) -> RunPage:
        """Take a page; see `Run`."""
        page = objects_page(body, self._where)
        if page.truncated and (not page.token or page.token == self._token):
            raise endless(self._where)
        self._empty = 0 if page.rows else self._empty + 1
        if self._empty > EMPTY_PAGES:
            raise endless(self._where)
        self._token, self._peeked = page.token, ""
        return _cut(page.rows, self._upper, exact=page.exact, last=not page.truncated)


class VersionsRun:
    """Every version and marker of a run of keys. lower, upper: as in `ObjectsRun`.

    VersityGW repeats rows across pages: a row that was there already is left out.
    """

    def __init__(
        self, bucket: bytes, where: str, *, lower: bytes | None, upper: bytes | None
    ) -> None:
        self._bucket = bucket
        self._where = where
        self._upper = upper
        self._marks = (lower or b"", b"")
        self._before: set[tuple[bytes, bytes]] = set()
        self._empty = 0

    def request(self) -> Request:
        """Return the request of the next page."""
        key, version = self._marks
        pairs = [("versions", b""), ("max-keys", PAGE_KEYS), ("encoding-type", b"url")]
        pairs += [("key-marker", key)] if key else []
        pairs += [("version-id-marker", version)] if version else []
        return Request("GET", bucket_path(self._bucket), canonical_query(pairs))

    def peek(self, body: bytes) -> bool:
        """See `Run`: not before its rows are in."""
        del body
        return False

    def page(self, body: bytes) -> RunPage:
        """Take a page; see `Run`."""
        page = versions_page(body, self._where)
        marks = (page.key_marker, page.version_marker)
        if page.truncated and marks == self._marks:
            raise endless(self._where)
        fresh = [row for row in page.rows if (row[0], row[1]) not in self._before]
        self._empty = 0 if fresh else self._empty + 1
        if self._empty > EMPTY_PAGES:
            raise endless(self._where)
        self._before = {(row[0], row[1]) for row in page.rows}
        self._marks = marks
        return _cut(fresh, self._upper, exact=page.exact, last=not page.truncated)


def objects_request(
    bucket: bytes, *, after: bytes | None = None, token: str = "", split: bool = False
) -> Request:
    """Return the request of a page of ListObjectsV2. split: keys below a slash as one prefix."""
    pairs = [("list-type", b"2"), ("max-keys", PAGE_KEYS), ("encoding-type", b"url")]
    if token:
        pairs.append(("continuation-token", token.encode()))
    elif after:
        pairs.append(("start-after", after))
    if split:
        pairs.append(("delimiter", b"/"))
    return Request("GET", bucket_path(bucket), canonical_query(pairs))


def endless(where: str, key: bytes | None = None) -> Broken:
    """Return the error of a listing that goes round, or back."""
    at = f" at {safe(key)}" if key is not None else ""
    return Broken(
        what=f"the listing does not advance{at}: it would never end",
        where=where,
        remedy="The endpoint repeats itself or sorts in another order: ask its vendor. Nothing of "
        "this listing was planned.",
    )


def _cut(rows: list[Listed], upper: bytes | None, *, exact: bool, last: bool) -> RunPage:
    """Cut off what lies at or behind the run's end; then this page is its last."""
    if upper is None or not rows:
        return RunPage(rows, exact, last)
    if exact or not any(is_replaced(row[0]) for row in rows):
        if rows[-1][0] < upper:
            return RunPage(rows, exact, last)
        kept = [row for row in rows if row[0] < upper]
        return RunPage(kept, exact, last or len(kept) < len(rows))
    # what stands for another key sorts anywhere: only a true key tells that the end is passed
    for at, row in enumerate(rows):
        if row[0] >= upper and not is_replaced(row[0]):
            return RunPage(rows[:at], exact, last=True)
    return RunPage(rows, exact, last)
