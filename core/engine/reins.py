"""The reins of a running job: pause, resume, cancel, and the reason why it waits.

May import the model only.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from core.model import JobKind, JobState


class JobCancelled(Exception):
    """The job was told to end; what is whole stays."""


@dataclass(slots=True, eq=False, kw_only=True)
class Reins:
    """What holds and drives one job."""

    id: int
    kind: JobKind
    state: JobState = JobState.RUNNING
    reason: str = ""
    waits: dict[str, str] = field(default_factory=dict)  # stage -> why it waits now
    _go: asyncio.Event = field(default_factory=asyncio.Event)
    _cancelled: bool = False

    def __post_init__(self) -> None:
        """Run at once."""
        self._go.set()

    def pause(self, reason: str) -> None:
        """Take no new work; what is in flight ends."""
        self._go.clear()
        self.state = JobState.PAUSING
        self.reason = reason

    def resume(self) -> None:
        """Go on."""
        self.state = JobState.RUNNING
        self.reason = ""
        self._go.set()

    def cancel(self, reason: str) -> None:
        """End after what is in flight."""
        self._cancelled = True
        self.state = JobState.CANCELLING
        self.reason = reason
        self._go.set()

    @property
    def cancelled(self) -> bool:
        """Whether the job was told to end."""
        return self._cancelled

    @property
    def held(self) -> bool:
        """Whether the job takes no new work for now."""
        return not self._go.is_set()

    async def checkpoint(self) -> None:
        """Wait while the job is paused. Raises JobCancelled once it was told to end."""
        await self._go.wait()
        if self._cancelled:
            raise JobCancelled
