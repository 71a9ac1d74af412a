"""A quick round's walk: of the source, only the objects that hints name.

What they say is looked at as a whole walk looks at everything. Names are kept in no ledger: after
`kill -9` the next full round finds what was not stored. May import ledger, source, target, and the
engine's parts.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.engine.crew.child import Child
from core.engine.crew.task import LookPage, LookTask
from core.engine.plan_run import WALKER_SLOT
from core.engine.settings import worker_setup
from core.engine.syncing.merge import compare
from core.engine.syncing.pending import Pending
from core.engine.syncing.storing import Storing
from core.engine.syncing.stretches import Stretch
from core.errors import Broken
from core.target import profile as profiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.holding import Hold
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.ledger.rounds import RoundRow
    from core.ledger.rows import BucketRow
    from core.ledger.sync_looks import SyncLooks

KEYS: Final = 500
"""Names of one look, and of one read of the ledger."""


class HintedWalk:
    """Looks for one round. names: keys by bucket, in byte order."""

    def __init__(
        self,
        premises: Premises,
        reins: Reins,
        hold: Hold,
        row: RoundRow,
        names: Mapping[bytes, Sequence[bytes]],
    ) -> None:
        self._premises = premises
        self._reins = reins
        self._hold = hold
        self._row = row
        self._names = names

    async def run(self) -> None:
        """Look at what is named, and store what differs.

        Buckets that the ledger does not know, or that are green's by now, are passed over. Raises
        JobCancelled, ChildGone, and what is wrong outside.
        """
        premises = self._premises
        profile = await asyncio.to_thread(profiles.load, premises.workspace.target.profile)
        setup = await asyncio.to_thread(worker_setup, premises.workspace, premises.knobs, profile)
        # what green is written to is not brought there again by way of blue
        stand = await premises.ledger.greenlog.stand()
        green = {*stand.buckets, *stand.kept}
        async with AsyncExitStack() as stack:
            storing = Storing(premises, self._reins, self._hold, stack, self._row)
            child = await Child.start(WALKER_SLOT, premises.forks, replace(setup, walks=True))
            try:
                for bucket in await premises.ledger.buckets():
                    keys = self._names.get(bucket.name, ())
                    if keys and bucket.state.there and bucket.id not in green:
                        await self._bucket(child, storing, bucket, keys)
            finally:
                await child.end()
                premises.board.clear(WALKER_SLOT)

    async def _bucket(
        self, child: Child, storing: Storing, bucket: BucketRow, keys: Sequence[bytes]
    ) -> None:
        pending, looks = Pending(self._premises.knobs), self._premises.ledger.rounds
        for at in range(0, len(keys), KEYS):
            await self._reins.checkpoint()
            some = keys[at : at + KEYS]
            child.send(LookTask(bucket=bucket.name, keys=some))
            page = await child.receive()
            if not isinstance(page, LookPage):
                raise Broken(
                    what="a walking process answered with something else",
                    where="sync",
                    remedy="This is a fault of vgwm: report it with engine.log.",
                )
            pending.take(await held_against(looks, bucket.id, some, page))
            if pending.due:
                await storing.store(bucket, pending)
                pending.clear()
        await storing.store(bucket, pending)


async def held_against(
    looks: SyncLooks, bucket_id: int, keys: Sequence[bytes], page: LookPage
) -> Stretch:
    """Compare what was looked at with the ledger; what could not be is not what is gone."""
    left = set(page.left)
    seen = [key for key in keys if key not in left]
    entries = sorted(page.page.entries, key=lambda entry: entry[:2])
    found = compare(entries, page.page.skips, await looks.stored_at(bucket_id, seen))
    return Stretch(keys[-1], len(entries), found)
