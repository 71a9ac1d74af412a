"""What one way back works with. May import the cutover's room and the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.config.schema import Workspace
    from core.cutover.fleet import Fleet
    from core.cutover.rollback_plan import BackFacts
    from core.engine.returning.diary import Diary
    from core.engine.returning.sides import Sides
    from core.ledger.ledger import Ledger
    from core.ledger.rows import BucketRow


BucketsNow = Callable[[], Awaitable["list[BucketRow]"]]
"""Returns a slice's buckets as they are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """facts: as they were confirmed. folder: of the workspace.

    buckets: as load balancers know them, none for everything. rows: of all buckets of the slice as
    the ledger has them now; green may have made some since its flip.
    """

    workspace: Workspace
    folder: Path
    ledger: Ledger
    fleet: Fleet
    sides: Sides
    facts: BackFacts
    diary: Diary
    buckets: tuple[str, ...]
    rows: BucketsNow

    async def names(self) -> list[str]:
        """Return the names of the slice's buckets: such as a gateway can be asked about."""
        return [row.name.decode() for row in await self.rows() if row.state.there]

    async def ever(self) -> list[str]:
        """Return these, and those that the source had before the flip and has no more."""
        return [row.name.decode() for row in await self.rows()]

    async def ids(self) -> list[int]:
        """Return their numbers in the ledger."""
        return [row.id for row in await self.rows()]
