"""What a copy works with: handed whole to each of its parts.

May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.engine.copying.bundle_times import untold

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.knobs import Knobs
    from core.engine.copying.bundle_times import BundleTimes
    from core.engine.copying.placement import Placement
    from core.engine.copying.window import Window
    from core.engine.crew.executor import LocalExecutor
    from core.ledger.ledger import Ledger
    from core.target.cache_drop import CacheDrop
    from core.target.objects import ObjectTable
    from core.target.ours import Ours
    from core.target.rows import RowMaker


def _any_source() -> None:
    pass


class Teller(Protocol):
    """Says something that went wrong: to the log, and as a durable event."""

    async def __call__(self, text: str, *, kind: str) -> None:
        """Say it. kind: of the event."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a copy works with. owner: of a bucket, by its id. knobs: as they are now.

    require_source: raises if the source is no longer the one that was planned. told: hears of each
    recorded bundle. made_by: carry the bundles of this job's round alone; None: all. attempts: how
    often an object that changed goes round again; None: as the knob says. tells_seen: each entry
    is handed to the workers as the walk saw it. cache: drops the gateway's keys of written rows;
    None: there is no cache. ours: knows our rows, where there may be some of an earlier copy.
    """

    ledger: Ledger
    table: ObjectTable
    maker: RowMaker
    placement: Placement
    executor: LocalExecutor
    window: Window
    knobs: Callable[[], Knobs]
    owner: Callable[[int], str]
    require_source: Callable[[], None] = _any_source
    told: Callable[[BundleTimes], None] = untold
    made_by: int | None = None
    attempts: int | None = None
    tells_seen: bool = False
    cache: CacheDrop | None = None
    ours: Ours | None = None
