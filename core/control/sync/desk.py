"""What clients are told of a sync: its rounds, its lag, its forecast, the deletes that wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from core.control.wire import sync as wire_sync
from core.display import object_name, safe
from core.engine.syncing import fuse
from core.engine.syncing.lag import DRAIN_S, forecast, lag_s, proof_s
from core.engine.syncing.syncs import ROUNDS
from core.model import JobKind

if TYPE_CHECKING:
    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.syncing.lag import Forecast
    from core.ledger.reading import LedgerReader
    from core.ledger.rounds import RoundRow

SHOWN: Final = 20


class Behind(NamedTuple):
    """How far the target is behind: seconds, None before a full round; objects not carried yet."""

    lag_s: float | None
    pending: int


class Freeze(NamedTuple):
    """How long writes would pause if they were held back now, of how long; and the newest round.

    forecast_s, lag_s, round: None where nobody can say.
    """

    forecast_s: float | None
    budget_s: float
    lag_s: float | None
    round: int | None


class SyncDesk:
    """Answers from a ledger."""

    def __init__(self, workspace: Workspace, ledger: LedgerReader) -> None:
        self._workspace = workspace
        self._ledger = ledger

    async def behind(self) -> Behind:
        """Return the lag alone: a snapshot asks it each second."""
        last = await self._ledger.rounds.last_full()
        if last is None:
            return Behind(None, 0)
        return Behind(lag_s(last, time.time_ns()), await self._ledger.rounds.dirty())

    async def freeze(self) -> Freeze:
        """Return what a cutover wants to know of the sync."""
        looks, knobs = self._ledger.rounds, await self._knobs()
        rows = await looks.full_rounds(ROUNDS)
        verified = await self._ledger.newest_job(JobKind.VERIFY)
        told = forecast(rows, budget_s=knobs.freeze_budget, proof_s=proof_s(verified))
        return Freeze(
            forecast_s=told.freeze_s,
            budget_s=knobs.freeze_budget,
            lag_s=lag_s(await looks.last_full(), time.time_ns()),
            round=rows[0].id if rows else None,
        )

    async def sync(self) -> wire_sync.Sync:
        """Return how the target keeps up."""
        looks = self._ledger.rounds
        rows = await looks.rounds(SHOWN)
        knobs = await self._knobs()
        verified = await self._ledger.newest_job(JobKind.VERIFY)
        full = await looks.full_rounds(ROUNDS)
        told = forecast(full, budget_s=knobs.freeze_budget, proof_s=proof_s(verified))
        running = [row.job for row in rows[:1] if row.ended_ns is None]
        return wire_sync.Sync(
            lag_s=lag_s(await looks.last_full(), time.time_ns()),
            pending=await looks.dirty(),
            due=await self._due(knobs),
            forecast=_forecast(told, knobs.freeze_budget),
            rounds=tuple(map(round_told, rows)),
            job=running[0] if running else None,
        )

    async def _due(self, knobs: Knobs) -> wire_sync.SyncDue:
        counted = await self._ledger.counters()
        most = fuse.limit(knobs.max_delete, counted.migrated + counted.gone)
        if not await self._ledger.rounds.any_due():
            return wire_sync.SyncDue(objects=0, limit=most)
        due = await self._ledger.rounds.due()
        return wire_sync.SyncDue(
            objects=due.objects,
            limit=most,
            hash=due.hash,
            held=fuse.held(due, most),
            buckets=tuple(map(safe, due.buckets)),
            emptied=tuple(map(safe, due.emptied)),
            first=tuple(safe(object_name(*one)) for one in due.first),
        )

    async def _knobs(self) -> Knobs:
        kept = await self._ledger.knobs()
        return self._workspace.knobs.with_values({row.name: row.value for row in kept})


def round_told(row: RoundRow) -> wire_sync.SyncRound:
    """Return a round as clients see it."""
    found = row.found
    return wire_sync.SyncRound(
        id=row.id,
        job=row.job,
        kind=row.kind,
        state=row.state,
        began_ns=row.began_ns,
        walked_ns=row.walked_ns,
        ended_ns=row.ended_ns,
        seen=found.seen,
        added=found.added,
        changed=found.changed,
        attrs=found.attrs,
        deleted=found.deleted,
        size_bytes=found.size_bytes,
        why=safe(row.why),
    )


def _forecast(told: Forecast, budget_s: float) -> wire_sync.SyncForecast:
    return wire_sync.SyncForecast(
        freeze_s=told.freeze_s,
        freeze_budget_s=budget_s,
        drain_s=DRAIN_S,
        round_s=told.round_s,
        carry_s=told.carry_s,
        proof_s=told.proof_s,
        ready=told.ready,
        outrun=told.outrun,
        written_s=told.written_s,
        copied_s=told.copied_s,
    )
