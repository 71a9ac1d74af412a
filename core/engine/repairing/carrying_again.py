"""Objects of a bundle that nothing gives back any more: read again, into new bundles of the repair.

A bundle that has lost members, or whose source has moved on, has its root from nowhere. What the
source still has of it is dirty then, and carried as a sync's finds are; the rows name the old root
until the new one is pinned. What the source has no more stays where it is, and is said to be lost.
May import the engine's parts, the ledger and the verify room.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.display import object_name
from core.engine.syncing.pending import cut
from core.engine.syncing.waste import PAGE, Waste
from core.errors import BadInput
from core.ledger.rows import EventDraft, NewBundle
from core.model import BundleState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.holding import Hold
    from core.engine.reins import Reins
    from core.engine.repairing.means import RepairMeans
    from core.engine.repairing.mending_rows import RowMender
    from core.ledger.rows import EntryRow
    from core.model import Bundle
    from core.verify.repair_plan import Numbers
    from core.verify.source_side import SourceKeys

OPEN: Final = (BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED, BundleState.PINNED)
LOST: Final = "lost: the source has it no more, and no whole copy of its bundle is left"
NOT_OURS: Final = "the present row is not ours"


class RepairErrand:
    """The bundles of a repair, as a copy carries them. job: whose."""

    attempts: int | None = None
    audits_after = 0

    def __init__(self, job: int) -> None:
        self.job = job

    async def queue(self, reins: Reins, hold: Hold) -> None:
        """Do nothing: the repair made them."""


@dataclass(slots=True)
class Sorted:
    """A bundle's members: what can be read again; the names of the lost; why others stay."""

    entries: list[EntryRow] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)


class CarryingAgain:
    """Sorts members, and puts them into new bundles of one repair. source None: unknown."""

    def __init__(self, means: RepairMeans, rows: RowMender, source: SourceKeys | None) -> None:
        self._m = means
        self._rows = rows
        self._source = source

    async def sorted(self, bundle: Bundle) -> Sorted:
        """Look for each recorded member at the source. Raises what the source or the table says."""
        entries = await self._m.ledger.looked.members(bundle.id)
        if not entries:
            return Sorted()
        if self._source is None:
            raise BadInput(
                what="nothing tells how to reach the source",
                where="repair",
                remedy="vgwm.yaml names it; then repair again.",
            )
        # an empty mount point has lost nothing
        await asyncio.to_thread(self._m.require_source)
        others = await self._rows.others(bundle.bucket, entries)
        return await asyncio.to_thread(self._looked, self._source, bundle.bucket, entries, others)

    async def send(
        self, bundle: Bundle, entries: Sequence[EntryRow], reins: Reins, progress: str
    ) -> None:
        """Put recorded members into new bundles of the job, in one commit with its progress."""
        ledger = self._m.ledger
        new = [
            NewBundle(
                id=await ledger.next_bundle_id(),
                first=one.entries[0][:2],
                last=one.entries[-1][:2],
                kind=one.kind,
                entries=one.entries,
            )
            for one in cut(entries, self._m.knobs())
        ]
        event = EventDraft(
            kind="repair",
            text=f"bundle {bundle.id}: {len(entries):,} objects are read from the source again,"
            f" into {len(new):,} new bundles",
            job=reins.id,
            facts={"old": bundle.id, "objects": len(entries), "new": len(new)},
        )
        await ledger.mending.carry_again(
            reins.id, bundle.bucket_id, new, progress=progress, event=event
        )

    @staticmethod
    def _looked(
        source: SourceKeys, bucket: bytes, entries: Sequence[EntryRow], others: set[bytes]
    ) -> Sorted:
        found = Sorted()
        for entry in entries:
            key, version, size = entry[0], entry[1], entry[2]
            name = object_name(bucket, key)
            if not version and key in others:
                found.left.append((name, NOT_OURS))
                continue
            # a marker has no bytes to look for: its reader knows it
            look = None if size is None else source.look(bucket, key, version)
            if look is None or (look.here and not look.unread):
                found.entries.append(entry)
            elif look.here:
                found.left.append((name, f"it cannot be read at the source: {look.unread}"))
            else:
                found.lost.append(name)
        return found


async def carry(means: RepairMeans, reins: Reins) -> None:
    """Carry what a repair sent, if anything is left of it. Raises as a copy does."""
    if await means.ledger.in_states(*OPEN, limit=1, made_by=reins.id):
        await means.carry(reins, RepairErrand(reins.id))


async def came_through(means: RepairMeans, job: int) -> int:
    """Return how many objects of a job's bundles are recorded."""
    ledger, total, after = means.ledger, 0, 0
    while page := await ledger.in_states(
        BundleState.RECORDED, after_id=after, limit=PAGE, made_by=job
    ):
        after = page[-1].id
        for bundle in page:
            total += len(await ledger.looked.members(bundle.id))
    return total


async def let_go(means: RepairMeans, reins: Reins, numbers: Numbers) -> None:
    """Let those of some bundles go that have no object any more, and that no row names."""
    after, due = 0, []
    while page := await means.ledger.waste.spent(PAGE, after):
        after = page[-1].bundle
        due += [held.bundle for held in page if held.bundle in numbers]
    if due:
        async with means.ground(reins) as ground:
            await Waste(ground).let_go(due)
