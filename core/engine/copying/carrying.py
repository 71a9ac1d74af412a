"""One bundle on its way planned -> copied -> pinned -> recorded, through the faults of the outside.

The coordinator alone pins and records (I3). May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from core.engine.copying.bundle_times import Stopwatch
from core.engine.copying.faults import NODE_FAMILIES, Backoff
from core.engine.copying.recovering import recovered
from core.engine.crew.executor import WorkerLost
from core.engine.crew.task import CopyTask
from core.engine.holding import HELD
from core.errors import Broken, NodeBusy, NodeUnreachable, PinFailed, PinMoved, VgwmError, WorkHeld
from core.model import Bundle, BundleKind, BundleState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.engine.copying.means import Means, Teller
    from core.engine.copying.placement import Place
    from core.engine.copying.recorder import Recorder
    from core.engine.crew.task import CopyResult, Fault
    from core.engine.holding import Hold
    from core.ledger.rows import EntryRow
    from core.model import Cid

MOST_RETRY_S = 60.0
_READS = 6
"""Tries to read a copied bundle's manifest back before it is redone: about a minute."""


class Carrying:
    """Carries bundles one by one; many of its calls run at a time."""

    def __init__(self, means: Means, hold: Hold, recorder: Recorder, tell: Teller) -> None:
        self._m = means
        self._hold = hold
        self._recorder = recorder
        self._tell = tell
        self.places: dict[int, Place] = {}
        # a large object has one segment in flight
        self._segments = asyncio.Semaphore(means.knobs().segment_concurrency)

    async def carry(self, bundle: Bundle, copied: Callable[[], None]) -> None:
        """Bring a planned bundle to recorded. copied: called when it has left the workers."""
        try:
            if bundle.tries:
                delay_s = self._m.knobs().retry_delay * 2 ** (bundle.tries - 1)
                await asyncio.sleep(min(MOST_RETRY_S, delay_s))
            if bundle.kind is BundleKind.LARGE:
                async with self._segments:
                    await self._carry(bundle, copied)
            else:
                await self._carry(bundle, copied)
        finally:
            self.places.pop(bundle.id, None)

    async def take_up(self, bundle: Bundle) -> None:
        """Record a bundle that was copied before the engine died, from its manifest."""
        ledger = self._m.ledger
        if bundle.root is None:
            raise Broken(
                what=f"bundle {bundle.id} is copied, and the ledger holds no root of it",
                where="ledger",
                remedy="Restore the ledger from its newest backup.",
            )
        manifest = await self._manifest(bundle, bundle.root)
        if manifest is None:
            return
        members = await ledger.bundle_entries(bundle)
        rows, left = recovered(
            bundle, manifest, members, self._m.maker, self._m.owner(bundle.bucket_id)
        )
        if bundle.state is BundleState.COPIED:
            if not await self._pinned(bundle, bundle.root, None, bundle.allocations):
                return
            await self._hold.patiently(lambda: ledger.pinned([bundle.id]))
        await self._recorder.record_again(bundle, rows, left)

    async def _carry(self, bundle: Bundle, copied: Callable[[], None]) -> None:
        ledger = self._m.ledger
        backoff, watch = Backoff(), Stopwatch()
        while True:
            result, place = await self._copy(bundle, backoff)
            watch.answered()
            root, counts = result.root, result.counts
            if root is None or counts is None:
                copied()
                await self._recorder.record(bundle, result, watch, place)
                return
            keep = partial(ledger.copied, bundle.id, root, place.peers, counts)
            keep = partial(keep, losses=result.losses, tallies=result.tallies)
            await self._hold.patiently(keep)
            await self._m.executor.settled(bundle.id)
            copied()
            there = await self._pinned(bundle, root, result.car_bytes, place.peers)
            watch.pinned()
            if there:
                await self._hold.patiently(lambda: ledger.pinned([bundle.id]))
                await self._recorder.record(bundle, result, watch, place)
                return
            await backoff.wait()

    async def _pinned(
        self, bundle: Bundle, root: Cid, car_bytes: int | None, peers: tuple[str, ...]
    ) -> bool:
        """Have a bundle pinned; False where it was returned to planned, to go elsewhere.

        While no cluster peer takes the pin, the bundle waits where it is: its blocks are there.
        """
        placement, backoff, told = self._m.placement, Backoff(), ""
        async with self._m.window.pins:
            while True:
                try:
                    await self._hold.patiently(
                        lambda: placement.pin(bundle.id, root, car_bytes, peers),
                        ready=lambda fault: placement.ready(fault, bundle.size_bytes),
                    )
                except (PinMoved, PinFailed) as fault:
                    await self._move(bundle, root, fault)
                    return False
                except (NodeUnreachable, NodeBusy) as fault:
                    if fault.what != told:
                        told = fault.what
                        await self._tell(f"bundle {bundle.id}: {told}", kind="pin_fault")
                    asked_s = fault.wait_s if isinstance(fault, NodeBusy) else 0.0
                    await backoff.wait(at_least_s=asked_s)
                else:
                    return True

    async def _move(self, bundle: Bundle, root: Cid, fault: VgwmError) -> None:
        """Take back a pin that did not come, and return its bundle to planned."""
        placement, backoff = self._m.placement, Backoff()
        await self._tell(
            f"bundle {bundle.id}: {fault.what}; its pin is withdrawn, and nodes are chosen again",
            kind="pin_moved",
        )
        while True:
            try:
                # while the pin stands, the cluster keeps its own choice of peers
                await self._hold.patiently(
                    lambda: placement.withdraw(root),
                    ready=lambda fault: placement.ready(fault, bundle.size_bytes),
                )
                break
            except (NodeUnreachable, NodeBusy):
                await backoff.wait()
        await self._requeue(bundle, fault.what)

    async def _copy(self, bundle: Bundle, backoff: Backoff) -> tuple[CopyResult, Place]:
        """Have a worker carry the bundle, again after faults that are not its objects' own."""
        ledger, placement = self._m.ledger, self._m.placement
        entries = await ledger.bundle_entries(bundle)
        attempt = 0
        while True:
            await self._hold.checkpoint()
            place = await self._hold.patiently(
                lambda: placement.choose(bundle.size_bytes),
                ready=lambda fault: placement.ready(fault, bundle.size_bytes),
            )
            self.places[bundle.id] = place
            attempt += 1
            task = self._task(bundle, entries, place, attempt)
            fault: Fault | None = None
            arrived = False
            try:
                await self._hold.patiently(lambda: ledger.copying([bundle.id], "local"))
                result = await self._m.executor.run(task)
                fault = result.fault
                if fault is None:
                    arrived = result.root is not None
                    return result, place
            except WorkerLost as lost:
                await self._tell(
                    f"bundle {bundle.id}: worker {lost.slot} died ({lost.how})", kind="worker_lost"
                )
            finally:
                placement.release(place, bundle.size_bytes, fault, arrived=arrived)
            if fault is not None and fault.kind == WorkHeld.__name__:
                continue  # nobody's fault: it goes on when the job does
            if fault is not None:
                await self._after(bundle, fault, place)
            await backoff.wait(at_least_s=fault.wait_s if fault is not None else 0.0)

    async def _after(self, bundle: Bundle, fault: Fault, place: Place) -> None:
        """Return when a bundle may be tried again after a fault. Raises what ends the job."""
        error = fault.error()
        if fault.family not in NODE_FAMILIES:
            raise error
        if fault.node or not isinstance(error, HELD):
            # a node's fault: it is left out, and the bundle goes elsewhere
            if fault.node or not place.endpoints:
                await self._tell(f"bundle {bundle.id}: {fault.what}", kind="node_fault")
            return
        placement = self._m.placement
        await self._hold.wait(error, lambda fault: placement.ready(fault, bundle.size_bytes))

    def _task(
        self, bundle: Bundle, entries: Sequence[EntryRow], place: Place, attempt: int
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
            entries=[(entry[0], entry[1]) for entry in entries],
            nodes=place.endpoints,
            peers=place.peers,
            seen=entries if self._m.tells_seen else (),
        )

    async def _manifest(self, bundle: Bundle, root: Cid) -> bytes | None:
        """Return a copied bundle's manifest; None where it is redone instead.

        Nodes that are down for a moment are waited for: redoing costs the whole upload.
        """
        backoff = Backoff()
        for last in [False] * (_READS - 1) + [True]:
            try:
                return await self._hold.patiently(
                    lambda: self._m.placement.manifest(root, bundle.allocations),
                    ready=lambda fault: self._m.placement.ready(fault, 0),
                )
            except VgwmError as error:
                if not last and isinstance(error, (NodeUnreachable, NodeBusy)):
                    await backoff.wait()
                    continue
                await self._tell(f"bundle {bundle.id} is redone: {error.what}", kind="redone")
                await self._requeue(bundle, "its manifest could not be read")
                return None
        return None

    async def _requeue(self, bundle: Bundle, why: str) -> None:
        await self._hold.patiently(lambda: self._m.ledger.requeue(bundle.id, why))
