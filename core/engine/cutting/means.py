"""What a cutover works with. May import the ledger, the configuration and the world's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.cutover.cutover_plan import CutoverPlan
    from core.engine.cutting.world import World
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger

RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CutMeans:
    """What a run is driven with.

    require: raises where a gate forbids a plan now. catch_up: a round before the fence, so that the
    last one is short. last_round: walks the source, carries what it finds, with True also what was
    never copied, and tells what is left undone of the fenced buckets. prove: holds
    the buckets' keys against each other, and tells what is not equal. forecast_s: of a freeze, None
    where none can be told. live: has what green takes copied back. retry_s: between two tries of
    what has to succeed.
    """

    ledger: Ledger
    world: World
    require: Callable[[CutoverPlan], Awaitable[None]]
    catch_up: Callable[[Reins], Awaitable[None]]
    last_round: Callable[[Reins, Sequence[str], bool], Awaitable[list[str]]]
    prove: Callable[[Reins, Sequence[str]], Awaitable[list[str]]]
    forecast_s: Callable[[], Awaitable[float | None]]
    live: Callable[[str], Awaitable[None]]
    retry_s: float = RETRY_S
