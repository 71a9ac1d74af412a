"""What green accepted, read by pages, and named by one digest. May import the ledger."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.ledger.greenlog import BEGINNING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from core.ledger.greenlog import GreenRow, GreenState
    from core.ledger.reading import LedgerReader

PAGE: Final = 500


async def pages_of(
    ledger: LedgerReader, state: GreenState, bucket_ids: Collection[int]
) -> AsyncGenerator[list[GreenRow]]:
    """Yield the rows of some buckets in a state, by bucket and key, in pages that are not empty."""
    after, wanted = BEGINNING, set(bucket_ids)
    while page := await ledger.greenlog.page(state, after, PAGE):
        after = page[-1].place
        ours = [row for row in page if row.bucket_id in wanted]
        if ours:
            yield ours


async def digest(ledger: LedgerReader, state: GreenState, bucket_ids: Collection[int]) -> str:
    """Return the SHA-256 of all names in a state, in their order; "" for none."""
    told, any_ = sha256(), False
    async with aclosing(pages_of(ledger, state, bucket_ids)) as pages:
        async for page in pages:
            any_ = True
            for row in page:
                told.update(b"%d %d " % (row.bucket_id, len(row.key)) + row.key)
            await asyncio.sleep(0)
    return told.hexdigest() if any_ else ""
