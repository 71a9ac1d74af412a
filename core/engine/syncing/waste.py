"""Bundles without any object left: noted in one round, let go in a later one.

A round of grace lies between: whoever reads a row, or a cached one, finds its bundle still. Before
a root goes, its own manifest is read, and no row of the table may name it.
Source: cutover.md 3, ipfs.md 3. May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.dag.manifest import Manifest
from core.display import count
from core.errors import Broken, NodeUnreachable, VgwmError
from core.ledger.rows import EventDraft
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from core.dag.manifest import ManifestEntry
    from core.engine.syncing.ground import Ground
    from core.model import Bundle
    from core.target.shape import Row

PAGE: Final = 1_000
"""Bundles that are read at a time: each page is a pass over the ledger's objects."""

A_COMMIT: Final = 64
"""Bundles that are let go in one commit."""

AT_ONCE: Final = 8
ROWS: Final = 1_000

_STAYS: Final = "its root stays, and the next round looks again"


class Swept(NamedTuple):
    """What a sweep came to. noted: bundles found spent now. named: by rows that are there still."""

    noted: int = 0
    let_go: int = 0
    named: int = 0


class Waste:
    """Lets spent bundles go."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._room = asyncio.Semaphore(AT_ONCE)

    async def sweep(self, round_id: int) -> Swept:
        """Note what is spent since this round, and let go what was so before. JobCancelled."""
        ground, swept, after = self._ground, Swept(), 0
        while page := await ground.ledger.waste.spent(PAGE, after):
            await ground.hold.checkpoint()
            after = page[-1].bundle
            new = [held.bundle for held in page if not held.since]
            if new:
                await ground.hold.patiently(
                    partial(ground.ledger.clearing.note_spent, new, round_id)
                )
            due = [held.bundle for held in page if 0 < held.since < round_id]
            gone = 0
            for at in range(0, len(due), A_COMMIT):
                await ground.hold.checkpoint()
                gone += len(await self.let_go(due[at : at + A_COMMIT]))
            swept = Swept(
                swept.noted + len(new), swept.let_go + gone, swept.named + len(due) - gone
            )
        return swept

    async def let_go(self, numbers: list[int]) -> list[int]:
        """Let bundles go that no row names; return them. What hinders one is said, and it stays."""
        ground = self._ground
        found = [await ground.ledger.bundle(number) for number in numbers]
        bundles = [one for one in found if one is not None and one.root is not None]
        gone: list[int] = []

        async def one(bundle: Bundle) -> None:
            async with self._room:
                if await self._goes(bundle):
                    gone.append(bundle.id)

        async with TaskGroup() as group:
            for bundle in bundles:
                group.create_task(one(bundle), name=f"let bundle {bundle.id} go")
        if gone:
            gone.sort()
            event = EventDraft(
                kind="let_go",
                text=f"{count(len(gone))} bundles without any object left were let go, the last"
                f" {gone[-1]}",
                job=ground.reins.id,
                facts={"bundles": len(gone)},
            )
            await ground.hold.patiently(lambda: ground.ledger.clearing.let_go(gone, event))
        return gone

    async def _goes(self, bundle: Bundle) -> bool:
        """Let one bundle go, if nothing names it; tell if it went."""
        ground, root = self._ground, bundle.root
        if root is None:
            return False
        try:
            named = await self._named(bundle)
            if named:
                await ground.tell(f"bundle {bundle.id}: {count(named)} rows name it; {_STAYS}")
                return False
            await ground.placement.let_go(root)
        except VgwmError as fault:
            await ground.tell(f"bundle {bundle.id}: {fault.what}; {_STAYS}")
            return False
        return True

    async def _named(self, bundle: Bundle) -> int:
        """Return how many rows of the table name a bundle's root still."""
        ground, root = self._ground, bundle.root
        if root is None:
            return 0
        try:
            raw = await ground.placement.manifest(root, bundle.allocations)
        except (Broken, NodeUnreachable):
            return await self._named_in_range(bundle, cids.text(root))
        current = [one for one in Manifest.parse(raw.decode()).entries if one.version is None]
        total = 0
        for at in range(0, len(current), ROWS):
            total += await self._naming(bundle, current[at : at + ROWS], cids.text(root))
        return total

    async def _named_in_range(self, bundle: Bundle, root: str) -> int:
        """Return the same of a bundle whose manifest is damaged: by all rows between its ends.

        Without a root in the rows, each that is not as the ledger recorded it counts.
        """
        bucket, total = bundle.bucket.decode(), 0
        last, after = bundle.last[0].decode(), (bucket, bundle.first[0].decode())
        rows = await self._ground.table.read([after])
        while True:
            total += await self._resting(bundle, rows, root)
            page = await self._ground.table.scan(after, ROWS)
            rows = [row for row in page if row[0] == bucket and str(row[1]) <= last]
            if not rows:
                return total
            after = (bucket, str(rows[-1][1]))

    async def _resting(self, bundle: Bundle, rows: list[Row], root: str) -> int:
        ground = self._ground
        if ground.ours.names_roots:
            return sum(ground.ours.root(row) == root for row in rows)
        keys = [str(row[1]).encode() for row in rows]
        kept = await ground.ledger.waste.recorded(bundle.bucket_id, keys)
        held = {key.decode(): cids.text(cid) for key, cid in kept.items()}
        return sum(ground.ours.cid(row) != held.get(str(row[1])) for row in rows)

    async def _naming(self, bundle: Bundle, entries: list[ManifestEntry], root: str) -> int:
        """Return how many rows of some entries rest on the bundle."""
        ground = self._ground
        mine = {entry.key: entry for entry in entries}
        rows = await ground.table.read([(entry.bucket, entry.key) for entry in entries])
        if ground.ours.names_roots:
            return sum(ground.ours.root(row) == root for row in rows)
        # a row without a root rests on whichever bundle holds its content: of us, by the ledger
        kept = await ground.ledger.waste.recorded(
            bundle.bucket_id, [str(row[1]).encode() for row in rows]
        )
        resting = 0
        for row in rows:
            key = str(row[1])
            content = ground.ours.cid(row)
            cid = mine[key].cid
            same = cid is not None and content == cids.text(cid)
            resting += same and kept.get(key.encode()) != cid
        return resting
