"""The ledger as it is read: by the engine beside its writer, by clients without an engine."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from core.errors import Broken
from core.ledger import (
    answers,
    backup,
    bundles,
    counters,
    events,
    failure_recount,
    jobs,
    moving,
    planning,
    proofs,
    recount,
    requests,
    schema,
    settings,
)
from core.ledger.at_risk import RiskLooks
from core.ledger.carried import CarriedLooks
from core.ledger.checking import CheckLooks
from core.ledger.clearing import WasteLooks
from core.ledger.current_rows import CurrentLooks
from core.ledger.cutovers import CutoverLooks
from core.ledger.failure_looks import FailureLooks
from core.ledger.failure_pages import FailureFilter
from core.ledger.greenlog import GreenLooks
from core.ledger.picks import PickLooks
from core.ledger.reader import Reader
from core.ledger.sync_looks import SyncLooks
from core.model import BundleState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from core.ledger.counters import Counters
    from core.ledger.failure_pages import FailurePlace
    from core.ledger.failures import Cause
    from core.ledger.proofs import ProofRow
    from core.ledger.recount import Difference
    from core.ledger.requests import Obeyed
    from core.ledger.rows import (
        AnswerRow,
        BucketRow,
        EntryRow,
        EventRow,
        FailureRow,
        JobRow,
        KnobRow,
        LedgerIdentity,
        Position,
        SaidRow,
    )
    from core.model import Bundle, JobKind


class LedgerReader:
    """Reads a ledger. Every call sees one committed state. `close` when done.

    Short reads and long scans have a thread each, so that a recount never holds up a snapshot.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = Reader(path, "reads")
        self._scanner = Reader(path, "scans")
        self.failed = FailureLooks(self._reader, self._scanner)
        self.current = CurrentLooks(self._scanner)
        self.rounds = SyncLooks(self._reader, self._scanner)
        self.looked = CheckLooks(self._reader, self._scanner)
        self.waste = WasteLooks(self._scanner)
        self.cutovers = CutoverLooks(self._reader)
        self.greenlog = GreenLooks(self._reader, self._scanner)
        self.at_risk = RiskLooks(self._scanner)
        self.carried = CarriedLooks(self._scanner)
        self.picks = PickLooks(self._scanner)

    async def close(self) -> None:
        """End the threads and their connections."""
        await self._reader.close()
        await self._scanner.close()

    async def check_schema(self) -> None:
        """Raise SchemaMismatch unless the file is a ledger of this version."""
        await self._reader.read(partial(schema.check, where=self._path.name))

    async def identity(self) -> LedgerIdentity:
        """Return whose ledger this is."""
        return await self._reader.read(settings.identity)

    async def last_epoch(self) -> int:
        """Return how often an engine has opened this ledger."""
        value = await self._reader.read(partial(settings.get_meta, key=settings.EPOCH))
        return int(value or 0)

    async def get_meta(self, key: str) -> str | int | bytes | None:
        """Return a single value, None if it was never set."""
        return await self._reader.read(partial(settings.get_meta, key=key))

    async def obeyed(self, request_id: str) -> Obeyed | None:
        """Return the command of this request id, None if none was obeyed."""
        return await self._reader.read(partial(requests.find, request_id=request_id))

    async def plan(self) -> bytes | None:
        """Return the stored plan as it was stored, None if there is none."""
        value = await self._reader.read(partial(settings.get_meta, key=settings.PLAN))
        return value if isinstance(value, bytes) else None

    async def buckets(self) -> list[BucketRow]:
        """Return all source buckets in the order they were added."""
        return await self._reader.read(planning.buckets)

    async def counters(self, scope: int = counters.ALL) -> Counters:
        """Return the counters of all (0) or of one bucket (its id)."""
        return await self._reader.read(partial(counters.read, scope=scope))

    async def open_bundles(
        self, after_id: int, limit: int, made_by: int | None = None
    ) -> list[Bundle]:
        """Return planned bundles with ids above after_id, in order of id; see `in_states`."""
        return await self.in_states(
            BundleState.PLANNED, after_id=after_id, limit=limit, made_by=made_by
        )

    async def in_states(
        self,
        *states: BundleState,
        after_id: int = 0,
        limit: int = 10_000,
        made_by: int | None = None,
    ) -> list[Bundle]:
        """Return bundles in these states with ids above after_id, in order of id.

        made_by: those that this job's round made, 0 for the plan; None: all.
        """
        return await self._reader.read(
            partial(
                bundles.in_states,
                states=states,
                after_id=after_id,
                limit=limit,
                made_by=made_by,
            )
        )

    async def bundle(self, bundle_id: int) -> Bundle | None:
        """Return one bundle, None if there is none of this id."""
        return await self._reader.read(partial(bundles.get, bundle_id=bundle_id))

    async def bundle_entries(self, bundle: Bundle) -> list[EntryRow]:
        """Return a bundle's members that have no end state yet, in key order."""
        return await self._reader.read(partial(bundles.entries, bundle=bundle))

    async def failed_entries(
        self, bucket_id: int, after: Position = (b"", b""), limit: int = 1_000
    ) -> list[EntryRow]:
        """Return a bucket's failed objects behind a position, in key order."""
        return await self._reader.read(
            partial(moving.failed_entries, bucket_id=bucket_id, after=after, limit=limit)
        )

    async def failures(
        self,
        after: FailurePlace | None = None,
        limit: int = 1_000,
        *,
        code: str = "",
        prefix: bytes = b"",
    ) -> list[FailureRow]:
        """Return failures behind a cursor (`FailureRow.cursor`), by bucket and key.

        code: a class, empty for all. prefix: of `bucket/key`, empty for all.
        """
        return await self.failed.page(FailureFilter(code=code, prefix=prefix), limit, after=after)

    async def causes(self) -> list[Cause]:
        """Return failures by class and phase, the largest first."""
        return await self.failed.causes()

    async def events(self, since: int, limit: int) -> list[EventRow]:
        """Return up to limit events after number since, oldest first."""
        return await self._reader.read(partial(events.since, seq=since, limit=limit))

    async def last_events(self, limit: int) -> list[EventRow]:
        """Return the newest events, oldest first."""
        return await self._reader.read(partial(events.last, limit=limit))

    async def last_seq(self) -> int:
        """Return the newest event's number, 0 if there is none."""
        return await self._reader.read(events.last_seq)

    async def jobs(self, limit: int = 100) -> list[JobRow]:
        """Return jobs, the newest first."""
        return await self._reader.read(partial(jobs.newest, limit=limit))

    async def shown_jobs(self, limit: int) -> list[JobRow]:
        """Return the newest jobs, and the newest of each kind, the newest first."""
        return await self._reader.read(partial(jobs.shown, limit=limit))

    async def newest_job(self, kind: JobKind) -> JobRow | None:
        """Return the newest job of a kind, None if there was none."""
        return await self._reader.read(partial(jobs.newest_of, kind=kind))

    async def job(self, job: int) -> JobRow | None:
        """Return one job, None if there is none of this id."""
        return await self._reader.read(partial(jobs.get, job=job))

    async def job_plan(self, job: int) -> bytes | None:
        """Return what a job was confirmed to do, None if it has no plan of its own."""
        return await self._reader.read(partial(jobs.plan_of, job=job))

    async def knobs(self) -> list[KnobRow]:
        """Return the knobs that somebody set; the others are at their default."""
        return await self._reader.read(settings.knobs)

    async def answers(self) -> list[AnswerRow]:
        """Return the assessment's newest answer of every row, in the order of its table."""
        return await self._reader.read(answers.answers)

    async def proof(self, job: int) -> ProofRow | None:
        """Return the verification or check of a job, None if it is none."""
        return await self._reader.read(partial(proofs.get, job=job))

    async def proofs(self, limit: int, kind: str = "", *, ended: bool = False) -> list[ProofRow]:
        """Return proofs, the newest first. kind: "" for all. ended: those that have their lists."""
        return await self._reader.read(partial(proofs.newest, limit=limit, kind=kind, ended=ended))

    async def said(self) -> list[SaidRow]:
        """Return the warnings that operators took on, and their notes of manual items."""
        return await self._reader.read(answers.said)

    async def recount(self) -> None:
        """Count everything again; raise Broken if a counter differs (I4)."""
        await self._recount(recount.states)
        await self._recount(recount.sizes)
        await self._recount(failure_recount.differences)

    async def _recount(self, count: Callable[[sqlite3.Connection], list[Difference]]) -> None:
        found = await self._scanner.read(count)
        if found:
            raise Broken(
                what=recount.told(found),
                where=self._path.name,
                remedy=await asyncio.to_thread(backup.remedy, self._path),
            )

    async def verify_chain(self) -> None:
        """Raise Broken if an event was changed, removed or put in between."""
        seq = await self._scanner.read(events.verify)
        if seq is not None:
            raise Broken(
                what=f"the chain of events is broken at number {seq}",
                where=self._path.name,
                remedy=await asyncio.to_thread(backup.remedy, self._path),
            )
