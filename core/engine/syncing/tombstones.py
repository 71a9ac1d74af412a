"""Tombstones: objects that the source has no more leave the target, while their rows are ours.

Source: cutover.md 3. May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.dag import cid as cids
from core.display import count, counted, object_name, safe
from core.ledger.rows import EventDraft
from core.ledger.tombstones import BEGINNING
from core.target.cache_drop import Named, keys_of
from core.target.ours import Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.syncing.ground import Ground
    from core.ledger.tombstones import Tombstone
    from core.target.shape import Row, RowKey

PAGE: Final = 1_000
"""Rows that one call of the table removes: as a bundle has them."""


class Applied(NamedTuple):
    """What tombstones came to. kept: rows that are not ours (any more), left as they are."""

    objects: int = 0
    rows: int = 0
    kept: int = 0

    def plus(self, other: Applied) -> Applied:
        """Return the sum of two."""
        return Applied(*(a + b for a, b in zip(self, other, strict=True)))


class Tombstones:
    """Applies what the ledger says is due; each page is on disk before the next is begun."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def apply(self) -> Applied:
        """Take every object that is gone off the target. Raises JobCancelled."""
        ground, done, after = self._ground, Applied(), BEGINNING
        while page := await ground.ledger.waste.tombstones(PAGE, after):
            after = page[-1].place
            done = done.plus(await self._page(page))
        return done

    async def _page(self, page: Sequence[Tombstone]) -> Applied:
        """Take one page off: rows, then cache keys, then the ledger's commit (I5)."""
        ground = self._ground
        by_bucket: dict[int, list[Tombstone]] = defaultdict(list)
        for stone in page:
            if not stone.version and _is_text(stone.key):
                by_bucket[stone.bucket_id].append(stone)
        rows, kept = 0, []
        for bid, stones in by_bucket.items():
            bucket = ground.buckets[bid].decode()
            marks = {(bucket, one.key.decode()): one for one in stones}
            removed, others = await ground.patiently("table", partial(_remove, ground, marks))
            rows += removed
            kept += others
            # after the rows: whoever fills the cache in between reads none
            await ground.drop(keys_of([_named(at, stone) for at, stone in marks.items()]))
        event = EventDraft(
            kind="tombstones",
            text=_told(len(page), rows, kept),
            level="warn" if kept else "info",
            job=ground.reins.id,
            facts={"objects": len(page), "rows": rows, "kept": len(kept)},
        )
        await ground.hold.patiently(lambda: ground.ledger.clearing.applied(page, event))
        return Applied(len(page), rows, len(kept))


async def _remove(ground: Ground, stones: dict[RowKey, Tombstone]) -> tuple[int, list[RowKey]]:
    """Remove the rows that are ours still; return how many, and the keys of those that are not."""
    found = await ground.table.read(list(stones))
    ours = [row for row in found if _is_ours(ground, row, stones[_key(row)])]
    moved = set(await ground.table.delete_if(ours))
    mine = {_key(row) for row in ours} - moved
    return len(mine), [key for key in map(_key, found) if key not in mine]


def _is_ours(ground: Ground, row: Row, stone: Tombstone) -> bool:
    if stone.cid is None:
        return ground.ours.wrote(row)  # its last copy failed: an earlier one may stand there
    return ground.ours.still(row, Mark(cids.text(stone.cid), stone.mtime_ns))


def _key(row: Row) -> RowKey:
    return str(row[0]), str(row[1])


def _named(at: RowKey, stone: Tombstone) -> Named:
    return Named(*at, "" if stone.cid is None else cids.text(stone.cid))


def _is_text(key: bytes) -> bool:
    """Tell whether a key can be a row's: one that is not UTF-8 never was one."""
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def _told(objects: int, rows: int, kept: Sequence[RowKey]) -> str:
    gone = f"{counted(objects, 'object')} {'is' if objects == 1 else 'are'}"
    text = f"{gone} gone at the source: {counted(rows, 'row')} removed"
    if not kept:
        return text
    bucket, key = kept[0]
    first = safe(object_name(bucket.encode(), key.encode(), b""))
    return f"{text}, {count(len(kept))} left as they are, for somebody else wrote them: {first}"
