"""Gives what is left of wasteful bundles a root of its own, and lets the old roots go.

Nothing of an object is read from the source or sent to a node. Each bundle: new root there, pinned
(I1), rows rewritten while they are ours, ledger, old root let go; every step repeats safely.
Source: ipfs.md 3. May import ledger, target, dag, and the engine's parts.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from core.dag import cid as cids
from core.dag.errors import DagError
from core.dag.manifest import Manifest
from core.display import count, safe, size
from core.engine.beside import Beside
from core.engine.runs import announce
from core.engine.syncing.ground import opened
from core.engine.syncing.rebundle_plan import PAGE, SHARE
from core.engine.syncing.shelves import shelf_of
from core.engine.syncing.survivors import new_root, outdated
from core.engine.syncing.waste import ROWS, Waste
from core.errors import Broken, VgwmError
from core.ledger.bundles import Copy
from core.ledger.rows import EventDraft
from core.target.cache_drop import Named, keys_of
from core.target.shape import Source
from core.taskgroup import TaskGroup
from core.verify.row_mark import parted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.syncing.ground import Ground
    from core.engine.syncing.shelves import Put, Shelf
    from core.engine.syncing.survivors import NewRoot
    from core.ledger.rebundled import Survivor
    from core.ledger.rows import Position
    from core.ledger.waste import Held
    from core.model import Bundle
    from core.target.shape import Row

AT_ONCE: Final = 8
"""Bundles under way: a new root waits a second or two for its pin."""


async def rebundle(premises: Premises, reins: Reins) -> None:
    """Re-bundle what is wasteful, all of it. Raises JobCancelled, and Broken if any was left."""
    async with opened(premises, reins) as ground:
        beside = Beside()
        beside.start("target watch", ground.placement.watch())
        beside.start("notices", announce(ground.placement, premises.ledger, reins))
        try:
            await Rebundling(ground, shelf_of(ground.placement, premises.epoch)).run()
        finally:
            await beside.end()


class Rebundling:
    """One job's re-bundling."""

    def __init__(self, ground: Ground, shelf: Shelf) -> None:
        self._ground = ground
        self._shelf = shelf
        self._waste = Waste(ground)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._left: list[str] = []
        self.moved = 0

    async def run(self) -> None:
        """Go over all wasteful bundles, by number."""
        ground, after, freed = self._ground, 0, 0
        while page := await ground.ledger.waste.wasteful(PAGE, SHARE, after):
            after = page[-1].bundle
            freed += sum(held.dead_bytes for held in page)
            for at in range(0, len(page), AT_ONCE):
                await ground.hold.checkpoint()
                async with TaskGroup() as group:
                    for held in page[at : at + AT_ONCE]:
                        group.create_task(self._one(held), name=f"re-bundle {held.bundle}")
        text = (
            f"{count(self.moved)} bundles got a new root, of {size(freed)} dead;"
            f" {count(len(self._left))} stay as they were"
        )
        await ground.tell(text, kind="rebundled", level="warn" if self._left else "info")
        if self._left:
            raise Broken(
                what=f"{count(len(self._left))} bundles were not re-bundled: {self._left[0]}",
                where="sync --rebundle",
                remedy="They stay. What is damaged: vgwm verify --full, vgwm metadata repair.",
            )

    async def _one(self, held: Held) -> None:
        """Re-bundle one; what hinders it is said, and it stays as it was."""
        try:
            await self._move(held)
        except VgwmError as fault:
            reason = f"bundle {held.bundle}: {fault.what}"
        except DagError as fault:
            reason = f"bundle {held.bundle}: {safe(str(fault))}"
        else:
            self.moved += 1
            return
        self._left.append(reason)
        await self._ground.tell(f"{reason}; it stays as it was", kind="rebundle_fault")

    async def _move(self, held: Held) -> None:
        ground = self._ground
        old = await ground.ledger.bundle(held.bundle)
        if old is None or old.root is None:
            return
        left = await ground.ledger.waste.survivors(old.id)
        raw = await ground.placement.manifest(old.root, old.allocations)
        manifest = Manifest.parse(raw.decode())
        number = await self._number(old)
        new = new_root(
            manifest,
            await self._shelf.root_block(old),
            number,
            left,
            await self._metadata(old, outdated(manifest, left)),
        )
        put = await ground.patiently("target", lambda: self._shelf.put(old, number, new))
        await ground.patiently(
            "target",
            lambda: ground.placement.pin(number, new.root, put.car_bytes, old.allocations),
        )
        await self._rename(old, number, new, left)
        await self._record(old, number, new, put, left)
        await self._waste.let_go([old.id])

    async def _number(self, old: Bundle) -> int:
        """Return the new bundle's number: after a crash the same, so that it has the same root."""
        ledger = self._ground.ledger
        kept = await ledger.waste.destined(old.id)
        if kept and await ledger.bundle(kept) is None:
            return kept
        number = await ledger.next_bundle_id()
        await self._ground.hold.patiently(partial(ledger.clearing.destine, old.id, number))
        return number

    async def _metadata(self, old: Bundle, left: Sequence[Survivor]) -> dict[Position, str]:
        """Return the metadata of objects that changed since the manifest, from their rows."""
        ground, found = self._ground, {}
        at = ground.profile.objects.position(Source.METADATA)
        if at is None:
            return {}
        bucket = old.bucket.decode()
        keys = [(bucket, one.key.decode()) for one in left if not one.version]
        for begin in range(0, len(keys), ROWS):
            for row in await self._read(keys[begin : begin + ROWS]):
                bare = parted(row[at]).bare
                if bare is not None:
                    found[str(row[1]).encode(), b""] = bare
        return found

    async def _rename(
        self, old: Bundle, number: int, new: NewRoot, left: Sequence[Survivor]
    ) -> None:
        """Have the survivors' rows name the new root, while they are ours and name the old one."""
        ground = self._ground
        if not ground.ours.names_roots or old.root is None:
            return
        bucket, roots = old.bucket.decode(), (cids.text(old.root), cids.text(new.root))
        keys = [(bucket, one.key.decode()) for one in left if not one.version]
        for begin in range(0, len(keys), ROWS):
            rows = [
                row
                for row in await self._read(keys[begin : begin + ROWS])
                if ground.ours.wrote(row) and ground.ours.root(row) == roots[0]
            ]
            names = [new.names[str(row[1]).encode(), b""] for row in rows]
            again = [
                ground.ours.moved(row, roots[1], name, number)
                for row, name in zip(rows, names, strict=True)
            ]
            await ground.patiently("table", partial(ground.table.replace_if, again, rows))
            await ground.drop(keys_of(Named(str(row[0]), str(row[1]), "") for row in rows))

    async def _read(self, keys: list[tuple[str, str]]) -> list[Row]:
        return await self._ground.patiently("table", partial(self._ground.table.read, keys))

    async def _record(
        self, old: Bundle, number: int, new: NewRoot, put: Put, left: list[Survivor]
    ) -> None:
        ground = self._ground
        event = EventDraft(
            kind="rebundled",
            text=f"bundle {old.id}: its {count(len(left))} objects are in bundle {number} now",
            job=ground.reins.id,
            facts={"old": old.id, "new": number, "objects": len(left)},
        )
        await ground.hold.patiently(
            lambda: ground.ledger.clearing.move(
                old=old.id,
                new=number,
                moved=left,
                copy=Copy(root=new.root, allocations=old.allocations, counts=put.counts),
                job=ground.reins.id,
                event=event,
            )
        )
