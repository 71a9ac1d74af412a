"""What a run works with in an engine: its rounds, its proofs, its reverse copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.cutting.final_round import catch_up, last_round
from core.engine.cutting.means import CutMeans
from core.engine.cutting.proving import prove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.cutting.neighbours import Neighbours
    from core.engine.cutting.plans import CutoverPlans
    from core.engine.cutting.world import World
    from core.engine.premises import Premises
    from core.engine.reins import Reins


def means_of(premises: Premises, world: World, plans: CutoverPlans, near: Neighbours) -> CutMeans:
    """Return an engine's means."""

    async def before(reins: Reins) -> None:
        await catch_up(premises, reins, near.carry)

    async def round_(
        reins: Reins,
        buckets: Sequence[str],
        copies: bool,  # noqa: FBT001 - a means' own
    ) -> list[str]:
        return await last_round(premises, reins, near.carry, buckets, copies=copies)

    async def proof(reins: Reins, buckets: Sequence[str]) -> list[str]:
        return await prove(premises, reins, buckets)

    async def forecast_s() -> float | None:
        return (await near.forecast()).freeze_s

    async def live(actor: str) -> None:
        await near.reverses.ensure(actor)

    return CutMeans(
        ledger=premises.ledger,
        world=world,
        require=plans.require,
        catch_up=before,
        last_round=round_,
        prove=proof,
        forecast_s=forecast_s,
        live=live,
    )
