"""Ends a bundle: its rows into the object table, then the ledger's commit. The coordinator's alone.

May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

import asyncio
import pickle
from functools import partial
from typing import TYPE_CHECKING

from core.engine.copying.faults import Backoff
from core.engine.copying.hiding import hidden_keys, take_off
from core.engine.copying.outcome import Outcome, again_bundle, outcome_of, without_refused
from core.engine.copying.recorded_event import RecordedEvent
from core.engine.crew.task import Rows
from core.engine.holding import HELD
from core.errors import NoAnswer, VgwmError
from core.target.row_check import RowsRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.copying.bundle_times import Stopwatch
    from core.engine.copying.means import Means, Teller
    from core.engine.copying.placement import Place
    from core.engine.crew.task import CopyResult
    from core.engine.holding import Hold
    from core.engine.reins import Reins
    from core.ledger.rows import EntryRow, EventDraft, RecordRow
    from core.model import Bundle
    from core.target.shape import Row

RECORDING = 2
"""Bundles whose rows are open at a time: enough to fill one commit while another is written."""


class Recorder:
    """Records bundles that are safely on the target, or of which nothing was left to carry."""

    def __init__(self, means: Means, reins: Reins, hold: Hold, tell: Teller) -> None:
        self._m = means
        self._reins = reins
        self._hold = hold
        self._tell = tell
        # opened rows take three times the memory of packed ones
        self._open = asyncio.Semaphore(RECORDING)
        self._event = RecordedEvent(reins.id)

    def rest(self) -> EventDraft | None:
        """Return the event of what was recorded and not told yet, None if that is nothing."""
        return self._event.rest()

    async def record(
        self, bundle: Bundle, result: CopyResult, watch: Stopwatch, place: Place
    ) -> None:
        """Record a bundle by its worker's answer."""
        if result.root is None:
            await self._answered(bundle, result, Rows([], []), watch, place)
            return
        async with self._open:
            rows: Rows = pickle.loads(result.rows)  # noqa: S301 - written by our own worker
            await self._answered(bundle, result, rows, watch, place)

    async def record_again(self, bundle: Bundle, rows: Rows, left: list[EntryRow]) -> None:
        """Record a bundle by its manifest; left: members that go round again."""
        refused = await self._upsert(rows.table)
        await self._unname(bundle, rows.ledger)
        outcome = Outcome(rows=rows.ledger, failures=[], again=left)
        await self._store(bundle, without_refused(outcome, refused), len(rows.ledger))

    async def _answered(
        self, bundle: Bundle, result: CopyResult, rows: Rows, watch: Stopwatch, place: Place
    ) -> None:
        if any(fault.outcome == "gone" for fault in result.faults):
            # gone for good: not to be believed of an empty mount point
            await asyncio.to_thread(self._m.require_source)
        refused = await self._upsert(rows.table)
        await self._unname(bundle, rows.ledger)
        members = {}
        if result.faults:
            members = {e[:2]: e for e in await self._m.ledger.bundle_entries(bundle)}
        outcome = outcome_of(
            bundle,
            result,
            rows.ledger,
            members,
            retry_attempts=self._attempts(),
        )
        outcome = without_refused(outcome, refused)
        await self._store(bundle, outcome, len(rows.ledger))
        nodes = tuple(node.name for node in place.endpoints)
        self._m.told(watch.recorded(result, nodes, (one.code for one in outcome.failures)))

    def _attempts(self) -> int:
        """Return how often an object that changed goes round again: a retry may say it."""
        own = self._m.attempts
        return self._m.knobs().retry_attempts if own is None else own

    async def _store(self, bundle: Bundle, outcome: Outcome, objects: int) -> None:
        """Commit a bundle's end to the ledger: done."""
        again = []
        if outcome.again:
            number = await self._m.ledger.next_bundle_id()
            again.append(again_bundle(number, outcome.again, bundle.kind))
        event = self._event.note(bundle.id, objects)
        await self._hold.patiently(
            lambda: self._m.ledger.record(
                bundle.id,
                outcome.rows,
                failures=outcome.failures,
                requeued=again,
                event=event,
            )
        )

    async def _upsert(self, rows: Sequence[Row]) -> dict[bytes, str]:
        """Write object rows; return the keys that the table cannot hold, and why.

        A silent table is waited for: its bundles stay pinned. One that is full holds the job.
        """
        backoff, left = Backoff(), list(rows)
        refused: dict[bytes, str] = {}
        while left:
            try:
                await self._m.table.upsert(left)
            except RowsRefused as fault:
                keys = set(fault.keys)
                refused.update({key.encode(): fault.what for _, key in keys})
                left = [row for row in left if (row[0], row[1]) not in keys]
            except HELD as fault:
                await self._hold.wait(fault, partial(self._table_takes, left))
            except NoAnswer as fault:
                self._reins.waits["table"] = fault.what
                await self._tell(f"object table: {fault.what}", kind="table_fault")
                await backoff.wait()
            else:
                self._reins.waits.pop("table", None)
                break
        await self._forget(left)
        return refused

    async def _unname(self, bundle: Bundle, rows: Sequence[RecordRow]) -> None:
        """Take off the table what delete markers hide by now: an earlier copy's rows.

        A round saw some of them as objects, and the worker found markers in their place.
        """
        ours = self._m.ours
        hidden = [] if ours is None else hidden_keys(bundle.bucket, rows)
        backoff = Backoff()
        while hidden and ours is not None:
            try:
                await self._forget(await take_off(self._m.table, ours, hidden))
            except HELD as fault:
                await self._hold.wait(fault)
            except NoAnswer as fault:
                self._reins.waits["table"] = fault.what
                await backoff.wait()
            else:
                self._reins.waits.pop("table", None)
                return

    async def _forget(self, rows: Sequence[Row]) -> None:
        """Drop the cache's keys of written rows, behind the rows: a reader finds those then."""
        cache, at = self._m.cache, self._m.maker.cid_position
        if cache is None:
            return
        from core.target.cache_drop import Named, keys_of  # noqa: PLC0415 - loaded with the cache

        done = await cache.drop(
            keys_of(Named(str(row[0]), str(row[1]), str(row[at] or "")) for row in rows)
        )
        if done.fault:
            await self._tell(
                f"cache: {done.left:,} keys of written objects stay until they expire:"
                f" {done.fault}",
                kind="cache_fault",
            )

    async def _table_takes(self, rows: Sequence[Row], _fault: VgwmError) -> bool:
        """Tell whether the table takes rows now; writing them twice harms nothing."""
        try:
            await self._m.table.upsert(rows)
        except RowsRefused:
            return True
        except VgwmError:
            return False
        return True
