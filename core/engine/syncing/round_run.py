"""One round: the source walked against the ledger, what differs carried, what is gone removed.

Its state and cursor are in the ledger: after `kill -9` it goes on where it stood.
May import ledger, source, target, and the engine's parts.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from core.display import safe
from core.engine.crew.child import ChildGone
from core.engine.known_buckets import bucket_text
from core.engine.plan_run import require_source
from core.engine.settings import source_config
from core.engine.syncing.fuse import require_few
from core.engine.syncing.hinted_walk import HintedWalk
from core.engine.syncing.pending import told
from core.engine.syncing.progress import SyncProgress
from core.engine.syncing.settling import settle
from core.engine.syncing.walking import RoundWalk
from core.errors import NodeUnreachable, NoGatewayRoot, NoPlan, WrongState
from core.ledger.rounds import Found, RoundKind, RoundState
from core.ledger.rows import BucketRow, BucketState, EventDraft
from core.model import BundleState
from core.source.chosen import open_source
from core.target.open_table import absent_file, table_spec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from core.engine.copying.errand import Errand
    from core.engine.holding import Hold
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.syncing.wish import SyncWish
    from core.ledger.ledger import Ledger
    from core.ledger.rounds import RoundRow
    from core.source.posix.buckets import Bucket

    Carry = Callable[[Reins, Errand], Awaitable[None]]

OPEN = (BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED, BundleState.PINNED)


class RoundErrand:
    """The bundles of a sync, as a copy carries them. audits_after: the last before the round."""

    attempts: int | None = None

    def __init__(self, job: int, audits_after: int) -> None:
        self.job = job
        self.audits_after = audits_after

    async def queue(self, reins: Reins, hold: Hold) -> None:
        """Do nothing: the walk made them."""


class RoundRun:
    """Runs one round, from wherever it stands. carry: brings an errand's bundles through.

    kind: of a round that begins now; LAST is fenced. names: what a QUICK one looks at, keys by
    bucket in byte order.
    """

    def __init__(  # noqa: PLR0913 - what a round works with
        self,
        premises: Premises,
        reins: Reins,
        hold: Hold,
        wish: SyncWish,
        carry: Carry,
        *,
        kind: RoundKind = RoundKind.FULL,
        names: Mapping[bytes, Sequence[bytes]] | None = None,
    ) -> None:
        self._kind = kind
        self._names = names or {}
        self._premises = premises
        self._reins = reins
        self._hold = hold
        self._wish = wish
        self._carry = carry

    async def run(self) -> RoundRow:
        """Begin or go on with the job's round; return it, done.

        Raises JobCancelled, Refused where somebody has to accept deletes, and what is wrong.
        """
        ledger = self._premises.ledger
        await _require_copied(ledger)
        await self._hold.patiently(lambda: ledger.syncing.adopt(self._reins.id))
        await self._require_target()
        row = await self._row()
        first = await self._premises.ledger.next_bundle_id()
        if row.state is RoundState.WALKING:
            await (self._look(row) if row.kind is RoundKind.QUICK else self._walk(row))
        row = await self._row()
        if row.state is RoundState.CARRYING:
            await self._carried(row, 0 if self._reins.taken_up else first)
        await self._settled(row)
        quick = row.kind is RoundKind.QUICK
        text = f"{'quick round' if quick else 'round'} {row.id}: {told(row.found)}"
        # of quick ones there are many: of those that found nothing nobody is told
        await self._turn(row, RoundState.DONE, "" if quick and not row.found.moved else text)
        return row

    async def stop(self, why: str) -> None:
        """Note that the job's round ended before its end."""
        row = next(iter(await self._premises.ledger.rounds.rounds(1, self._reins.id)), None)
        if row is not None and row.ended_ns is None:
            await self._turn(row, RoundState.STOPPED, f"round {row.id} stopped: {why}", why)

    async def _row(self) -> RoundRow:
        ledger = self._premises.ledger
        rows = await ledger.rounds.rounds(1, self._reins.id)
        if not rows or rows[0].ended_ns is not None:
            begin = partial(ledger.syncing.begin, self._reins.id, self._kind)
            await self._hold.patiently(begin)
            rows = await ledger.rounds.rounds(1, self._reins.id)
        return rows[0]

    async def _require_target(self) -> None:
        """Raise NodeUnreachable if the file of the object table is gone: nothing is kept up then.

        A target of servers is asked once a round has something for it.
        """
        gone = await asyncio.to_thread(absent_file, table_spec(self._premises.workspace))
        if gone is not None and (await self._premises.ledger.counters()).migrated:
            raise NodeUnreachable(
                what=f"the object table is not there: {safe(os.fsencode(gone))}",
                where="target",
                remedy="Is it mounted? One that is lost comes back by vgwm metadata rebuild.",
            )

    async def _walk(self, row: RoundRow) -> None:
        premises, ledger = self._premises, self._premises.ledger
        await asyncio.to_thread(require_source, premises)
        await self._buckets()
        await self._at_work(self._walked(row))
        # an empty mount point looks like a source without objects
        await asyncio.to_thread(require_source, premises)
        turn = partial(ledger.syncing.turn, row.id, RoundState.CARRYING)
        await self._hold.patiently(turn)

    async def _look(self, row: RoundRow) -> None:
        """Look at what is named alone; after a kill nobody knows it, and a full round finds it."""
        premises, ledger = self._premises, self._premises.ledger
        await asyncio.to_thread(require_source, premises)
        walk = HintedWalk(premises, self._reins, self._hold, row, self._names)
        try:
            await self._at_work(walk.run())
        except ChildGone as gone:
            premises.deaths.tell("the walking process", gone.how)
        # as above
        await asyncio.to_thread(require_source, premises)
        turn = partial(ledger.syncing.turn, row.id, RoundState.CARRYING)
        await self._hold.patiently(turn)

    async def _at_work(self, walk: Awaitable[None]) -> None:
        """Await a walk, and show it meanwhile."""
        self._premises.walking = True
        try:
            await walk
        finally:
            self._premises.walking = False

    async def _walked(self, row: RoundRow) -> None:
        """Walk every bucket; one that is removed under the walk is gone, and ends no round."""
        premises, ledger = self._premises, self._premises.ledger
        walk = RoundWalk(premises, self._reins, self._hold, self._wish, row)
        while True:
            rows = await ledger.buckets()
            try:
                await walk.run(rows)
            except NoGatewayRoot:
                await asyncio.to_thread(require_source, premises)
                await self._buckets()
                if _there(rows) == _there(await ledger.buckets()):
                    raise  # it is something else
            else:
                return

    async def _buckets(self) -> None:
        """Store the source's buckets; say which are new, changed, gone."""
        premises, ledger = self._premises, self._premises.ledger
        source = await asyncio.to_thread(open_source, source_config(premises.workspace))
        buckets: list[Bucket] = (await asyncio.to_thread(source.buckets))[0]
        named = [(bucket.name, bucket_text(bucket)) for bucket in buckets]
        seen = await self._hold.patiently(lambda: ledger.syncing.buckets(named))
        for name, how in (
            *((name, "is new") for name in seen.added),
            *((name, "has other settings") for name in seen.changed),
            *((name, "is there again") for name in seen.back),
        ):
            await self._tell(f"bucket {safe(name)} {how}")
        ids = {row.name: row.id for row in await ledger.buckets()}
        for name in seen.vanished:
            event = self._event(f"bucket {safe(name)} is gone at the source", level="warn")
            gone = partial(ledger.syncing.bucket_gone, ids[name], event)
            await self._hold.patiently(gone)
        premises.learn_buckets(await ledger.buckets())

    async def _carried(self, row: RoundRow, first: int) -> None:
        ledger = self._premises.ledger
        if await ledger.in_states(*OPEN, limit=1, made_by=self._reins.id):
            await self._carry(self._reins, RoundErrand(self._reins.id, first))
        turn = partial(ledger.syncing.turn, row.id, RoundState.APPLYING)
        await self._hold.patiently(turn)

    async def _settled(self, row: RoundRow) -> None:
        """Apply what is due, if it is few or accepted. Raises Refused."""
        premises, ledger = self._premises, self._premises.ledger
        await require_few(premises)
        await asyncio.to_thread(require_source, premises)
        await apply_due(premises, self._reins, row.id)
        if row.kind is not RoundKind.QUICK:  # it would cost more than the round
            await self._hold.patiently(ledger.recount)

    async def _turn(self, row: RoundRow, state: RoundState, text: str, why: str = "") -> None:
        event = self._event(text, level="warn" if why else "info") if text else None
        turn = partial(self._premises.ledger.syncing.turn, row.id, state, why=why, event=event)
        await self._hold.patiently(turn)

    async def _tell(self, text: str) -> None:
        event = self._event(text)
        await self._hold.patiently(lambda: self._premises.ledger.event(event))

    def _event(self, text: str, *, level: str = "info") -> EventDraft:
        return EventDraft(
            kind="sync", text=text, level="warn" if level == "warn" else "info", job=self._reins.id
        )


def _there(rows: Sequence[BucketRow]) -> set[bytes]:
    return {row.name for row in rows if row.state.there}


async def apply_due(premises: Premises, reins: Reins, round_id: int) -> None:
    """Take off the target what is gone at the source, rows of vanished buckets at last."""
    rows = await premises.ledger.buckets()
    there = [row.name for row in rows if row.state.there]
    vanished = [row.name for row in rows if row.state is BucketState.GONE]
    await settle(premises, reins, round_id, changed=there, vanished=vanished)
    if vanished:
        text = f"{len(vanished)} vanished buckets are off the target"
        await premises.ledger.syncing.buckets_removed(
            EventDraft(kind="sync", text=text, job=reins.id)
        )
        premises.learn_buckets(await premises.ledger.buckets())


async def apply_accepted(premises: Premises, reins: Reins, hold: Hold) -> None:
    """Apply what somebody took on when the job was begun; once, also after a kill."""
    row = await premises.ledger.job(reins.id)
    progress = SyncProgress.parse("" if row is None else row.progress)
    if progress.accepted:
        return
    await asyncio.to_thread(require_source, premises)
    ledger = premises.ledger
    if not progress.found.deleted:
        # counted before the first goes: after a kill, what is due is a rest
        due = (await ledger.rounds.due()).objects
        progress = replace(progress, found=progress.found.plus(Found(deleted=due)))
        await hold.patiently(partial(ledger.mending.progress, reins.id, progress.text()))
    newest = next(iter(await ledger.rounds.rounds(1)), None)
    await apply_due(premises, reins, 0 if newest is None else newest.id)
    text = replace(progress, accepted=True).text()
    await hold.patiently(partial(ledger.mending.progress, reins.id, text))


async def _require_copied(ledger: Ledger) -> None:
    """Raise unless a copy has ended: what it has not carried is not a sync's."""
    rows = await ledger.buckets()
    if not rows or not all(row.state.walked for row in rows):
        raise NoPlan(
            what="the plan is not whole" if rows else "there is no plan",
            where="sync",
            remedy="Make it, then copy: vgwm plan, vgwm copy.",
        )
    if await ledger.in_states(*OPEN, limit=1, made_by=0):
        raise WrongState(
            what="the copy has not ended: it has bundles left",
            where="sync",
            remedy="End it first: vgwm copy. A sync brings over what changed since.",
        )


async def look(premises: Premises, reins: Reins, hold: Hold, wish: SyncWish) -> Found:
    """Return what a round would find; nothing of it is written. Raises where none could begin."""
    await _require_copied(premises.ledger)
    await asyncio.to_thread(require_source, premises)
    source = await asyncio.to_thread(open_source, source_config(premises.workspace))
    named = {bucket.name for bucket in (await asyncio.to_thread(source.buckets))[0]}
    rows = await premises.ledger.buckets()
    buckets = [
        replace(row, state=BucketState.DONE if row.name in named else BucketState.GONE)
        for row in rows
        if row.name in named or row.state.there
    ]
    known = {row.name for row in rows}
    buckets += [
        BucketRow(id=_NOBODY + at, name=name, state=BucketState.DONE, cursor=None, attrs="")
        for at, name in enumerate(sorted(named - known))
    ]
    walk = RoundWalk(premises, reins, hold, wish, None)
    await walk.run(buckets)
    return walk.found


_NOBODY = 1 << 40
"""From here on are ids that no bucket of a ledger has."""
