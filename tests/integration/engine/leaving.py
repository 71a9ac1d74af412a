"""Objects that leave a source, as a round finds them, and what the target does then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.reins import Reins
from core.engine.syncing.settling import settle
from core.ledger.changes import Changes, Round
from core.ledger.rounds import Found, RoundKind
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.engine.engine import Engine
    from core.engine.syncing.settling import Settled
    from core.ledger.rows import JobRow
    from tests.integration.engine.ground import Ground

Name = tuple[str, str]


async def gone(engine: Engine, ground: Ground, names: Iterable[Name]) -> int:
    """Have a round find that these are no more; return its number."""
    round_id = await engine.ledger.syncing.begin(1, RoundKind.FULL)
    for bucket in await engine.ledger.buckets():
        keys = sorted(key.encode() for name, key in names if name == bucket.name.decode())
        await engine.ledger.syncing.store(
            Round(round_id, 1),
            bucket.id,
            Changes(
                cursor=(b"~", b""),
                found=Found(deleted=len(keys)),
                gone=[(key, b"") for key in keys],
            ),
        )
    for name in names:
        ground.bodies.pop(name, None)
    return round_id


async def settled(engine: Engine, round_id: int) -> Settled:
    return await settle(engine.premises, Reins(id=1, kind=JobKind.SYNC), round_id)


async def rebundled(engine: Engine, hash_: str) -> JobRow:
    job = await engine.start_job(JobKind.SYNC, {"rebundle": hash_}, "op1", "")
    await engine.wait(job)
    row = await engine.ledger.job(job)
    assert row is not None
    return row
