"""Cache keys of rows that a swap changed, dropped: the gateway reads the new table again.

May import the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engine.keeping.held_against import merged
from core.target.cache_drop import Named, bucket_keys, keys_of
from core.target.shape import Source

if TYPE_CHECKING:
    from core.engine.keeping.held_against import Checkpoint
    from core.target.cache_drop import CacheDrop
    from core.target.objects import ObjectTable
    from core.target.profile import Profile
    from core.target.shape import Row

PAGE: Final = 1_000


@dataclass(slots=True)
class Keys:
    """What became of the cache's keys. fault: why keys are left, "" where none are."""

    dropped: int = 0
    left: int = 0
    fault: str = ""


async def drop_changed(
    cache: CacheDrop,
    profile: Profile,
    tables: tuple[ObjectTable | None, ObjectTable],
    checkpoint: Checkpoint,
) -> Keys:
    """Drop the keys of every object and bucket whose row is another. Repeats safely.

    tables: those that were in use, None where there were none; and those that are.
    """
    old, new = tables
    told = Keys()
    cid_at = profile.objects.sources.index(Source.CID)
    found: list[Named] = []
    async for was, row in merged(old, new, checkpoint):
        if was == row:
            continue
        found += [_named(one, cid_at) for one in (was, row) if one is not None]
        if len(found) >= PAGE:
            await _drop(cache, keys_of(found), told)
            found.clear()
    await _drop(cache, keys_of(found), told)
    before = [] if old is None else await old.scan_buckets()
    after = await new.scan_buckets()
    changed = [row for row in before if row not in after] + [r for r in after if r not in before]
    await _drop(cache, bucket_keys(sorted({str(row[0]) for row in changed})), told)
    return told


def _named(row: Row, cid_at: int) -> Named:
    return Named(str(row[0]), str(row[1]), str(row[cid_at] or ""))


async def _drop(cache: CacheDrop, keys: list[bytes], told: Keys) -> None:
    done = await cache.drop(keys)
    told.dropped += done.keys
    told.left += done.left
    told.fault = told.fault or done.fault
