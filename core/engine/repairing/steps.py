"""The steps of a repair: bundles first, then rows, cached rows, and pins that were named.

Bundles before rows: a row is made again from its bundle's manifest. Every step repeats safely, and
says behind what it stands. May import the ledger, the target and the verify room.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from core.display import object_name
from core.engine.repairing.carrying_again import LOST
from core.engine.repairing.lines import lines_of, parts_of
from core.engine.repairing.mending import Mended
from core.engine.repairing.progress import RepairProgress
from core.errors import NoAnswer, VgwmError
from core.ledger.rows import EventDraft
from core.model import BundleState
from core.target.cache_drop import Named, bucket_keys, keys_of
from core.taskgroup import TaskGroup
from core.verify.check_cache import cache_key
from core.verify.check_rows import BUCKET
from core.verify.difference import APART, Ill
from core.verify.repair_plan import TEXTS, Deed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.engine.reins import Reins
    from core.engine.repairing.carrying_again import CarryingAgain
    from core.engine.repairing.left import LeftFile
    from core.engine.repairing.lines import Part
    from core.engine.repairing.mending import BundleMender
    from core.engine.repairing.mending_rows import RowMender, RowsMended
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow
    from core.target.cache_drop import CacheDrop
    from core.target.shape import Row
    from core.verify.repair_plan import RepairPlan, Step

AT_ONCE: Final = 8
"""Bundles mended at a time: each waits a second or two for its pin."""

MOST_REASONS: Final = 50
NOT_CARRIED: Final = "they did not come through once more: vgwm errors says why"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMeans:
    """What steps work with. report: the folder of lists; left: takes what stays as it is.

    cid_at: where a row holds its CID.
    """

    ledger: Ledger
    rows: RowMender
    bundles: BundleMender
    again: CarryingAgain
    cache: CacheDrop | None
    report: Path
    left: LeftFile
    cid_at: int


class Steps:
    """Does a plan's steps for one job, from where an earlier engine left off."""

    def __init__(self, means: StepMeans, plan: RepairPlan, reins: Reins) -> None:
        self._m = means
        self._plan = plan
        self._reins = reins
        self._buckets: dict[bytes, BucketRow] = {}
        self._now = RepairProgress()

    async def bundles(self) -> None:
        """Do what is left of the first step, if it is that of bundles. Raises JobCancelled."""
        await self._begin()
        step = next(iter(self._plan.steps[self._now.step :]), None)
        if step is not None and step.deed is Deed.BUNDLES:
            await self._done(self._now.step, step)

    async def run(self) -> None:
        """Do what is left of the steps. Raises JobCancelled."""
        await self._begin()
        for number, step in enumerate(self._plan.steps[self._now.step :], self._now.step):
            await self._done(number, step)
        told = ", ".join(f"{n:,} {name}" for name, n in self._now.figures.items() if n)
        await self._keep(event=f"repaired: {told or 'nothing was wrong any more'}")

    async def carried(self, objects: int) -> None:
        """Note how many of the objects that were sent again came through. Once."""
        await self._begin()
        if self._now.settled or not self._now.sent:
            return
        left = self._now.sent - objects
        if left > 0:
            await self._leave(f"{left:,} objects", NOT_CARRIED, n=left)
        self._now = msgspec.structs.replace(self._now, carried=objects, settled=True)
        await self._keep(event=f"{objects:,} of {self._now.sent:,} objects are in new bundles")

    async def _begin(self) -> None:
        """Take up what an earlier engine, or an earlier part of this job, has stored."""
        ledger, plan = self._m.ledger, self._plan
        row = await ledger.job(self._reins.id)
        self._now = RepairProgress.parse("" if row is None else row.progress)
        self._buckets = {one.name: one for one in await ledger.buckets()}
        await self._keep(total=sum(step.lines for step in plan.steps))

    async def _done(self, number: int, step: Step) -> None:
        """Do a step, and note it."""
        await self._step(step)
        text = f"{step.deed}: {TEXTS[step.deed]}; {step.lines:,} differences dealt with"
        done = sum(one.lines for one in self._plan.steps[: number + 1])
        await self._keep(event=text, step=number + 1, at=0, done=done)

    async def _step(self, step: Step) -> None:
        match step.deed:
            case Deed.BUNDLES:
                await self._bundles(step)
            case Deed.ROWS | Deed.DROP_ROWS | Deed.CACHE:
                await self._lines(step)
            case Deed.UNPIN:
                await self._unpin()

    async def _bundles(self, step: Step) -> None:
        """Mend the step's bundles by number, some at a time."""
        for place in await asyncio.to_thread(self._suspects):
            await self._reins.checkpoint()
            await self._m.bundles.suspect(place)
        numbers = step.bundles.behind(self._now.at)
        share = step.lines // max(1, len(step.bundles))
        while group := list(islice(numbers, AT_ONCE)):
            await self._reins.checkpoint()
            async with TaskGroup() as tasks:
                begun = [
                    tasks.create_task(self._mend(number), name=f"mend bundle {number}")
                    for number in group
                ]
            mended = [task.result() for task in begun]
            for number, one in zip(group, mended, strict=True):
                if one.moved:
                    await self._again(number, one.left)
                elif one.left:
                    await self._leave(f"bundle {number}", one.left)
            whole = sum(not one.left for one in mended)
            await self._keep(
                at=group[-1],
                done=self._now.done + share * len(group),
                bundles=self._now.bundles + whole,
            )

    async def _mend(self, number: int) -> Mended:
        bundle = await self._m.ledger.bundle(number)
        kept = (await self._m.ledger.looked.bundles([number])).get(number)
        if bundle is None or kept is None:
            return Mended(left="the ledger holds no such bundle")
        if kept.root is None and kept.state is BundleState.RECORDED:
            return Mended(did="it was let go: no object of it is left")
        try:
            return await self._m.bundles.mend(bundle, kept)
        except VgwmError as error:
            return Mended(left=error.what)

    async def _again(self, number: int, why: str) -> None:
        """Send the objects of a bundle again that the source has; say what becomes of others."""
        bundle = await self._m.ledger.bundle(number)
        if bundle is None:
            return
        try:
            found = await self._m.again.sorted(bundle)
        except VgwmError as error:
            await self._leave(f"bundle {number}", f"{why}: {error.what}")
            return
        for name in found.lost:
            await self._leave(name, LOST)
        for name, reason in found.left:
            await self._leave(name, reason)
        now = msgspec.structs.replace(
            self._now,
            lost=self._now.lost + len(found.lost),
            sent=self._now.sent + len(found.entries),
        )
        if found.entries:
            await self._m.again.send(bundle, found.entries, self._reins, now.text())
        self._now = now

    def _suspects(self) -> set[str]:
        """Return where bytes were read that are not what they should be."""
        lines = lines_of(self._m.report, self._plan, Deed.BUNDLES)
        return {one.where for one in lines if one.ill is Ill.BAD_BYTES and one.where}

    async def _lines(self, step: Step) -> None:
        """Deal with the step's lines by parts of a bucket and a bundle."""
        parts = parts_of(self._m.report, self._plan, step.deed, after=self._now.at)
        while (part := await asyncio.to_thread(next, parts, None)) is not None:
            await self._reins.checkpoint()
            if step.deed is Deed.CACHE:
                await self._drop([cache_key(one) for one in part.lines])
            elif step.deed is Deed.ROWS:
                await self._write(part)
            else:
                await self._remove(part)
            n = len(part.lines)
            await self._keep(at=self._now.at + n, done=self._now.done + n)

    async def _write_buckets(self, part: Part) -> None:
        names = [key.removeprefix(BUCKET).decode() for key in _keys(part)]
        came = await self._m.rows.write_buckets(names)
        await self._drop(bucket_keys(names), counted=False)
        self._now = msgspec.structs.replace(
            self._now, written=self._now.written + len(came.written)
        )

    async def _write(self, part: Part) -> None:
        if part.bucket == APART:
            await self._write_buckets(part)
            return
        bucket = self._buckets.get(part.bucket)
        if bucket is None:
            for one in part.lines:
                await self._leave(object_name(one.bucket, one.key), "the ledger has no such bucket")
            return
        came = await self._m.rows.write(bucket, _keys(part))
        await self._after(came)
        self._now = msgspec.structs.replace(
            self._now, written=self._now.written + len(came.written)
        )

    async def _remove(self, part: Part) -> None:
        bucket = self._buckets.get(part.bucket)
        number = None if bucket is None else bucket.id
        came = await self._m.rows.remove(part.bucket.decode(), _keys(part), number)
        await self._after(came)
        self._now = msgspec.structs.replace(
            self._now, removed=self._now.removed + len(came.written)
        )

    async def _after(self, came: RowsMended) -> None:
        """Note what was left, and drop the cached rows of what was written."""
        for (bucket, key), why in came.left.items():
            await self._leave(object_name(bucket.encode(), key.encode()), why)
        await self._drop(keys_of(self._named(row) for row in came.written), counted=False)

    def _named(self, row: Row) -> Named:
        return Named(str(row[0]), str(row[1]), str(row[self._m.cid_at] or ""))

    async def _drop(self, keys: Sequence[bytes], *, counted: bool = True) -> None:
        if self._m.cache is None or not keys:
            return
        dropped = await self._m.cache.drop(keys)
        if dropped.left:
            await self._leave(f"{dropped.left} cached keys", dropped.fault, n=dropped.left)
        if counted:
            self._now = msgspec.structs.replace(self._now, dropped=self._now.dropped + dropped.keys)

    async def _unpin(self) -> None:
        """Remove the pins that were named, unless the ledger knows their root by now."""
        known = await self._m.ledger.looked.roots()
        for root in sorted(self._plan.unpin):  # all of them orphans of the report
            await self._reins.checkpoint()
            if root in known:
                await self._leave(root, "a bundle of the ledger has this root")
                continue
            try:
                came = await self._m.bundles.unpin(root)
            except NoAnswer as error:
                came = Mended(left=error.what)
            if came.left:
                await self._leave(root, came.left)
            await self._keep(done=self._now.done + 1, unpinned=self._now.unpinned + (not came.left))

    async def _leave(self, what: str, why: str, *, n: int = 1) -> None:
        """Note that something stays as it is, and why."""
        await self._m.left.add(what, why)
        reasons = Counter(self._now.reasons)
        if why in reasons or len(reasons) < MOST_REASONS:
            reasons[why] += n
        self._now = msgspec.structs.replace(
            self._now, left=self._now.left + n, reasons=dict(reasons)
        )

    async def _keep(self, event: str = "", **changed: int) -> None:
        """Store how far the repair is."""
        self._now = msgspec.structs.replace(self._now, **changed)
        draft = EventDraft(kind="repair", text=event, job=self._reins.id) if event else None
        await self._m.ledger.mending.progress(self._reins.id, self._now.text(), draft)


def _keys(part: Part) -> list[bytes]:
    return sorted({one.key for one in part.lines})
