"""Rows of the object table, mended: made again from their bundle's manifest, as the copy made them.

A row is written only where the present one is absent or ours, and only if it is still that one in
the transaction that writes (I10). What a manifest says is believed only where the ledger recorded
the same: CID, size, and the digest of the metadata. May import ledger, target and the verify room.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.dag.manifest import Manifest
from core.errors import VgwmError
from core.model import Cid, ObjectState
from core.target.objects import same_row
from core.target.ours import Ours
from core.target.rows import PinnedBundle, RowMaker
from core.target.rows_again import row_entry
from core.target.shape import Source
from core.verify.row_mark import metadata_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.copying.placement import Placement
    from core.engine.known_buckets import KnownBuckets
    from core.engine.repairing.keeping import KeptRows
    from core.ledger.checking import KeptRow
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow, EntryRow
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.rows import RowEntry
    from core.target.shape import Row, RowKey
    from core.verify.source_side import SourceKeys

ROWS: Final = 500
_ENDED: Final = frozenset({ObjectState.GONE_APPLIED, ObjectState.SKIPPED})


class Named(NamedTuple):
    """What a manifest says of an object, with the digest of its metadata."""

    entry: RowEntry
    cid: Cid
    mh: int


class BundleNamed(NamedTuple):
    """A bundle's current objects by key. fault: why nothing is known of it."""

    pinned: PinnedBundle | None
    named: Mapping[bytes, Named]
    fault: str = ""


class RowsMended(NamedTuple):
    """What became of some rows. written: as they are now. left: why others were left, by key."""

    written: list[Row]
    left: dict[RowKey, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMeans:
    """What rows are mended with. kept: takes rows as they were before they are touched.

    source: asked for metadata that changed since its bundle was made; None where it cannot be.
    """

    ledger: Ledger
    table: ObjectTable
    placement: Placement
    profile: Profile
    workspace_id: str
    buckets: KnownBuckets
    kept: KeptRows
    source: SourceKeys | None


class RowMender:
    """Mends rows of one table. Remembers the rows of the last bundle that it read."""

    def __init__(self, means: RowMeans) -> None:
        self._m = means
        self._maker = RowMaker(means.profile, means.workspace_id)
        self._ours = Ours(means.profile, means.workspace_id)
        self._cid_at = means.profile.objects.sources.index(Source.CID)
        columns = means.profile.objects.columns
        self._fixed = [at for at, column in enumerate(columns) if not column.volatile]
        self._last = (0, BundleNamed(None, {}))

    async def write(self, bucket: BucketRow, keys: Sequence[bytes]) -> RowsMended:
        """Write the rows of some keys of a bucket as they ought to be; those that are so stay."""
        name = bucket.name.decode()
        kept = await self._m.ledger.looked.rows(bucket.id, keys)
        present = {row[1]: row for row in await self._m.table.read(_places(name, keys))}
        wanted: list[Row] = []
        left: dict[RowKey, str] = {}
        for key in keys:
            row, why = await self._wanted(bucket, kept.get(key), present.get(key.decode()))
            if row is not None:
                wanted.append(row)
            elif why:
                left[name, key.decode()] = why
        expected = [present.get(row[1]) for row in wanted]
        await self._m.kept.keep([row for row in expected if row is not None])
        for place in await self._m.table.replace_if(wanted, expected) if wanted else ():
            left[place] = "it changed while it was looked at"
        written = [row for row in wanted if (row[0], row[1]) not in left]
        return RowsMended(written, left)

    async def write_buckets(self, names: Sequence[str]) -> RowsMended:
        """Write the rows of buckets that have none; one that is there is never replaced."""
        there = {str(row[0]) for row in await self._m.table.scan_buckets()}
        known = self._m.buckets.rows(self._m.profile)
        lost = [row for row in known if row[0] in names and row[0] not in there]
        if lost:
            await self._m.table.upsert_buckets(lost)
        return RowsMended(lost, {})

    async def remove(self, bucket: str, keys: Sequence[bytes], number: int | None) -> RowsMended:
        """Remove rows of ours that the ledger does not know. number: of the bucket, None: unknown.

        written: the rows that were removed.
        """
        kept = {} if number is None else await self._m.ledger.looked.rows(number, keys)
        left: dict[RowKey, str] = {}
        going: list[Row] = []
        for row in await self._m.table.read(_places(bucket, keys)):
            known = kept.get(str(row[1]).encode())
            if known is not None and known.state not in _ENDED and known.cid is not None:
                left[bucket, str(row[1])] = "the ledger knows it by now"
            elif not self._ours.wrote(row):
                left[bucket, str(row[1])] = "it does not bear our mark"
            else:
                going.append(row)
        await self._m.kept.keep(going)
        for place in await self._m.table.delete_if(going) if going else ():
            left[place] = "it changed while it was looked at"
        return RowsMended([row for row in going if (row[0], row[1]) not in left], left)

    async def others(self, bucket: bytes, entries: Sequence[EntryRow]) -> set[bytes]:
        """Return which of some recorded objects have a row that is not ours: nobody overwrites it.

        Old versions have none.
        """
        known = next(one for one in await self._m.ledger.buckets() if one.name == bucket)
        keys = [entry[0] for entry in entries if not entry[1]]
        found: set[bytes] = set()
        for at in range(0, len(keys), ROWS):
            page = keys[at : at + ROWS]
            kept = await self._m.ledger.looked.rows(known.id, page)
            for row in await self._m.table.read(_places(bucket.decode(), page)):
                key = str(row[1]).encode()
                if key in kept and not self._is_ours(row, kept[key]):
                    found.add(key)
        return found

    async def _wanted(
        self, bucket: BucketRow, known: KeptRow | None, present: Row | None
    ) -> tuple[Row | None, str]:
        """Return the row that ought to stand, or None and why not; "" where it stands already."""
        if known is None or known.state is not ObjectState.RECORDED or known.cid is None:
            return None, "the ledger does not call it recorded"
        if present is not None and not self._is_ours(present, known):
            return None, "the present row is not ours"
        held = await self._bundle(known.bundle)
        named = held.named.get(known.key)
        if named is None or named.cid != known.cid or held.pinned is None:
            return None, held.fault or "its bundle does not name it as the ledger does"
        entry = named.entry
        if named.mh != known.mh:
            newer = await asyncio.to_thread(self._renewed, bucket.name, known, entry)
            if newer is None:
                return None, "its newer metadata is not at the source as it was recorded"
            entry = newer
        row = self._maker.rows(held.pinned, [entry])[0]
        stands = present is not None and same_row(present, row, self._fixed)
        return (None, "") if stands else (row, "")

    def _renewed(self, bucket: bytes, known: KeptRow, entry: RowEntry) -> RowEntry | None:
        """Give an entry the source's metadata, if that is what the ledger recorded of it.

        A sync that finds new attributes on the same bytes writes a row and no bundle.
        """
        if self._m.source is None:
            return None
        try:
            look = self._m.source.look(bucket, known.key, b"")
        except VgwmError:
            return None
        if look.meta is None or look.mh != known.mh:
            return None
        return entry._replace(meta=look.meta, mtime_ns=look.mtime_ns, created_ns=look.created_ns)

    def _is_ours(self, present: Row, known: KeptRow) -> bool:
        if self._ours.wrote(present):
            return True
        # without a Json column no row bears a mark: then it is ours by its content
        no_mark = self._m.profile.objects.position(Source.METADATA) is None
        return no_mark and present[self._cid_at] == cids.text(known.cid or Cid(b""))

    async def _bundle(self, number: int) -> BundleNamed:
        """Return what a bundle's manifest says of each current object."""
        if self._last[0] != number:
            self._last = (number, await self._read(number))
        return self._last[1]

    async def _read(self, number: int) -> BundleNamed:
        bundle = await self._m.ledger.bundle(number)
        if bundle is None or bundle.root is None:
            return BundleNamed(None, {})
        try:
            text = await self._m.placement.manifest(bundle.root, bundle.allocations)
        except VgwmError as error:
            return BundleNamed(None, {}, f"its bundle's manifest cannot be read: {error.what}")
        pinned = PinnedBundle(
            bundle.bucket.decode(),
            cids.text(bundle.root),
            bundle.id,
            bundle.allocations,
            self._m.buckets.owner(bundle.bucket_id),
        )
        return BundleNamed(pinned, await asyncio.to_thread(_named, text))


def _named(text: bytes) -> dict[bytes, Named]:
    return {
        one.key.encode(): Named(entry, one.cid, metadata_digest(one.meta_text))
        for one in Manifest.parse(text.decode()).entries
        if one.cid is not None and (entry := row_entry(one)) is not None
    }


def _places(bucket: str, keys: Sequence[bytes]) -> list[RowKey]:
    return [(bucket, key.decode()) for key in keys]
