"""Which bundles are worth a new root, shown and held by a hash (I8).

May import the ledger and dag's canonical JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.errors import BadInput, Refused

if TYPE_CHECKING:
    from core.ledger.reading import LedgerReader
    from core.ledger.waste import Held

SHARE: Final = 0.3
"""More of a bundle than this is dead: its survivors get a root of their own."""

PAGE: Final = 1_000
SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RebundlePlan:
    """What a re-bundling would do. hash: 8 hex over every bundle as it stands.

    worst: those with the most dead bytes, the first SHOWN of them.
    """

    hash: str
    bundles: int
    live: int
    live_bytes: int
    dead: int
    dead_bytes: int
    worst: tuple[Held, ...]


async def look(ledger: LedgerReader, workspace_id: str) -> RebundlePlan:
    """Return the plan as the ledger stands now; nothing is done."""
    digest = sha256(dumps([workspace_id, "rebundle", SHARE]).encode())
    bundles = live = live_bytes = dead = dead_bytes = after = 0
    worst: list[Held] = []
    while page := await ledger.waste.wasteful(PAGE, SHARE, after):
        after = page[-1].bundle
        for held in page:
            digest.update(dumps([held.bundle, held.dead, held.live]).encode())
            bundles += 1
            live, live_bytes = live + held.live, live_bytes + held.live_bytes
            dead, dead_bytes = dead + held.dead, dead_bytes + held.dead_bytes
        worst = sorted([*worst, *page], key=lambda held: -held.dead_bytes)[:SHOWN]
    return RebundlePlan(
        hash=digest.hexdigest()[:8],
        bundles=bundles,
        live=live,
        live_bytes=live_bytes,
        dead=dead,
        dead_bytes=dead_bytes,
        worst=tuple(worst),
    )


def require(plan: RebundlePlan, confirmed: str) -> bytes:
    """Return what is stored with the job. Raises Refused unless the plan is the one confirmed."""
    if plan.hash != confirmed:
        raise Refused(
            what=f"the plan is {plan.hash} by now: {plan.bundles:,} bundles of which more than"
            f" {SHARE:.0%} is dead; nothing was done",
            where="confirmation",
            remedy="Look at it again: vgwm sync --rebundle.",
        )
    if not plan.bundles:
        raise BadInput(
            what=f"no bundle is more than {SHARE:.0%} dead",
            where="sync --rebundle",
            remedy="There is nothing to do.",
        )
    return dumps(
        {"hash": plan.hash, "bundles": plan.bundles, "dead_bytes": plan.dead_bytes}
    ).encode()
