"""A ledger that keeps nothing: what planning and copying ask of one, answered from memory.

It stands in for the real one where the cost of the ledger is to be seen by its absence.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from core.ledger.rows import BucketRow, BucketState
from core.model import Bundle, BundleState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.ledger.rows import EntryRow, NewBundle, RecordRow
    from core.model import BlockCounts, Cid


class NoLedger:
    """Holds open bundles and what a test of the figures needs: how many objects were recorded."""

    epoch = 1

    def __init__(self) -> None:
        self.recorded = 0
        self._ids = count(1)
        self._buckets: dict[int, BucketRow] = {}
        self._open: dict[int, Bundle] = {}
        self._entries: dict[int, Sequence[EntryRow]] = {}

    async def add_buckets(self, buckets: Sequence[tuple[bytes, str]]) -> list[int]:
        for number, (name, attrs) in enumerate(buckets, 1):
            self._buckets[number] = BucketRow(
                id=number, name=name, state=BucketState.LISTED, cursor=None, attrs=attrs
            )
        return list(self._buckets)

    async def buckets(self) -> list[BucketRow]:
        return list(self._buckets.values())

    async def next_bundle_id(self) -> int:
        return next(self._ids)

    async def plan_page(self, bucket_id: int, *, bundles: Sequence[NewBundle], **_: object) -> None:
        for new in bundles:
            self._entries[new.id] = new.entries
            self._open[new.id] = Bundle(
                id=new.id,
                bucket_id=bucket_id,
                bucket=self._buckets[bucket_id].name,
                first=new.first,
                last=new.last,
                kind=new.kind,
                objects=len(new.entries),
                size_bytes=sum(entry[2] or 0 for entry in new.entries),
            )

    async def finish_bucket(self, bucket_id: int, event: object) -> None:
        pass

    async def reset_copying(self) -> int:
        return 0

    async def in_states(
        self, *states: BundleState, after_id: int, limit: int, made_by: int | None = None
    ) -> list[Bundle]:
        del states, after_id, limit, made_by
        return []

    async def open_bundles(
        self, after_id: int, limit: int, made_by: int | None = None
    ) -> list[Bundle]:
        del made_by
        return [bundle for number, bundle in self._open.items() if number > after_id][:limit]

    async def bundle_entries(self, bundle: Bundle) -> Sequence[EntryRow]:
        return self._entries[bundle.id]

    async def copying(self, ids: Sequence[int], worker: str) -> None:
        pass

    async def copied(  # noqa: PLR0913, PLR0917 - the ledger's own
        self,
        bundle_id: int,
        root: Cid,
        allocations: Sequence[str],
        counts: BlockCounts,
        losses: Sequence[object] = (),
        tallies: Mapping[str, int] | None = None,
    ) -> None:
        pass

    async def pinned(self, ids: Sequence[int]) -> None:
        pass

    async def record(self, bundle_id: int, rows: Sequence[RecordRow], **_: object) -> None:
        self.recorded += len(rows)
        del self._open[bundle_id], self._entries[bundle_id]

    def lag_s(self) -> float:
        return 0.0

    async def event(self, draft: object) -> int:
        del draft
        return 0

    async def close(self) -> None:
        pass
