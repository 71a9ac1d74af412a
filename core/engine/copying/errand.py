"""What a copy carries that is not the plan's: the bundles of one job, and how it is with them.

A retry's, or a sync's. May import the engine's hold and reins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from core.engine.holding import Hold
    from core.engine.reins import Reins


class Errand(Protocol):
    """Bundles that one job made."""

    @property
    def job(self) -> int:
        """Whose bundles: `bundles.rnd`."""
        ...

    @property
    def attempts(self) -> int | None:
        """How often an object that changed goes round again; None: as the knob says."""
        ...

    @property
    def audits_after(self) -> int:
        """The last look at the target is for the job's bundles above this number."""
        ...

    async def queue(self, reins: Reins, hold: Hold) -> None:
        """Make the bundles, unless they are there. Raises JobCancelled."""
        ...
