"""A round's walk: every bucket of the source against the ledger, and what differs, stored.

Each commit holds whole keys and the cursor behind them: after `kill -9` the round goes on there.
May import ledger, source, target, and the engine's parts.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.engine.crew.child import Child, ChildGone
from core.engine.crew.task import WalkTask
from core.engine.plan_run import WALKER_SLOT
from core.engine.settings import worker_setup
from core.engine.syncing.pending import Pending
from core.engine.syncing.storing import Storing
from core.engine.syncing.stretches import Stretches
from core.errors import Broken
from core.ledger.rounds import Found
from core.ledger.rows import BucketState
from core.target import profile as profiles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from core.engine.holding import Hold
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.syncing.stretches import Stretch
    from core.engine.syncing.wish import SyncWish
    from core.ledger.rounds import RoundRow
    from core.ledger.rows import BucketRow

MOST_DEATHS: Final = 3
"""A walker that dies so often without a step between is not begun again."""


class RoundWalk:
    """Walks for one round. row: None to look alone. found: what this run of the walk found."""

    def __init__(
        self, premises: Premises, reins: Reins, hold: Hold, wish: SyncWish, row: RoundRow | None
    ) -> None:
        self._premises = premises
        self._reins = reins
        self._hold = hold
        self._wish = wish
        self._row = row
        cursor = None if row is None else row.cursor
        self._at = (row.bucket_id or 0 if row else 0, cursor[0] if cursor else b"")
        self.found = Found()

    async def run(self, buckets: Sequence[BucketRow]) -> None:
        """Walk what is left of the buckets. Raises JobCancelled, and what is wrong outside."""
        deaths, stood = 0, self._at
        while True:
            try:
                async with AsyncExitStack() as stack:
                    await self._walk(stack, buckets)
            except ChildGone as gone:
                deaths, stood = (deaths if stood == self._at else 0) + 1, self._at
                if deaths == MOST_DEATHS:
                    raise _died(gone) from gone
                self._premises.deaths.tell("the walking process", gone.how)
            else:
                return

    async def _walk(self, stack: AsyncExitStack, buckets: Sequence[BucketRow]) -> None:
        premises = self._premises
        profile = await asyncio.to_thread(profiles.load, premises.workspace.target.profile)
        setup = await asyncio.to_thread(worker_setup, premises.workspace, premises.knobs, profile)
        storing = None
        if self._row is not None:
            storing = Storing(premises, self._reins, self._hold, stack, self._row)
        # what green is written to is not brought there again by way of blue
        stand = await premises.ledger.greenlog.stand()
        green = {*stand.buckets, *stand.kept}
        child = await Child.start(WALKER_SLOT, premises.forks, replace(setup, walks=True))
        try:
            for bucket in buckets:
                if bucket.id in green:
                    continue
                if bucket.id >= self._at[0] and bucket.state is not BucketState.REMOVED:
                    await self._bucket(child, storing, bucket)
        finally:
            await child.end()
            premises.board.clear(WALKER_SLOT)

    async def _bucket(self, child: Child, storing: Storing | None, bucket: BucketRow) -> None:
        above = self._at[1] if bucket.id == self._at[0] else b""
        looks = self._premises.ledger.rounds
        stretches = Stretches(looks, bucket.id, self._reins, since_ns=self._wish.since_ns)
        pending = Pending(self._premises.knobs)
        walked: AsyncIterator[Stretch]
        if bucket.state.there:
            child.send(WalkTask(bucket=bucket.name, after=(above, b"") if above else None))
            walked = stretches.of(child, above)
        else:
            walked = stretches.left(above)
        async for stretch in walked:
            await self._reins.checkpoint()
            pending.take(stretch)
            if pending.due:
                await self._store(storing, bucket, pending)
        await self._store(storing, bucket, pending)

    async def _store(self, storing: Storing | None, bucket: BucketRow, pending: Pending) -> None:
        if storing is None:
            self.found = self.found.plus(_looked_at(pending))
        else:
            self.found = self.found.plus(await storing.store(bucket, pending))
        self._at = (bucket.id, pending.upto)
        pending.clear()


def _looked_at(pending: Pending) -> Found:
    """Count without a look into any object: what moved may have other attributes alone."""
    found = pending.found
    moved = [one.entry for one in found.moved if not one.only_racy]
    changed = moved + found.again
    return Found(
        seen=pending.seen,
        added=len(found.added),
        changed=len(changed),
        deleted=len(found.gone),
        size_bytes=sum(entry[2] or 0 for entry in (*found.added, *changed)),
    )


def _died(gone: ChildGone) -> Broken:
    return Broken(
        what=f"the walking process died {MOST_DEATHS} times at one place ({gone.how})",
        where="sync",
        remedy="See engine.log and dmesg; another sync goes on with the round.",
    )
