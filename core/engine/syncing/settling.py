"""The last part of a round: what it found gone leaves the target, and spent bundles go after it.

The target is opened only where there is something to do. May import ledger, target, and the
engine's parts.
"""

from __future__ import annotations

import asyncio
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from core.display import safe
from core.engine.syncing.ground import opened
from core.engine.syncing.tombstones import Applied, Tombstones
from core.engine.syncing.waste import Swept, Waste
from core.target import profile as profiles
from core.target.cache_drop import bucket_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.syncing.ground import Ground
    from core.target.profile import Profile
    from core.target.shape import Row

_WRITTEN: Final = "bucket_rows"
"""Where the ledger keeps the digest of the bucket rows that a round wrote last."""


class Settled(NamedTuple):
    """What the end of a round did to the target."""

    applied: Applied = Applied()
    swept: Swept = Swept()


async def settle(
    premises: Premises,
    reins: Reins,
    round_id: int,
    *,
    changed: Sequence[bytes] = (),
    vanished: Sequence[bytes] = (),
) -> Settled:
    """Apply the tombstones that are due, and let go what an earlier round found spent.

    changed: buckets that may be new or have other settings; rows that differ are written. vanished:
    buckets that the source has no more, accepted as such; their rows go once no object row is left.
    A killed engine's next round goes on: all of it repeats safely. Raises JobCancelled.
    """
    ledger = premises.ledger
    profile = await asyncio.to_thread(profiles.load, premises.workspace.target.profile)
    rows, digest = _rows(premises, profile, changed), ""
    if rows:
        digest = blake2b(repr(rows).encode(), digest_size=16).hexdigest()
        if await ledger.get_meta(_WRITTEN) == digest:
            rows = []  # as they were written before
    due = await ledger.waste.tombstones(1)
    spent = await ledger.waste.spent(1)
    if not (due or spent or rows or vanished):
        return Settled()
    async with opened(premises, reins) as ground:
        if rows:
            await _write_buckets(ground, rows)
            await ground.hold.patiently(partial(ledger.set_meta, _WRITTEN, digest))
        applied = await Tombstones(ground).apply()
        swept = await Waste(ground).sweep(round_id)
        await _remove_buckets(ground, _rows(premises, profile, vanished, gone=True))
        return Settled(applied, swept)


def _rows(
    premises: Premises, profile: Profile, names: Sequence[bytes], *, gone: bool = False
) -> list[Row]:
    """Return the rows of some buckets, as the ledger has their settings.

    gone: they are buckets that the source has no more.
    """
    if profile.buckets is None or not names:
        return []
    wanted = {name.decode() for name in names}
    return [row for row in premises.buckets.rows(profile, gone=gone) if row[0] in wanted]


async def _write_buckets(ground: Ground, rows: Sequence[Row]) -> None:
    """Write the rows that are others in the table, and drop what the cache knows of them."""
    present = set(await ground.patiently("table", ground.table.scan_buckets))
    other = [row for row in rows if row not in present]
    if other:
        await ground.patiently("table", partial(ground.table.upsert_buckets, other))
        await ground.drop(bucket_keys(str(row[0]) for row in other))


async def _remove_buckets(ground: Ground, rows: Sequence[Row]) -> None:
    """Remove rows of buckets that hold no object any more, while they are as we wrote them."""
    for row in rows:
        name = str(row[0])
        left = await ground.patiently("table", partial(ground.table.scan, (name, ""), 1))
        if left and left[0][0] == name:
            text = f"bucket {safe(name)} is gone at the source, and has rows of others: it stays"
            await ground.tell(text, kind="bucket")
            continue
        moved = await ground.patiently("table", partial(ground.table.delete_buckets_if, [row]))
        how = "its row has changed since: it stays" if moved else "its row is removed"
        await ground.drop(bucket_keys([name]))
        await ground.tell(f"bucket {safe(name)} is gone at the source: {how}", kind="bucket")
