"""Sees to it that a listing's keys only go forward, and that each is the true one.

XML has no place for some bytes, and an endpoint that does not encode keys writes U+FFFD for them: a
row that shows it may be a key of that name, or another one. It is a key of that name only where
such a key would stand in the order, and if the endpoint knows it. One that is shown by its bytes
may be no UTF-8. May import its own room, and the names of a posix source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.source.posix.names import is_utf8
from core.source.s3.listed import Listed, ListingPage, Unnamed
from core.source.s3.runs import endless
from core.source.s3.splitting import is_replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.source.s3.runs import RunPage


class TrueOrder:
    """Judges the pages of one listing, in their order.

    after: all keys have to lie strictly behind it. exists: tells whether the endpoint knows a key,
    and that version of it.
    """

    def __init__(
        self, where: str, after: bytes | None, exists: Callable[[bytes, bytes], bool]
    ) -> None:
        self._where = where
        self._exists = exists
        self._last = after if after is not None else b""
        self._first = after is None
        self._ids: set[bytes] = set()
        self._doubtful: list[Listed] = []

    def page(self, page: RunPage) -> ListingPage:
        """Return a page, judged. Raises Broken where a key comes twice, or goes back.

        Doubtful rows at its end wait for the next true key.
        """
        rows = page.rows
        if not self._doubtful and (page.exact or not any(is_replaced(row[0]) for row in rows)):
            self._forward(rows)
            return _named(rows)
        true: list[Listed] = []
        unnamed: list[Unnamed] = []
        for row in rows:
            if not page.exact and is_replaced(row[0]):
                self._doubtful.append(row)
                continue
            self._settle(row[0], true, unnamed)
            self._forward([row])
            true.append(row)
        told = _named(true)
        return told._replace(unnamed=[*unnamed, *told.unnamed])

    def end(self) -> ListingPage:
        """Return the doubtful rows at the end of the listing."""
        true: list[Listed] = []
        unnamed: list[Unnamed] = []
        self._settle(None, true, unnamed)
        return ListingPage(true, unnamed)

    def _settle(self, upper: bytes | None, true: list[Listed], unnamed: list[Unnamed]) -> None:
        """Judge the doubtful rows before the true key `upper`."""
        for row in self._doubtful:
            key, version, size = row[0], row[1], row[2]
            fresh = key > self._last or (key == self._last and version not in self._ids)
            if fresh and (upper is None or key < upper) and self._exists(key, version):
                self._forward([row])
                true.append(row)
            else:
                unnamed.append(Unnamed(key, version, size))
        self._doubtful.clear()

    def _forward(self, rows: list[Listed]) -> None:
        last, first, ids = self._last, self._first, self._ids
        for row in rows:
            key = row[0]
            if key > last or first:
                last, first = key, False
                ids.clear()
            elif key < last or row[1] in ids or not ids:
                raise endless(self._where, key)
            ids.add(row[1])
        self._last, self._first = last, first


def _named(rows: list[Listed]) -> ListingPage:
    """Part the keys that no text can hold from the others; an endpoint may have them."""
    try:
        b"\0".join([row[0] for row in rows]).decode()
    except UnicodeDecodeError:
        pass
    else:
        return ListingPage(rows, [])
    odd = [row for row in rows if not is_utf8(row[0])]
    return ListingPage(
        [row for row in rows if is_utf8(row[0])], [Unnamed(row[0], row[1], row[2]) for row in odd]
    )
