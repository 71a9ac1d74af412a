"""A side of a join as something that is cut at keys: pages come in, what lies below a key goes out.

Memory: what was read and not cut, a page or two. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


class Feed(Generic[T]):
    """One side, in order of key. several: rows of one key may run over into the next page."""

    def __init__(
        self, pages: Iterator[Sequence[T]], key: Callable[[T], bytes], *, several: bool
    ) -> None:
        self._pages = pages
        self._key = key
        self._several = several
        self._rows: list[T] = []
        self._ended = False

    def fill(self, least: int) -> None:
        """Read until so many rows are held, or the side has ended."""
        while len(self._rows) < least and not self._ended:
            page = next(self._pages, None)
            if page is None:
                self._ended = True
            else:
                self._rows += page

    def grow(self) -> None:
        """Read one page more."""
        self.fill(len(self._rows) + 1)

    def limit(self) -> bytes | None:
        """Return the key below which all is held; None where the side has ended: all is."""
        if self._ended:
            return None
        if not self._rows:
            return b""
        last = self._key(self._rows[-1])
        return last if self._several else last + b"\0"

    def holds_below(self, end: bytes) -> bool:
        """Tell whether a row is held whose key lies below one."""
        return bool(self._rows) and self._key(self._rows[0]) < end

    def below(self, end: bytes | None) -> list[T]:
        """Take the rows whose keys lie below one; None: all that are held."""
        if end is None:
            taken, self._rows = self._rows, []
            return taken
        at = bisect_left(self._rows, end, key=self._key)
        taken, self._rows = self._rows[:at], self._rows[at:]
        return taken
