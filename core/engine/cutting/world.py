"""What a cutover asks of the world, and does to it: balancers, gateways, both sides' S3.

A protocol, so that the driver can be shown every way in which a world fails; the real one is
`core.engine.cutting.outside`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.cutover.fleet import Fleet
    from core.cutover.gate import Gate
    from core.cutover.reading import Trouble


class GreenFeed(Protocol):
    """What hears that green accepted a write: the reverse copy."""

    async def arm(self, buckets: Sequence[str]) -> None:
        """Have what green accepts noted from now on. Repeatable."""
        ...

    async def end(self, buckets: Sequence[str]) -> None:
        """Let buckets be blue's again. Repeatable."""
        ...

    async def wrote(self, buckets: Sequence[str]) -> bool | None:
        """Tell whether green has accepted anything for buckets since; None where nobody knows."""
        ...


class World(Protocol):
    """buckets: of the slice, empty for everything. run: the name of the run.

    Each list that is returned says what is wrong, safe to show; an empty one is a proof, and what
    did not answer is in it (I7). Every method ends by itself within seconds, or raises VgwmError.
    """

    @property
    def fleet(self) -> Fleet:
        """The load balancers."""
        ...

    @property
    def feed(self) -> GreenFeed:
        """What hears green's writes."""
        ...

    @property
    def gateways(self) -> int:
        """How many gateways of blue are named."""
        ...

    async def ready(self, buckets: Sequence[str], run: str) -> list[str]:
        """Look at every balancer, and whether our account may write; nothing is changed."""
        ...

    async def fence(self, buckets: Sequence[str], run: str) -> list[str]:
        """Let blue's gateways refuse writes by themselves (F2), as far as they can."""
        ...

    async def unheld(self, buckets: Sequence[str]) -> list[str]:
        """Ask which of blue's gateways that can be fenced are not; nothing is changed."""
        ...

    async def unproven(self, buckets: Sequence[str], run: str, *, harmless: bool) -> list[str]:
        """Try to write, through every listener and at every gateway of blue."""
        ...

    async def open(self, buckets: Sequence[str], run: str) -> list[Trouble]:
        """Let blue's gateways accept writes, and read back that they do. Repeatable."""
        ...

    async def answering(self, buckets: Sequence[str]) -> list[Trouble]:
        """Ask blue's gateways for an answer to a probe."""
        ...

    async def changed_since(self, buckets: Sequence[str], since_ns: int) -> list[str]:
        """Return what was written to the source since then (F3)."""
        ...

    async def read_back(self, buckets: Sequence[str], *, limit: int) -> list[str]:
        """Read the newest keys through green, and hold them against the ledger."""
        ...

    async def canary(self, buckets: Sequence[str]) -> list[str]:
        """Ask by each balancer whether green answers reads and refuses writes."""
        ...

    async def gates(
        self, buckets: Sequence[str], seed: int, due: Collection[str] = ()
    ) -> list[Gate]:
        """Measure the gates of READY that ask the world. due: their names, none for all."""
        ...

    async def back_up(self, run: str) -> None:
        """Keep what a fence may cost: made, opened, hashed, or refused."""
        ...
