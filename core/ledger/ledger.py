"""The ledger of one migration, opened by its engine: the one writer of names (I3).

Every method returns after its change is committed and durable (I5). One engine a workspace is the
business of `core.ledger.lock`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, Self, TypeVar

from core.errors import Broken, CapacityExhausted
from core.ledger import (
    backup,
    bundles,
    events,
    failure_recount,
    jobs,
    opening,
    planning,
    recording,
    recount,
    settings,
)
from core.ledger.assessing import Assessing
from core.ledger.clearing import Clearing
from core.ledger.greenlog import GreenWrites
from core.ledger.mark import Mark
from core.ledger.marked import MarkedCutting
from core.ledger.mending import Mending
from core.ledger.proofs import Proving
from core.ledger.reading import LedgerReader
from core.ledger.syncing import Syncing
from core.ledger.writer import Writer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from core.ledger.losses import LossRow
    from core.ledger.rows import (
        EventDraft,
        FailureDraft,
        LedgerIdentity,
        NewBundle,
        Position,
        RecordRow,
    )
    from core.model import BlockCounts, Cid, JobKind, JobState, Skip

T = TypeVar("T")
_NOTHING: Final[Mapping[str, int]] = {}


class Ledger(LedgerReader):
    """Reads and writes a ledger. Made by `open`, ended by `close`.

    epoch: how often an engine has opened it, this time included. left: how the last engine left
    it. interrupted: jobs that were at work when the last engine ended.
    """

    def __init__(self, path: Path, writer: Writer, clock: Callable[[], int]) -> None:
        super().__init__(path)
        self._writer = writer
        self._clock = clock
        self._bundle_ids = count(1)
        self.mending = Mending(self._write, clock)
        self.assessing = Assessing(self._write, clock)
        self.proving = Proving(self._write, clock)
        self.syncing = Syncing(self._write, clock)
        self.cutting = MarkedCutting(self._write, clock, self._reader, path)
        self.green = GreenWrites(self._write, clock)
        self.clearing = Clearing(self._write)
        self._backups = backup.Backups(path)
        self.epoch = 0
        self.left = opening.Left.NEW
        self.interrupted: tuple[int, ...] = ()

    @classmethod
    async def open(
        cls,
        path: Path,
        create: LedgerIdentity | None = None,
        *,
        clock: Callable[[], int] = time.time_ns,
    ) -> Self:
        """Open the ledger at path for writing, check it, and count a new epoch.

        create: makes the ledger if there is none; if there is one, it must be of this workspace.
        clock: UTC nanoseconds. After an unclean end the whole file is checked and counted again.
        Raises WrongState (no ledger), SchemaMismatch, ForeignPlan, Broken, CapacityExhausted.
        """
        found = await asyncio.to_thread(opening.look, path)
        try:
            writer = await Writer.start(path, create=create is not None)
            ledger = cls(path, writer, clock)
            try:
                await ledger._begin(create, found)
            except BaseException:
                await ledger._end()
                raise
        except Broken as error:
            raise await asyncio.to_thread(backup.with_remedy, error, path) from error
        return ledger

    @staticmethod
    async def read_only(path: Path) -> LedgerReader:
        """Open the ledger for reading alone, with or without a living engine beside."""
        reader = LedgerReader(path)
        try:
            await reader.check_schema()
        except BaseException:
            await reader.close()
            raise
        return reader

    async def close(self) -> None:
        """Write what is queued, close the file, and mark its end as clean, with its digest.

        Without room for the mark the end counts as unclean: the next start checks everything.
        """
        if self._writer.closed:
            return
        await self._end()
        with suppress(CapacityExhausted):
            await asyncio.to_thread(opening.seal, self._path, self.epoch)

    async def back_up(self) -> bool:
        """Copy the ledger to `ledger.db.bak`; tell if it was done: not while that costs over 1 %.

        Nor where it is from before a flip: the backup may know that. Raises CapacityExhausted, and
        Broken for damaged marks; then the old backup stands.
        """
        return not await self.cutting.unknown() and await asyncio.to_thread(self._backups.make)

    def lag_s(self) -> float:
        """Return how long the oldest unwritten change has waited."""
        return self._writer.lag_s()

    # Buckets and plan

    async def add_buckets(self, buckets: Sequence[tuple[bytes, str]]) -> list[int]:
        """Store (name, attributes as JSON); return ids in order. A known bucket keeps its id."""
        return await self._write(partial(planning.add_buckets, buckets=buckets))

    async def next_bundle_id(self) -> int:
        """Return a number that no bundle has, now or later."""
        return next(self._bundle_ids)

    async def plan_page(  # noqa: PLR0913 - keyword-only, each a thing of its own
        self,
        bucket_id: int,
        *,
        bundles: Sequence[NewBundle],
        skips: Sequence[Skip],
        cursor: Position,
        increments: Mapping[str, int] = _NOTHING,
        after: Position | None = None,
        event: EventDraft | None = None,
    ) -> None:
        """Store closed bundles and skips with the walk's position, in one commit.

        after: the cursor of the page before, (b"", b"") for none; Broken if that one is not stored,
        so that pages may be under way at once. None: not compared.

        cursor: all keys up to it were given, here or before, and none behind it.
        increments: `class:NAME` tallies; whatever can be counted from entries is counted here.
        """
        await self._write(
            partial(
                planning.plan_page,
                bucket_id=bucket_id,
                page=planning.PlanPage(
                    bundles=bundles,
                    skips=skips,
                    cursor=cursor,
                    increments=increments,
                    after=after,
                ),
                now_ns=self._clock(),
            ),
            event,
        )

    async def finish_bucket(self, bucket_id: int, event: EventDraft) -> None:
        """Mark a bucket's walk as ended."""
        await self._write(partial(planning.finish_bucket, bucket_id=bucket_id), event)

    async def store_plan(self, plan: bytes, event: EventDraft | None = None) -> None:
        """Store the plan's JSON as it is shown."""
        await self._write(partial(settings.set_meta, key=settings.PLAN, value=plan), event)

    async def set_meta(self, key: str, value: str | int | bytes) -> None:
        """Set a single value."""
        await self._write(partial(settings.set_meta, key=key, value=value))

    # Copy

    async def reset_copying(self) -> int:
        """Return bundles left in `copying` to planned; return how many."""
        return await self._write(bundles.reset_copying)

    async def copying(self, ids: Sequence[int], worker: str) -> None:
        """Note that a worker has these bundles."""
        await self._write(partial(bundles.copying, ids=ids, worker=worker, epoch=self.epoch))

    async def copied(  # noqa: PLR0913, PLR0917 - what a copy is stored with
        self,
        bundle_id: int,
        root: Cid,
        allocations: Sequence[str],
        counts: BlockCounts,
        losses: Sequence[LossRow] = (),
        tallies: Mapping[str, int] = _NOTHING,
        event: EventDraft | None = None,
    ) -> None:
        """Note root and allocations: every allocated node counted the bundle's blocks.

        losses: what its members have that the target does not show. tallies: the same, by class
        and without names; they stand in the place of an earlier copy's.
        """
        await self._write(
            partial(
                bundles.copied,
                bundle_id=bundle_id,
                copy=bundles.Copy(
                    root=root,
                    allocations=allocations,
                    counts=counts,
                    losses=losses,
                    tallies=tallies,
                ),
                epoch=self.epoch,
            ),
            event,
        )

    async def pinned(self, ids: Sequence[int], event: EventDraft | None = None) -> None:
        """Note that every allocated peer was observed to say `pinned` (I1)."""
        await self._write(partial(bundles.pinned, ids=ids), event)

    async def record(
        self,
        bundle_id: int,
        rows: Sequence[RecordRow],
        *,
        failures: Sequence[FailureDraft] = (),
        requeued: Sequence[NewBundle] = (),
        event: EventDraft | None = None,
    ) -> None:
        """End a bundle: every open member is a row, or an entry of a requeued bundle.

        rows: state RECORDED, FAILED or GONE_APPLIED. requeued: objects that changed while they were
        read; they leave this bundle for new ones with one try more. failures: the reasons of both.
        Raises Broken if a member is missing or foreign (I4), and WrongState if a row is RECORDED
        but the bundle is not pinned (I1).
        """
        await self._write(
            partial(
                recording.record,
                bundle_id=bundle_id,
                outcome=recording.Outcome(rows=rows, failures=failures, requeued=requeued),
                now_ns=self._clock(),
            ),
            event,
        )

    async def requeue(self, bundle_id: int, reason: str, event: EventDraft | None = None) -> int:
        """Return a whole bundle to planned, one try older; return its tries so far."""
        change = partial(bundles.requeue, bundle_id=bundle_id, reason=reason)
        return await self._write(change, event)

    async def fail_bundle(
        self, bundle_id: int, *, code: str, text: str, event: EventDraft | None = None
    ) -> int:
        """Give a bundle up: its open members are failed; return how many."""
        return await self._write(
            partial(
                recording.fail,
                bundle_id=bundle_id,
                code=code,
                text=text,
                now_ns=self._clock(),
            ),
            event,
        )

    # Events, jobs, knobs

    async def event(self, draft: EventDraft) -> int:
        """Append an event; return its number."""
        return await self._write(partial(events.append, draft=draft, now_ns=self._clock()))

    async def add_job(  # noqa: PLR0913, PLR0917 - each a thing of its own
        self,
        kind: JobKind,
        args: Mapping[str, str],
        actor: str,
        request_id: str,
        event: EventDraft | None = None,
        plan: bytes | None = None,
    ) -> int:
        """Store a queued job; return its id. The same request_id again returns the same id.

        plan: what it was confirmed to do, as `job_plan` returns it.
        """
        return await self._write(
            partial(
                jobs.add,
                new=jobs.NewJob(
                    kind=kind, args=args, actor=actor, request_id=request_id, plan=plan
                ),
                now_ns=self._clock(),
            ),
            event,
        )

    async def job_state(
        self,
        job: int,
        state: JobState,
        *,
        reason: str = "",
        result: str = "",
        event: EventDraft | None = None,
    ) -> None:
        """Set a job's state; result is JSON. Raises WrongState once the job has ended."""
        await self._write(
            partial(
                jobs.change,
                job=job,
                state=state,
                outcome=jobs.JobOutcome(reason=reason, result=result),
                now_ns=self._clock(),
            ),
            event,
        )

    async def set_knobs(
        self, values: Mapping[str, str], actor: str, event: EventDraft | None = None
    ) -> None:
        """Set knobs, all or none. Their bounds are the caller's business."""
        await self._write(
            partial(settings.set_knobs, values=values, actor=actor, now_ns=self._clock()), event
        )

    async def _write(
        self, change: Callable[[sqlite3.Connection], T], event: EventDraft | None = None
    ) -> T:
        if event is None:
            return await self._writer.submit(change)
        return await self._writer.submit(
            partial(_with_event, change=change, event=event, now_ns=self._clock())
        )

    async def _begin(self, create: LedgerIdentity | None, found: opening.Found) -> None:
        where = self._path.name
        epoch = await self._writer.submit(
            partial(opening.prepare, create=create, found=found, where=where)
        )
        self.left = found.left
        if self.clean:
            await self._recount(recount.states)  # the histogram costs as much again
            await self._recount(failure_recount.differences)
        else:
            opening.require_epoch(found, epoch, where)
            await self._scanner.read(partial(opening.examine, where=where))
        # Before the first change, and after the epoch: it never says more than the ledger holds.
        await asyncio.to_thread(Mark(epoch=max(epoch, found.epoch)).write, self._path)
        self.epoch = await self._writer.submit(partial(settings.begin_epoch, above=found.epoch))
        await asyncio.to_thread(Mark(epoch=self.epoch).write, self._path)
        self.interrupted = tuple(
            await self._writer.submit(partial(jobs.interrupt, now_ns=self._clock()))
        )
        self._bundle_ids = count(await self._reader.read(bundles.next_id))

    @property
    def clean(self) -> bool:
        """Whether the last engine ended well."""
        return self.left in (opening.Left.NEW, opening.Left.CLEAN)

    async def _end(self) -> None:
        await super().close()
        await self._writer.close()


def _with_event(
    conn: sqlite3.Connection,
    change: Callable[[sqlite3.Connection], T],
    event: EventDraft,
    now_ns: int,
) -> T:
    result = change(conn)
    events.append(conn, event, now_ns)
    return result
