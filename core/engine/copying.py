"""The copy job: every planned bundle on its way planned -> copied -> pinned -> recorded.

One coroutine a bundle; the coordinator alone pins and records (I3). What is in flight is bounded by
bundles and by bytes, so memory does not grow with the set. May import ledger, target, and the
engine's parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.bundle_times import Stopwatch, untold
from core.engine.executor import WorkerLost
from core.engine.faults import NODE_FAULTS, PIN_FAULTS, Backoff
from core.engine.outcome import Outcome, again_bundle, outcome_of, without_refused
from core.engine.recorded_event import RecordedEvent
from core.engine.recovering import recovered
from core.engine.reins import JobCancelled
from core.engine.task import CopyResult, CopyTask, Rows
from core.errors import Broken, NoAnswer, PinMoved, VgwmError
from core.ledger.rows import EventDraft
from core.model import Bundle, BundleKind, BundleState
from core.target.row_check import RowsRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.knobs import Knobs
    from core.engine.bundle_times import BundleTimes
    from core.engine.executor import LocalExecutor
    from core.engine.placement import Place, Placement
    from core.engine.reins import Reins
    from core.engine.task import Fault
    from core.engine.window import Window
    from core.ledger.ledger import Ledger
    from core.model import Cid
    from core.target.objects import ObjectTable
    from core.target.rows import RowMaker

log = logging.getLogger(__name__)

PAGE = 64
"""Open bundles that are read from the ledger at a time."""

RECORDING = 2
"""Bundles whose rows are open at a time: enough to fill one commit while another is written."""

MOST_LAG_S = 2.0
MOST_RETRY_S = 60.0


def _any_source() -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a copy works with. owner: of a bucket, by its id. knobs: as they are now.

    require_source: raises if the source is no longer the one that was planned. told: hears of each
    recorded bundle.
    """

    ledger: Ledger
    table: ObjectTable
    maker: RowMaker
    placement: Placement
    executor: LocalExecutor
    window: Window
    knobs: Callable[[], Knobs]
    owner: Callable[[int], str]
    require_source: Callable[[], None] = _any_source
    told: Callable[[BundleTimes], None] = untold


class Copier:
    """Carries every open bundle, until the plan has ended and none is left."""

    def __init__(self, means: Means, reins: Reins, *, planned: bool) -> None:
        self._m = means
        self._reins = reins
        self._planned = planned
        self._more = asyncio.Event()
        self.places: dict[int, Place] = {}
        # opened rows take three times the memory of packed ones
        self._recording = asyncio.Semaphore(RECORDING)
        # a large object has one segment in flight
        self._segments = asyncio.Semaphore(means.knobs().segment_concurrency)
        self._recorded = RecordedEvent(reins.id)

    def more(self) -> None:
        """Say that the plan committed bundles."""
        self._more.set()

    def plan_ended(self) -> None:
        """Say that no bundle will come any more."""
        self._planned = True
        self._more.set()

    async def run(self) -> None:
        """Carry all bundles. Raises JobCancelled, or what stops the job."""
        await self._m.ledger.reset_copying()
        async with asyncio.TaskGroup() as group:
            await self._resume(group)
            cancelled = await self._dispatch(group)
        if (rest := self._recorded.rest()) is not None:
            await self._m.ledger.event(rest)
        if cancelled:
            raise JobCancelled

    async def _resume(self, group: asyncio.TaskGroup) -> None:
        """Take up bundles that were copied before the engine ended."""
        after = 0
        states = (BundleState.COPIED, BundleState.PINNED)
        while page := await self._m.ledger.in_states(*states, after_id=after, limit=PAGE):
            for bundle in page:
                after = bundle.id
                await self._m.window.enter(0)
                group.create_task(self._recover(bundle), name=f"recover bundle {bundle.id}")

    async def _dispatch(self, group: asyncio.TaskGroup) -> bool:
        """Start a coroutine for each open bundle as the window allows; tell if it was cancelled."""
        after = 0
        window = self._m.window
        while True:
            self._more.clear()
            window.left.clear()
            planned = self._planned
            page = await self._m.ledger.open_bundles(after, PAGE)
            for bundle in page:
                try:
                    await self._reins.checkpoint()
                    await self._ledger_keeps_up()
                    await window.enter(bundle.size_bytes)
                    await self._reins.checkpoint()
                except JobCancelled:
                    return True
                after = bundle.id
                group.create_task(self._carry(bundle), name=f"bundle {bundle.id}")
            if page:
                continue
            if planned and not window.busy:
                # objects that changed went into later bundles, lost ones came back under their own
                if not await self._m.ledger.open_bundles(0, 1):
                    return False
                after = 0
                continue
            await self._wait_for_work()

    async def _ledger_keeps_up(self) -> None:
        """Give out no more while the ledger's writer is behind: what waits for it is in memory."""
        while self._m.ledger.lag_s() > MOST_LAG_S:  # noqa: ASYNC110 - a thread's age has no event
            await asyncio.sleep(0.05)

    async def _wait_for_work(self) -> None:
        """Wait until the plan commits, or a bundle in flight ends."""
        waits = [
            asyncio.create_task(self._more.wait(), name="more bundles"),
            asyncio.create_task(self._m.window.left.wait(), name="a bundle left"),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _carry(self, bundle: Bundle) -> None:
        """Bring one bundle from planned to recorded."""
        window = self._m.window
        copying = True

        def copied() -> None:
            nonlocal copying
            if copying:
                copying = False
                window.copied(bundle.size_bytes)

        try:
            if bundle.tries:
                delay_s = self._m.knobs().retry_delay * 2 ** (bundle.tries - 1)
                await asyncio.sleep(min(MOST_RETRY_S, delay_s))
            if bundle.kind is BundleKind.LARGE:
                async with self._segments:
                    await self._carry_once_or_again(bundle, copied)
            else:
                await self._carry_once_or_again(bundle, copied)
        finally:
            copied()
            self.places.pop(bundle.id, None)
            window.leave()

    async def _carry_once_or_again(self, bundle: Bundle, copied: Callable[[], None]) -> None:
        ledger, placement = self._m.ledger, self._m.placement
        backoff, watch = Backoff(), Stopwatch()
        while True:
            result, place = await self._copy(bundle, backoff)
            watch.answered()
            if result.root is None or result.counts is None:
                copied()
                await self._record(bundle, result, Rows([], []), watch)
                return
            await ledger.copied(bundle.id, result.root, place.peers, result.counts)
            copied()
            try:
                async with self._m.window.pins:
                    await placement.pin(bundle.id, result.root, result.car_bytes, place.peers)
            except PIN_FAULTS as fault:
                watch.pinned()
                await self._send_again(bundle, result.root, fault)
                await backoff.wait()
                continue
            await ledger.pinned([bundle.id])
            watch.pinned()
            async with self._recording:
                rows: Rows = pickle.loads(result.rows)  # noqa: S301 - written by our own worker
                await self._record(bundle, result, rows, watch)
            return

    async def _send_again(self, bundle: Bundle, root: Cid, fault: VgwmError) -> None:
        """Return a bundle whose pin did not come to planned."""
        await self._tell(f"bundle {bundle.id}: {fault.what}", kind="pin_fault")
        if isinstance(fault, PinMoved):
            # while the pin stands, the cluster keeps its own choice of peers
            await self._m.placement.withdraw(root)
        await self._m.ledger.requeue(bundle.id, fault.what)

    async def _copy(self, bundle: Bundle, backoff: Backoff) -> tuple[CopyResult, Place]:
        """Have a worker carry the bundle, again after faults that are not its objects' own."""
        ledger, placement = self._m.ledger, self._m.placement
        entries = await ledger.bundle_entries(bundle)
        attempt = 0
        while True:
            place = await placement.choose(bundle.size_bytes)
            self.places[bundle.id] = place
            attempt += 1
            task = self._task(bundle, [(e[0], e[1]) for e in entries], place, attempt)
            fault: Fault | None = None
            try:
                await ledger.copying([bundle.id], "local")
                result = await self._m.executor.run(task)
                if result.fault is None:
                    return result, place
                fault = result.fault
            except WorkerLost as lost:
                await self._tell(
                    f"bundle {bundle.id}: worker {lost.slot} died ({lost.how})", kind="worker_lost"
                )
            finally:
                placement.release(place, bundle.size_bytes, fault)
            if fault is not None:
                if fault.kind not in NODE_FAULTS or not place.endpoints:
                    raise fault.error()
                await self._tell(f"bundle {bundle.id}: {fault.what}", kind="node_fault")
            await backoff.wait(at_least_s=fault.wait_s if fault is not None else 0.0)

    def _task(
        self, bundle: Bundle, entries: list[tuple[bytes, bytes]], place: Place, attempt: int
    ) -> CopyTask:
        return CopyTask(
            bundle=bundle.id,
            epoch=self._m.ledger.epoch,
            attempt=attempt,
            bucket=bundle.bucket,
            bucket_id=bundle.bucket_id,
            owner=self._m.owner(bundle.bucket_id),
            kind=bundle.kind,
            size_bytes=bundle.size_bytes,
            entries=entries,
            nodes=place.endpoints,
            peers=place.peers,
        )

    async def _record(
        self, bundle: Bundle, result: CopyResult, rows: Rows, watch: Stopwatch
    ) -> None:
        """Write the rows, then the ledger: done."""
        if any(fault.outcome == "gone" for fault in result.faults):
            # gone for good: not to be believed of an empty mount point
            await asyncio.to_thread(self._m.require_source)
        refused = await self._upsert(rows)
        members = {}
        if result.faults:
            members = {e[:2]: e for e in await self._m.ledger.bundle_entries(bundle)}
        outcome = outcome_of(
            bundle,
            result,
            rows.ledger,
            members,
            retry_attempts=self._m.knobs().retry_attempts,
        )
        outcome = without_refused(outcome, refused)
        again = []
        if outcome.again:
            number = await self._m.ledger.next_bundle_id()
            again.append(again_bundle(number, outcome.again, bundle.kind))
        await self._m.ledger.record(
            bundle.id,
            outcome.rows,
            failures=outcome.failures,
            requeued=again,
            increments=outcome.classes,
            event=self._recorded.note(bundle.id, len(rows.ledger)),
        )
        place = self.places.get(bundle.id)
        nodes = tuple(node.name for node in place.endpoints) if place is not None else ()
        self._m.told(watch.recorded(result, nodes, (one.code for one in outcome.failures)))

    async def _upsert(self, rows: Rows) -> dict[bytes, str]:
        """Write object rows; return the keys that the table cannot hold, and why.

        A silent table is waited for: its bundles stay pinned.
        """
        backoff, left = Backoff(), rows.table
        refused: dict[bytes, str] = {}
        while left:
            try:
                await self._m.table.upsert(left)
            except RowsRefused as fault:
                keys = set(fault.keys)
                refused.update({key.encode(): fault.what for _, key in keys})
                left = [row for row in left if (row[0], row[1]) not in keys]
            except NoAnswer as fault:
                self._reins.waits["table"] = fault.what
                await self._tell(f"object table: {fault.what}", kind="table_fault")
                await backoff.wait()
            else:
                self._reins.waits.pop("table", None)
                break
        return refused

    async def _recover(self, bundle: Bundle) -> None:
        """Record a bundle that was copied before the engine died, from its manifest."""
        window, ledger = self._m.window, self._m.ledger
        window.copied(0)
        try:
            if bundle.root is None:
                raise Broken(
                    what=f"bundle {bundle.id} is copied, and the ledger holds no root of it",
                    where="ledger",
                    remedy="Restore the ledger from its newest backup.",
                )
            try:
                manifest = await self._m.placement.manifest(bundle.root, bundle.allocations)
            except VgwmError as error:
                await self._tell(f"bundle {bundle.id} is redone: {error.what}", kind="redone")
                await ledger.requeue(bundle.id, "its manifest could not be read")
                return
            members = await ledger.bundle_entries(bundle)
            rows, left = recovered(
                bundle, manifest, members, self._m.maker, self._m.owner(bundle.bucket_id)
            )
            if bundle.state is BundleState.COPIED:
                try:
                    async with window.pins:
                        await self._m.placement.pin(
                            bundle.id, bundle.root, None, bundle.allocations
                        )
                except PIN_FAULTS as fault:
                    await self._send_again(bundle, bundle.root, fault)
                    return
                await ledger.pinned([bundle.id])
            refused = await self._upsert(rows)
            outcome = without_refused(
                Outcome(rows=rows.ledger, failures=[], again=left, classes={}), refused
            )
            number = await ledger.next_bundle_id()
            await ledger.record(
                bundle.id,
                outcome.rows,
                failures=outcome.failures,
                requeued=[again_bundle(number, left, bundle.kind)] if left else [],
                event=self._recorded.note(bundle.id, len(rows.ledger)),
            )
        finally:
            window.leave()

    async def _tell(self, text: str, *, kind: str) -> None:
        log.warning("%s", text, extra={"kind": kind})
        with contextlib.suppress(NoAnswer):  # a full ledger says so at the next change
            await self._m.ledger.event(
                EventDraft(kind=kind, text=text, level="warn", job=self._reins.id)
            )
