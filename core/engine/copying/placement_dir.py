"""Placing bundles in a directory: the file that a worker made, found whole, is the pin.

May import the target's directory store and the model.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.dag import cid
from core.errors import Broken, Family
from core.model import MIB, Finding
from core.target.notices import Notices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.copying.placement import Place
    from core.engine.crew.task import Fault
    from core.errors import VgwmError
    from core.model import Cid
    from core.target.chooser import NodeStatus
    from core.target.dir_store import DirStore
    from core.target.notices import Notice
    from core.target.pin_audit import RecordedPin
    from core.target.sink import KuboEndpoint

RESERVE_BYTES = MIB
"""Room beside a bundle's content before a full disk is tried again: its framing, the rows."""


@dataclass(frozen=True, slots=True)
class Here:
    """The directory: no nodes, no peers."""

    endpoints: tuple[KuboEndpoint, ...] = ()
    peers: tuple[str, ...] = ()


class DirPlacement:
    """A directory target has room until its disk is full, and one place for everything."""

    replication = 1

    def __init__(self, store: DirStore, epoch: int) -> None:
        self.store = store
        self._epoch = epoch

    async def start(self) -> None:
        """Make the folders, or check those that are there; clear what dead workers left."""
        await asyncio.to_thread(self.store.prepare)
        await asyncio.to_thread(self.store.clear, self._epoch)

    async def choose(self, size_bytes: int) -> Place:  # noqa: ARG002 - the protocol's names
        """Return the directory at once."""
        return Here()

    def release(self, place: Place, size_bytes: int, fault: Fault | None, *, arrived: bool) -> None:
        """Do nothing: there is nothing to give back."""

    async def ready(self, fault: VgwmError, size_bytes: int) -> bool:
        """Ask the disk for its room, or for the right to write."""
        if fault.family is Family.AUTH:
            return await asyncio.to_thread(self.store.writable)
        return await asyncio.to_thread(self.store.free_bytes) > size_bytes + RESERVE_BYTES

    async def pin(
        self,
        bundle: int,
        root: Cid,
        car_bytes: int | None,
        peers: tuple[str, ...],  # noqa: ARG002 - the protocol's names
    ) -> None:
        """Find the bundle's file with its length."""
        if car_bytes is None:
            return
        if not await asyncio.to_thread(self.store.confirm, root, car_bytes):
            raise Broken(
                what=f"the file of bundle {bundle} is not there as it was written",
                where=f"bundles/{cid.text(root)}.car",
                remedy="Did somebody touch the target? `vgwm copy` does the bundle again.",
            )

    async def withdraw(self, root: Cid) -> None:
        """Do nothing: a file is where it is."""

    async def let_go(self, root: Cid) -> None:
        """Remove the bundle's file, and its manifest's copy."""
        await asyncio.to_thread(self.store.remove, root)

    async def manifest(self, root: Cid, peers: tuple[str, ...]) -> bytes:  # noqa: ARG002 - the protocol's names
        """Read the manifest out of the bundle's CAR, hashed to its CID."""
        return await asyncio.to_thread(self.store.manifest, root)

    async def notice(self) -> Notice:
        """Wait for ever: a directory says nothing by itself."""
        return await Notices().next()

    def limit(self, *, node_bundles: int, pin_queue_max: int) -> None:
        """Do nothing: there are no nodes."""

    async def audit(self, pins: Sequence[RecordedPin]) -> list[Finding]:
        """Find every recorded bundle's file."""
        return await asyncio.to_thread(self._missing, pins)

    def _missing(self, pins: Sequence[RecordedPin]) -> list[Finding]:
        here = {cid.text(root) for root in self.store.roots()}
        return [
            Finding(
                verdict="fail",
                subject=pin.root,
                evidence="its file is not in bundles/",
                remedy="Restore the file from a copy.",
            )
            for pin in pins
            if pin.root not in here
        ]

    def nodes(self) -> list[NodeStatus]:
        """Return nothing: a directory has no nodes."""
        return []

    def why_not(self, size_bytes: int) -> str:  # noqa: ARG002 - the protocol's names
        """Return nothing: nobody waits for a directory."""
        return ""

    async def watch(self) -> None:
        """Do nothing: a directory does not move."""

    async def tidy(self) -> None:
        """Clear what this engine's workers left half-written."""
        await asyncio.to_thread(self.store.clear, self._epoch + 1)

    async def close(self) -> None:
        """Do nothing."""
