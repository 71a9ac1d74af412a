"""Cached rows held against the rows of the object table: a key that says something else is stale.

A key that is not there is no finding: the gateway fills it. One that cannot be read as what it is
said to be is stale, for dropping it costs one look at the table. May import the target and its
own room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag.canonical import read
from core.display import safe
from core.target import cache_keys
from core.target.objects import START
from core.target.shape import Source
from core.verify.difference import APART, Difference, Ill, Listed
from core.verify.row_mark import parted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from core.target.cache_keys import CacheKeys
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row, RowKey, Value

WHERE: Final = "cache"
PAGE: Final = 2_000
_NOTHING: Final = "no row"


class Why(NamedTuple):
    """What disagrees: the field, what the row says, what the key says."""

    field: str
    wanted: str
    found: str


class Doubt(NamedTuple):
    """A `metadata:CID` key that says something else than one row of its CID; another may agree."""

    row: RowKey
    value: bytes
    why: Why


class CacheCheck:
    """Compares cached rows with rows. keys: how many were there to be compared."""

    def __init__(self, profile: Profile, cache: CacheKeys) -> None:
        self._cache = cache
        self._cid_at = profile.objects.sources.index(Source.CID)
        self._size_at = profile.objects.position(Source.SIZE)
        self._meta_at = profile.objects.position(Source.METADATA)
        self._pin_at = profile.objects.position(Source.PIN_STATUS)
        self._statuses = dict(profile.pin_status)
        self._doubts: dict[bytes, Doubt] = {}
        self.keys = 0

    async def rows(self, rows: Sequence[Row]) -> list[Difference]:
        """Return the stale keys of some rows of the table: those of the row and of its CID."""
        asked = [ask for row in rows for ask in self._asked(row)]
        values = await self._cache.get([key for _, key in asked])
        found = []
        for (row, key), value in zip(asked, values, strict=True):
            if value is not None:
                self.keys += 1
                why = self._stale(key, value, row)
                if why is None:
                    continue
                if key.startswith(cache_keys.METADATA):
                    self._doubts.setdefault(key, Doubt(_place(row), value, why))
                else:
                    found.append(_difference(_place(row), key, why))
        return found

    async def doubted(self, table: ObjectTable) -> list[Difference]:
        """Return the `metadata:CID` keys that agree with no row of their CID.

        Equal contents share a CID, and each row has metadata of its own: so all rows are read again
        where a key was doubted. Memory: the doubted keys.
        """
        after = START
        while self._doubts and (page := await table.scan(after, PAGE)):
            for row in page:
                key = cache_keys.METADATA + str(row[self._cid_at]).encode()
                doubt = self._doubts.get(key)
                if doubt is not None and self._stale(key, doubt.value, row) is None:
                    del self._doubts[key]
            after = _place(page[-1])
        return [_difference(one.row, key, one.why) for key, one in self._doubts.items()]

    async def rowless(self, table: ObjectTable) -> AsyncIterator[list[Difference]]:
        """Yield keys of rows and buckets that the table does not have."""
        async for names in self._cache.scan(cache_keys.MAPPING):
            places = {name: cache_keys.mapped(name) for name in names}
            wanted = [place for place in places.values() if place is not None]
            there = {_place(row) for row in await table.read(wanted)}
            yield [
                _difference(place, name, Why("", _NOTHING, "a cached row"))
                for name, place in places.items()
                if place not in there
            ]
        buckets = {str(row[0]) for row in await table.scan_buckets()}
        async for names in self._cache.scan(cache_keys.BUCKET):
            yield [
                _difference(None, name, Why("", _NOTHING, "a cached bucket"))
                for name in names
                if name.removeprefix(cache_keys.BUCKET).decode(errors="replace") not in buckets
            ]

    def _asked(self, row: Row) -> Iterator[tuple[Row, bytes]]:
        key = cache_keys.mapping_key(*_place(row))
        if key is not None:
            yield row, key
        cid = str(row[self._cid_at]).encode()
        yield row, cache_keys.METADATA + cid
        yield row, cache_keys.PIN_STATUS + cid

    def _stale(self, key: bytes, value: bytes, row: Row) -> Why | None:
        """Return what disagrees, None where nothing does."""
        try:
            cached = read(value)
        except ValueError:
            return Why("", "JSON", "no JSON")
        if not isinstance(cached, dict):
            return Why("", "a row", "no row")
        if key.startswith(cache_keys.METADATA):
            return self._metadata(cached, row)
        return self._columns(cached, row)

    def _columns(self, cached: dict[str, object], row: Row) -> Why | None:
        """Compare those of a row's values that a cached object of any writer names."""
        for name, at in (("cid", self._cid_at), ("size", self._size_at)):
            if at is not None and name in cached and cached[name] != row[at]:
                return Why(name, _shown(row[at]), _shown(cached[name]))
        if "status" in cached and self._pin_at is not None:
            names = {name for name, code in self._statuses.items() if code == row[self._pin_at]}
            if cached["status"] not in (row[self._pin_at], *names):
                return Why("status", _shown(row[self._pin_at]), _shown(cached["status"]))
        inner = cached.get("metadata")
        if isinstance(inner, str):
            try:
                inner = read(inner)
            except ValueError:
                return Why("metadata", "JSON", "no JSON")
        return self._metadata(inner, row) if isinstance(inner, dict) else None

    def _metadata(self, cached: dict[str, object], row: Row) -> Why | None:
        if self._meta_at is None:
            return None
        text = row[self._meta_at]
        try:
            held = read(str(text))
        except ValueError:
            return None  # the row itself is wrong, and is listed as that
        if cached == held:
            return None
        return Why("metadata", _shown(parted(text).bare), "another")


def _place(row: Row) -> RowKey:
    return str(row[0]), str(row[1])


def _difference(place: RowKey | None, key: bytes, why: Why) -> Difference:
    bucket, name = (APART, key) if place is None else (place[0].encode(), place[1].encode())
    return Difference(
        Listed.DIFFER,
        bucket,
        name,
        b"",
        Ill.STALE_CACHE,
        field=why.field,
        wanted=why.wanted,
        found=why.found,
        where=f"{WHERE} {safe(key)}",
    )


def cache_key(one: Difference) -> bytes:
    """Return the key that a difference of this room is about."""
    if one.bucket == APART:
        return one.key
    told = one.where.removeprefix(f"{WHERE} ").encode()
    if told.startswith(cache_keys.MAPPING):
        return cache_keys.MAPPING + one.bucket + b":" + one.key
    return told  # of a CID: safe to show as it is


def _shown(value: Value | object) -> str:
    return "" if value is None else safe(str(value))[:200]
