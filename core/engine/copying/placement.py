"""Where a bundle goes, and when it is safely there: one protocol, a directory and a cluster.

May import the target's control side, config and model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.crew.task import Fault
    from core.errors import VgwmError
    from core.model import Cid, Finding
    from core.target.chooser import NodeStatus
    from core.target.notices import Notice
    from core.target.pin_audit import RecordedPin
    from core.target.sink import KuboEndpoint


class Place(Protocol):
    """The nodes chosen for one bundle."""

    @property
    def endpoints(self) -> tuple[KuboEndpoint, ...]:
        """Where workers send it; empty for a directory."""
        ...

    @property
    def peers(self) -> tuple[str, ...]:
        """The cluster peers that are to hold it; empty for a directory."""
        ...


class Placement(Protocol):
    """What the coordinator does with the target around a bundle's upload."""

    async def start(self) -> None:
        """Ask the target whether it can take the plan. Raises what is wrong with it."""
        ...

    async def choose(self, size_bytes: int) -> Place:
        """Wait until nodes have room for a bundle, and take it."""
        ...

    def release(self, place: Place, size_bytes: int, fault: Fault | None, *, arrived: bool) -> None:
        """Give the room back after an upload; a node that failed is left out for a while.

        arrived: all nodes counted the whole bundle.
        """
        ...

    async def ready(self, fault: VgwmError, size_bytes: int) -> bool:
        """Tell whether what a fault said is over: there is room for a bundle, or we are let in."""
        ...

    async def pin(
        self, bundle: int, root: Cid, car_bytes: int | None, peers: tuple[str, ...]
    ) -> None:
        """Return when every peer was observed to hold the bundle (I1).

        car_bytes: None where the bundle was just read back.
        """
        ...

    async def withdraw(self, root: Cid) -> None:
        """Take a pin back, so that other peers can be chosen."""
        ...

    async def let_go(self, root: Cid) -> None:
        """Hold a recorded bundle no more: no row names it. On return its pin, or file, is gone.

        Harmless where it is gone already. The blocks of a pin go at its node's next collection.
        """
        ...

    async def manifest(self, root: Cid, peers: tuple[str, ...]) -> bytes:
        """Read a copied bundle's manifest back, hashed to its CID."""
        ...

    async def watch(self) -> None:
        """Keep looking at the target while a job runs; ends by cancellation, or at once."""
        ...

    async def notice(self) -> Notice:
        """Wait for the next thing that the target's side has to say."""
        ...

    def limit(self, *, node_bundles: int, pin_queue_max: int) -> None:
        """Set how many bundles a node takes at once, and how long a peer's pin queue may grow."""
        ...

    async def audit(self, pins: Sequence[RecordedPin]) -> list[Finding]:
        """Compare what the ledger recorded with the target's own word; [] where all is well."""
        ...

    @property
    def replication(self) -> int:
        """How many copies each bundle gets."""
        ...

    def nodes(self) -> list[NodeStatus]:
        """Return every node as it is seen now."""
        ...

    def why_not(self, size_bytes: int) -> str:
        """Return why a bundle of this size finds no place now, or ""."""
        ...

    async def tidy(self) -> None:
        """Clear away what workers left that were broken off; none may be at work."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...
