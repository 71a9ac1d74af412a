"""How much may be in flight: bundles and bytes at the workers, bundles that wait for pins.

Bounds may change while a job runs; what is in flight then ends under the old ones. May import
nothing of the project.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

PER_WORKER = 3
"""Bundles a worker: one worked on, one in its inbox, one on its way to the ledger."""


class Pins:
    """Room for bundles whose pins are waited for."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.waiting = 0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.waiting < self.most)
            self.waiting += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async with self._changed:
            self.waiting -= 1
            self._changed.notify_all()

    async def set_most(self, most: int) -> None:
        """Change the bound."""
        async with self._changed:
            self.most = most
            self._changed.notify_all()


class Window:
    """Bundles between the ledger's `planned` and its `recorded`.

    workers, inflight_bytes: bound what is at the workers; one bundle is always let in, whatever its
    size.
    pins: bound what is copied and not yet recorded.
    """

    def __init__(self, *, workers: int, inflight_bytes: int, pin_inflight: int) -> None:
        self.workers = workers
        self.inflight_bytes = inflight_bytes
        self.pins = Pins(pin_inflight)
        self.copying = 0
        self.copying_bytes = 0
        self.inside = 0
        self.left = asyncio.Event()
        self._room = asyncio.Event()

    @property
    def busy(self) -> bool:
        """Whether any bundle is on its way."""
        return self.inside > 0

    async def enter(self, size_bytes: int) -> None:
        """Wait for room at the workers and behind them."""
        while not self._open(size_bytes):
            self._room.clear()
            await self._room.wait()
        self.copying += 1
        self.copying_bytes += size_bytes
        self.inside += 1

    def copied(self, size_bytes: int) -> None:
        """Note that a bundle has left the workers."""
        self.copying -= 1
        self.copying_bytes -= size_bytes
        self._room.set()

    def leave(self) -> None:
        """Note that a bundle is recorded, or given up."""
        self.inside -= 1
        self._room.set()
        self.left.set()

    def resize(self, *, workers: int, inflight_bytes: int) -> None:
        """Change the bounds at the workers."""
        self.workers = workers
        self.inflight_bytes = inflight_bytes
        self._room.set()

    def full_of(self) -> str:
        """Name the bound that keeps the next bundle out, or ""."""
        if self.copying_bytes >= self.inflight_bytes:
            return "memory"
        if self.pins.waiting >= self.pins.most:
            return f"pins: {self.pins.waiting} of {self.pins.most}"
        return ""

    def _open(self, size_bytes: int) -> bool:
        if not self.copying:
            return self.inside < self.workers * PER_WORKER + self.pins.most
        return (
            self.copying < self.workers * PER_WORKER
            and self.copying_bytes + size_bytes <= self.inflight_bytes
            and self.inside < self.workers * PER_WORKER + self.pins.most
        )
