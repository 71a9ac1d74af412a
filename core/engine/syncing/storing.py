"""What a round found in a bucket, decided and stored: rows that only changed their metadata first.

Workers that look and the target are opened once there is something for them. May import ledger,
target, and the engine's parts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.engine.syncing.attributes import Attributes, Rewritten
from core.engine.syncing.deciding import Decided, decide, may_be_same
from core.engine.syncing.ground import opened
from core.engine.syncing.looking import looker
from core.engine.syncing.pending import cut
from core.ledger.changes import Changes, Round
from core.ledger.rounds import Found
from core.ledger.rows import NewBundle
from core.target.cache_drop import Named, keys_of
from core.target.rows import RowMaker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AsyncExitStack

    from core.engine.holding import Hold
    from core.engine.planning.bundling import Cut
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.syncing.deciding import NewAttributes
    from core.engine.syncing.ground import Ground
    from core.engine.syncing.looking import Looker
    from core.engine.syncing.pending import Pending
    from core.ledger.rounds import RoundRow
    from core.ledger.rows import BucketRow, EntryRow


class Storing:
    """Stores for one run of a round. stack: closes what was opened for it."""

    def __init__(
        self, premises: Premises, reins: Reins, hold: Hold, stack: AsyncExitStack, row: RoundRow
    ) -> None:
        self._premises = premises
        self._reins = reins
        self._hold = hold
        self._stack = stack
        self._round = Round(row.id, row.job)
        self._looker: Looker | None = None
        self._ground: Ground | None = None

    async def store(self, bucket: BucketRow, pending: Pending) -> Found:
        """Store what was found, with its cursor; return it as it is counted. Raises JobCancelled.

        The target's rows come first: a crash between repeats them.
        """
        found = pending.found
        decided = await self._decided(bucket, pending)
        rewritten = await self._rewritten(bucket, decided.attrs)
        changed = [*decided.changed, *found.again, *(one.entry for one in rewritten.left)]
        await self._unname(bucket, changed)
        entries = [*found.added, *changed]
        bundles = [
            _bundle(await self._premises.ledger.next_bundle_id(), one)
            for one in cut(entries, self._premises.knobs)
        ]
        told = Found(
            seen=pending.seen,
            added=len(found.added),
            changed=len(changed),
            attrs=len(rewritten.done),
            deleted=len(found.gone) + len(decided.gone),
            size_bytes=sum(entry[2] or 0 for entry in entries),
        )
        changes = Changes(
            cursor=(pending.upto, b""),
            found=told,
            bundles=bundles,
            skips=found.skips,
            touched=[*decided.touched, *(one.touch for one in rewritten.done)],
            gone=[*found.gone, *decided.gone],
            back=found.back,
            losses=decided.losses,
        )
        store = partial(self._premises.ledger.syncing.store, self._round, bucket.id, changes)
        await self._hold.patiently(store)
        return told

    async def _decided(self, bucket: BucketRow, pending: Pending) -> Decided:
        moved = pending.found.moved
        worth = [one for one in moved if may_be_same(one)]
        if not worth:
            return decide(moved, {})
        if self._looker is None:
            looking = looker(self._premises, self._premises.worker_died)
            self._looker = await self._stack.enter_async_context(looking)
        return decide(moved, await self._looker.look(bucket, worth))

    async def _rewritten(self, bucket: BucketRow, attrs: Sequence[NewAttributes]) -> Rewritten:
        if not attrs:
            return Rewritten([], [])
        ground = await self._opened()
        maker = RowMaker(ground.profile, self._premises.workspace.id)
        owner = self._premises.buckets.owner(bucket.id)
        return await Attributes(ground, maker, bucket, owner).rewrite(attrs)

    async def _unname(self, bucket: BucketRow, changed: Sequence[EntryRow]) -> None:
        """Take rows of objects off the target that a delete marker hides by now."""
        hidden = [entry[0] for entry in changed if not entry[1] and entry[2] is None]
        if not hidden:
            return
        ground = await self._opened()
        name = bucket.name.decode()
        keys = [(name, key.decode()) for key in hidden]
        rows = await ground.patiently("table", partial(ground.table.read, keys))
        ours = [row for row in rows if ground.ours.wrote(row) or not ground.ours.names_roots]
        await ground.patiently("table", partial(ground.table.delete_if, ours))
        named = [Named(str(row[0]), str(row[1]), ground.ours.cid(row) or "") for row in ours]
        await ground.drop(keys_of(named))

    async def _opened(self) -> Ground:
        if self._ground is None:
            self._ground = await self._stack.enter_async_context(
                opened(self._premises, self._reins)
            )
        return self._ground


def _bundle(number: int, one: Cut) -> NewBundle:
    return NewBundle(
        id=number,
        first=one.entries[0][:2],
        last=one.entries[-1][:2],
        kind=one.kind,
        entries=one.entries,
    )
