"""The rows that bundles' own manifests give, without the ledger's list of objects.

What a later round of a sync removed is named by its bundle for as long as that stands: such a row
comes back. May import the target and dag.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.display import safe
from core.engine.keeping.ledger_feed import manifest_of
from core.engine.keeping.manifests import Rooted
from core.errors import ForeignPlan
from core.model import Bundle, BundleKind, BundleState
from core.target.rows_again import rows_from_manifest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from core.dag.manifest import Manifest
    from core.engine.keeping.bucket_rows import BucketBook
    from core.engine.keeping.manifests import Manifests
    from core.engine.keeping.spool import Spool
    from core.ledger.reading import LedgerReader
    from core.target.objects import ObjectTable
    from core.target.rows import RowMaker
    from core.target.shape import Row

PAGE: Final = 2_000


class RootsFeed:
    """Bundles by number: a later one's row stands over an earlier one's."""

    carries = True
    stale = 0

    def __init__(  # noqa: PLR0913, PLR0917 - each a thing of its own
        self,
        roots: AsyncIterator[Rooted],
        manifests: Manifests,
        maker: RowMaker,
        book: BucketBook,
        workspace: str,
        present: ObjectTable | None,
    ) -> None:
        """roots: in the order of their bundles."""
        self._roots = roots
        self._manifests = manifests
        self._maker = maker
        self._book = book
        self._workspace = workspace
        self._present = present

    async def pages(self) -> AsyncGenerator[list[Row]]:
        """Yield the rows. Raises ForeignPlan for another workspace's bundle, and read faults."""
        async for rooted in self._roots:
            text = await self._manifests.read(rooted)
            manifest = await asyncio.to_thread(manifest_of, text)
            self._require_ours(manifest, rooted)
            rows = await asyncio.to_thread(self._rows, manifest, rooted)
            for at in range(0, len(rows), PAGE):
                yield rows[at : at + PAGE]

    async def buckets(self) -> list[Row]:
        """Return the bucket rows: no manifest holds any."""
        return await self._book.rows(self._present)

    def _rows(self, manifest: Manifest, rooted: Rooted) -> list[Row]:
        if not manifest.entries:
            return []
        bucket = manifest.entries[0].bucket
        bundle = Bundle(
            id=manifest.header.bundle,
            bucket_id=0,
            bucket=bucket.encode(),
            first=(b"", b""),
            last=(b"", b""),
            kind=BundleKind.RANGE,
            objects=len(manifest.entries),
            size_bytes=0,
            state=BundleState.RECORDED,
            root=rooted.root,
            allocations=rooted.peers,
        )
        return rows_from_manifest(manifest, bundle, self._maker, self._book.owner(bucket))

    def _require_ours(self, manifest: Manifest, rooted: Rooted) -> None:
        if manifest.header.workspace_id != self._workspace:
            raise ForeignPlan(
                what=f"bundle {cids.text(rooted.root)} is of workspace"
                f" {safe(manifest.header.workspace_id)}",
                where="metadata rebuild",
                remedy=f"Name a folder that holds bundles of {self._workspace} alone.",
            )


async def of_ledger(ledger: LedgerReader) -> AsyncIterator[Rooted]:
    """Yield the roots of the bundles that the ledger calls recorded, by number."""
    after = 0
    while page := await ledger.in_states(BundleState.RECORDED, after_id=after, limit=PAGE):
        after = page[-1].id
        for bundle in page:
            if bundle.root is not None:
                yield Rooted(bundle.id, bundle.root, bundle.allocations)


async def spooled(manifests: Manifests, spool: Spool, workspace: str) -> AsyncIterator[Rooted]:
    """Yield every root that is in a place of bundles, by number."""
    async with aclosing(manifests.roots(workspace)) as pages:
        async for page in pages:
            await spool.add([await _numbered(manifests, one) for one in page])
    async for rooted in spool.in_order():
        yield rooted


async def _numbered(manifests: Manifests, rooted: Rooted) -> Rooted:
    """Return a root with its bundle's number: a pin's name says it, else only the manifest."""
    if rooted.number:
        return rooted
    manifest = await asyncio.to_thread(manifest_of, await manifests.read(rooted))
    return rooted._replace(number=manifest.header.bundle)
