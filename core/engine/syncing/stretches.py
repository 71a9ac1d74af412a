"""A bucket's walk held against the ledger, stretch by stretch of whole keys.

Where nothing changed both sides are equal lists, compared at once; only a stretch that differs is
looked at key by key. Memory: a page, and the versions of one key.
May import the ledger, the merge and the engine's tasks.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from core.engine.crew.walk_pages import walk_pages
from core.engine.syncing.merge import Differences, compare

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.crew.walk_pages import Walker
    from core.engine.reins import Reins
    from core.ledger.rows import EntryRow
    from core.ledger.sync_looks import StoredObject, SyncLooks
    from core.model import Skip

ROWS: Final = 5_000
"""Rows of the ledger that are held against one page: more come by where much was deleted."""


_ALL: Final = 1 << 31


class Stretch(NamedTuple):
    """Keys up to one of them, all looked at. upto: the last; seen: keys of the source in it."""

    upto: bytes
    seen: int
    found: Differences


class Stretches:
    """Reads one bucket's walk. reins: of the job it is for. since_ns: see `merge.compare`."""

    def __init__(
        self, looks: SyncLooks, bucket_id: int, reins: Reins, *, since_ns: int | None
    ) -> None:
        self._looks = looks
        self._reins = reins
        self._bucket_id = bucket_id
        self._since_ns = since_ns
        self._entries: list[EntryRow] = []
        self._skips: list[Skip] = []

    async def of(self, child: Walker, above: bytes) -> AsyncIterator[Stretch]:
        """Yield the stretches of a walk that began behind a key. Raises what ended the walk."""
        async for page in walk_pages(child, self._reins, "sync"):
            self._entries += page.page.entries
            self._skips += page.page.skips
            if page.last:
                continue
            upto = self._whole(above)
            if upto > above:
                async for stretch in self._stretch(above, upto):
                    yield stretch
                above = upto
        async for stretch in self._stretch(above, None):
            yield stretch

    async def left(self, above: bytes) -> AsyncIterator[Stretch]:
        """Yield what the ledger has of a bucket that the source has no more."""
        async for stretch in self._stretch(above, None):
            yield stretch

    def _whole(self, above: bytes) -> bytes:
        """Return the last key behind which another one was seen: its versions are all there."""
        names = [entry[0] for entry in self._entries[-1:]] + [skip[0] for skip in self._skips[-1:]]
        last = max(names, default=above)
        entry = next((one[0] for one in reversed(self._entries) if one[0] < last), above)
        skip = next((one[0] for one in reversed(self._skips) if one[0] < last), above)
        return max(entry, skip)

    async def _stretch(self, above: bytes, upto: bytes | None) -> AsyncIterator[Stretch]:
        """Yield what is known of the keys up to one, None for all that is left."""
        entries, skips = self._take(upto)
        if upto is not None and not skips and self._since_ns is None:
            kept = await self._looks.fingerprints(self._bucket_id, above, upto, len(entries) + 1)
            if kept == entries:
                yield Stretch(upto, len(entries), Differences())
                return
        while True:
            rows, whole = await self._rows(above, upto)
            if whole is None:
                ends = [above, *(entry[0] for entry in entries[-1:])]
                ends += [*(skip[0] for skip in skips[-1:]), *(row.key for row in rows[-1:])]
                now, skipped, last = entries, skips, max(ends)
            else:
                now, entries = _split(entries, whole)
                skipped, skips = _split_skips(skips, whole)
                last = whole
            found = compare(now, skipped, rows, since_ns=self._since_ns)
            yield Stretch(last, len(now), found)
            if whole == upto:
                return
            above = last

    async def _rows(
        self, above: bytes, upto: bytes | None
    ) -> tuple[list[StoredObject], bytes | None]:
        """Return the ledger's rows of the next keys, and up to which one they are all of them."""
        looks, bucket = self._looks, self._bucket_id
        rows = await looks.stored(bucket, above, upto, ROWS)
        if len(rows) < ROWS:
            return rows, upto
        cut = rows[-1].key
        whole = [row for row in rows if row.key < cut]
        if whole:
            return whole, whole[-1].key
        return await looks.stored(bucket, above, cut, _ALL), cut  # one key of very many versions

    def _take(self, upto: bytes | None) -> tuple[list[EntryRow], list[Skip]]:
        """Take the entries and skips of whole keys out of what was read."""
        if upto is None:
            entries, skips = self._entries, self._skips
            self._entries, self._skips = [], []
        else:
            entries, self._entries = _split(self._entries, upto)
            skips, self._skips = _split_skips(self._skips, upto)
        entries.sort(key=_place)  # a key's versions come newest first
        return entries, skips


def _place(entry: EntryRow) -> tuple[bytes, bytes]:
    return entry[0], entry[1]


def _split(entries: list[EntryRow], upto: bytes) -> tuple[list[EntryRow], list[EntryRow]]:
    at = bisect_left(entries, upto + b"\0", key=lambda entry: entry[0])
    return entries[:at], entries[at:]


def _split_skips(skips: list[Skip], upto: bytes) -> tuple[list[Skip], list[Skip]]:
    at = bisect_left(skips, upto + b"\0", key=lambda skip: skip[0])
    return skips[:at], skips[at:]
