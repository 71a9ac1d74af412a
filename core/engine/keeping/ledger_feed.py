"""The rows that the ledger says there should be, with the texts that their manifests hold.

The ledger gives keys, CIDs and the digest of each object's metadata; the metadata itself stands in
the bundle's manifest. Where an object's attributes changed since and its bytes did not, the newer
text is in the row in use, or still at the source: it is believed by that digest. May import ledger,
source and target.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.dag.errors import DagError
from core.dag.manifest import Manifest
from core.display import object_name, safe
from core.engine.keeping.manifests import Rooted
from core.errors import Broken, VgwmError
from core.target.rows import PinnedBundle
from core.target.rows_again import row_entry
from core.target.shape import Source
from core.verify.row_mark import metadata_digest, parted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from core.engine.keeping.bucket_rows import BucketBook
    from core.engine.keeping.manifests import Manifests
    from core.ledger.current_rows import CurrentRow
    from core.ledger.reading import LedgerReader
    from core.ledger.rows import BucketRow
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.rows import RowEntry, RowMaker
    from core.target.shape import Row
    from core.verify.sides import Look
    from core.verify.source_side import SourceKeys

PAGE: Final = 2_000
_HELD: Final = 32
"""Bundles at hand: keys in order come from few at a time, also where later rounds lie between."""


class _Named(NamedTuple):
    """What a manifest says of a current object."""

    cid: bytes
    digest: int
    entry: RowEntry


class _Held(NamedTuple):
    """A bundle at hand. fault: why nothing is known of it."""

    pinned: PinnedBundle | None
    named: dict[bytes, _Named]
    fault: VgwmError | None


class LedgerFeed:
    """Every current object that is recorded, in key order."""

    carries = True

    def __init__(  # noqa: PLR0913, PLR0917 - each a thing of its own
        self,
        ledger: LedgerReader,
        manifests: Manifests,
        maker: RowMaker,
        book: BucketBook,
        profile: Profile,
        present: ObjectTable | None,
        source: SourceKeys | None,
    ) -> None:
        """present: None where there is no table in use. source: None where it cannot be asked."""
        self._source = source
        self._ledger = ledger
        self._manifests = manifests
        self._maker = maker
        self._book = book
        self._present = present
        self._cid_at = profile.objects.sources.index(Source.CID)
        self._meta_at = profile.objects.position(Source.METADATA)
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self.stale = 0

    async def pages(self) -> AsyncGenerator[list[Row]]:
        """Yield the rows. Raises what kept a manifest from being read: no row is left out."""
        for bucket in sorted(await self._ledger.buckets(), key=lambda row: row.name):
            after = b""
            while page := await self._ledger.current.page(bucket.id, after, PAGE):
                after = page[-1].key
                yield await self._rows(bucket, page)

    async def buckets(self) -> list[Row]:
        """Return the bucket rows."""
        return await self._book.rows(self._present)

    async def _rows(self, bucket: BucketRow, page: Sequence[CurrentRow]) -> list[Row]:
        made: dict[bytes, Row] = {}
        doubtful: list[CurrentRow] = []
        for number, some in groupby(page, key=lambda one: one.bundle):
            members = list(some)
            held = await self._bundle(bucket, number)
            known = [(one, named) for one in members if (named := held.named.get(one.key))]
            known = [(one, named) for one, named in known if named.cid == one.cid]
            if held.pinned is not None:
                rows = self._maker.rows(held.pinned, [named.entry for _, named in known])
                made.update((one.key, row) for (one, _), row in zip(known, rows, strict=True))
            right = {one.key for one, named in known if named.digest == one.digest}
            doubtful += [one for one in members if one.key not in right]
        if doubtful:
            await self._settle(bucket, doubtful, made)
        return [made[one.key] for one in page]

    async def _settle(
        self, bucket: BucketRow, doubtful: Sequence[CurrentRow], made: dict[bytes, Row]
    ) -> None:
        """Take the row in use for an object, if it is as the ledger says; else what there is."""
        name = bucket.name.decode()
        present: dict[bytes, Row] = {}
        if self._present is not None:
            keys = [(name, one.key.decode()) for one in doubtful]
            present = {str(row[1]).encode(): row for row in await self._present.read(keys)}
        for one in doubtful:
            row = present.get(one.key)
            if row is not None and self._agrees(row, one):
                made[one.key] = row
            elif one.key in made:
                await self._renew(bucket, one, made)
            else:
                raise self._lost(bucket, one)

    async def _renew(self, bucket: BucketRow, one: CurrentRow, made: dict[bytes, Row]) -> None:
        """Give a row the metadata that the source has, if that is what the ledger recorded."""
        held = self._held[one.bundle]
        look = await asyncio.to_thread(self._look, bucket.name, one.key)
        if look is None or look.meta is None or look.mh != one.digest or held.pinned is None:
            self.stale += 1
            return
        entry = held.named[one.key].entry._replace(
            meta=look.meta, mtime_ns=look.mtime_ns, created_ns=look.created_ns
        )
        made[one.key] = self._maker.rows(held.pinned, [entry])[0]

    def _look(self, bucket: bytes, key: bytes) -> Look | None:
        if self._source is None:
            return None
        try:
            return self._source.look(bucket, key, b"")
        except VgwmError:
            return None  # a source that does not answer leaves the row stale, and said so

    def _agrees(self, row: Row, one: CurrentRow) -> bool:
        if row[self._cid_at] != cids.text(one.cid) or self._meta_at is None:
            return False
        bare = parted(row[self._meta_at]).bare
        return bare is not None and metadata_digest(bare) == one.digest

    def _lost(self, bucket: BucketRow, one: CurrentRow) -> VgwmError:
        held = self._held.get(one.bundle)
        if held is not None and held.fault is not None:
            return held.fault
        return Broken(
            what=f"{object_name(bucket.name, one.key)}: the manifest of bundle {one.bundle} does"
            " not name it as the ledger does",
            where="metadata rebuild",
            remedy="The table is as it was. Mend that bundle first: vgwm metadata check.",
        )

    async def _bundle(self, bucket: BucketRow, number: int) -> _Held:
        held = self._held.get(number)
        if held is None:
            held = await self._load(bucket, number)
            self._held[number] = held
            if len(self._held) > _HELD:
                self._held.popitem(last=False)
        else:
            self._held.move_to_end(number)
        return held

    async def _load(self, bucket: BucketRow, number: int) -> _Held:
        bundle = await self._ledger.bundle(number)
        if bundle is None or bundle.root is None:
            return _Held(None, {}, None)
        try:
            text = await self._manifests.read(Rooted(number, bundle.root, bundle.allocations))
            named = await asyncio.to_thread(_named, text)
        except VgwmError as error:
            return _Held(None, {}, error)
        owner = self._book.owner(bucket.name.decode())
        root = cids.text(bundle.root)
        pinned = PinnedBundle(bucket.name.decode(), root, number, bundle.allocations, owner)
        return _Held(pinned, named, None)


def manifest_of(text: bytes) -> Manifest:
    """Return a manifest that was read. Raises Broken if it does not parse."""
    try:
        return Manifest.parse(text.decode())
    except (DagError, UnicodeDecodeError) as error:
        raise Broken(
            what=f"a manifest does not read: {safe(str(error))}",
            where="metadata rebuild",
            remedy="The table is as it was. Mend that bundle first: vgwm metadata check.",
        ) from error


def _named(text: bytes) -> dict[bytes, _Named]:
    found: dict[bytes, _Named] = {}
    for one in manifest_of(text).entries:
        entry = row_entry(one)
        if entry is not None and one.cid is not None:
            found[one.key.encode()] = _Named(one.cid, metadata_digest(one.meta_text), entry)
    return found
