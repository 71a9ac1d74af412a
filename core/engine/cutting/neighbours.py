"""What a cutover needs of an engine's other parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.engine.cutting.final_round import Carry
    from core.engine.premises import StartJob
    from core.engine.reversing.reverses import Reverses
    from core.engine.syncing.lag import Forecast


class Neighbours(NamedTuple):
    """Its neighbours. carry: brings an errand's bundles through. forecast: of the last round."""

    start: StartJob
    carry: Carry
    forecast: Callable[[], Awaitable[Forecast]]
    reverses: Reverses
