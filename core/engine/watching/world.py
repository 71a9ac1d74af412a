"""What the watch asks and does outside. The real one: `core.engine.watching.outside`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.gate import Gate
    from core.cutover.reading import Reading
    from core.cutover.risk import Risk
    from core.cutover.served import Served
    from core.cutover.shadow import Compared
    from core.engine.watching.strangers import Strangers


class WatchWorld(Protocol):
    """Asks both sides and the load balancers; names no secret. Methods raise VgwmError."""

    async def served(self) -> Served:
        """Return what green's servers have answered so far."""
        ...

    async def steered(self, buckets: Sequence[str]) -> Reading:
        """Return what every load balancer does with a slice; say whose process is another."""
        ...

    async def compared(self, buckets: Sequence[str], turn: int) -> Compared:
        """Read keys that green has not changed at both sides. turn: another one, other keys.

        Never raises: what hinders it is silence, and says so (I7).
        """
        ...

    async def cases(self, buckets: Sequence[str]) -> Gate:
        """Ask green again for what it did before the flip (gate `live-cases`). Never raises."""
        ...

    async def strangers(self, buckets: Sequence[str], since_ns: int) -> Strangers | None:
        """Look for what others wrote on blue since the flip; None: its source does not show it."""
        ...

    async def wrote(self, buckets: Sequence[str]) -> bool | None:
        """Tell whether green has accepted a write to these buckets; None: nobody knows."""
        ...

    async def risk(self) -> Risk:
        """Return the data at risk now."""
        ...

    async def back(self, slice_: str) -> int:
        """Begin the quick way back of a slice; return the job. Raises Refused, WrongState."""
        ...
