"""Cutting a stream of entries, in key order, into bundles. Pure.

A bundle closes at `batch_size` objects or `bundle_bytes`; an object above `large_threshold` is a
bundle of its own, and the range around it goes on. What is closed is handed over together, in key
order, so that the last key handed over is a cursor: everything up to it is in the ledger.
May import the model only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.model import BundleKind

if TYPE_CHECKING:
    from collections.abc import Iterable

RawEntry = tuple[bytes, bytes, int | None, int, int, int]
"""(key, version, size or None, inode, mtime_ns, ctime_ns): model.Entry without its class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A bundle as it was cut: its entries in key order."""

    kind: BundleKind
    entries: list[RawEntry]
    size_bytes: int


@dataclass(slots=True, kw_only=True)
class Cutter:
    """Cuts one bucket's entries. Memory: the entries of one open bundle.

    first_bytes, first_bundles: the job's first bundles close earlier, because the plan's size is
    not known yet and few, large bundles would leave workers idle.
    """

    batch_size: int
    bundle_bytes: int
    large_threshold: int
    first_bytes: int
    first_bundles: int
    _open: list[RawEntry] = field(default_factory=list)
    _open_bytes: int = 0
    _large: list[Cut] = field(default_factory=list)
    _key: bytes | None = None

    def feed(self, entries: Iterable[RawEntry]) -> list[Cut]:
        """Take entries in key order; return the bundles that they close, in key order.

        A key's versions stay together, so that a cursor never stands inside a key.
        """
        closed: list[Cut] = []
        large, batch, room = self.large_threshold, self.batch_size, self._room()
        opened, opened_bytes, last = self._open, self._open_bytes, self._key
        for entry in entries:
            key, size = entry[0], entry[2] or 0
            if key != last:
                last = key
                full = len(opened) >= batch or (opened and opened_bytes + size > room)
                if full or (self._large and not opened):
                    self._open_bytes = opened_bytes
                    closed += self._take()
                    opened, opened_bytes, room = self._open, 0, self._room()
            if size > large:
                self._large.append(Cut(kind=BundleKind.LARGE, entries=[entry], size_bytes=size))
            else:
                opened.append(entry)
                opened_bytes += size
        self._open_bytes, self._key = opened_bytes, last
        return closed

    @property
    def empty(self) -> bool:
        """Whether nothing waits to be closed."""
        return not self._open and not self._large

    def rest(self) -> list[Cut]:
        """Close what is open: the bucket has ended."""
        return self._take()

    def _room(self) -> int:
        return min(self.first_bytes, self.bundle_bytes) if self.first_bundles else self.bundle_bytes

    def _take(self) -> list[Cut]:
        cuts = self._large
        if self._open:
            kept = Cut(kind=BundleKind.RANGE, entries=self._open, size_bytes=self._open_bytes)
            cuts = [kept, *cuts]
            self.first_bundles = max(0, self.first_bundles - 1)
        self._open, self._open_bytes, self._large = [], 0, []
        return cuts
