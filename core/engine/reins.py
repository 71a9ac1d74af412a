"""The reins of a running job: pause, resume, cancel, and the reason why it waits.

May import the model only.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

WALK: Final = "walk"
"""What the names of stages that walk a source begin with: nothing is in flight in them."""

QUIET_S: Final = 10.0
"""What has not come for so long is said to be waited for."""


class JobCancelled(Exception):
    """The job was told to end; what is whole stays."""


@dataclass(slots=True, eq=False, kw_only=True)
class Reins:
    """What holds and drives one job.

    by: who ended it. by_engine: whether the engine paused it and will resume it. taken_up: whether
    an earlier engine began it. leaving: whether the engine ends, and the next one takes it up.
    shut: why it waits though nobody paused it, such as a closed window; "" while it need not.
    quiet_s: for how long nothing is said of what it waits for by itself.
    """

    id: int
    kind: JobKind
    state: JobState = JobState.RUNNING
    reason: str = ""
    by: str = "engine"
    by_engine: bool = False
    taken_up: bool = False
    leaving: bool = False
    shut: str = ""
    quiet_s: float = QUIET_S
    waits: dict[str, str] = field(default_factory=dict)  # stage -> why it waits now
    _go: asyncio.Event = field(default_factory=asyncio.Event)
    _paused: bool = False
    _cancelled: bool = False

    def __post_init__(self) -> None:
        """Run at once."""
        self._go.set()

    def pause(self, reason: str) -> None:
        """Take no new work; what is in flight holds where it is."""
        self._paused = True
        self.by_engine = False
        self.state = JobState.PAUSING
        self.reason = reason
        self._turn()

    def hold(self, reason: str) -> None:
        """Pause by the engine's own hand, because something outside is missing."""
        self.pause(reason)
        self.by_engine = True
        self.state = JobState.PAUSED

    def resume(self) -> None:
        """Go on, unless the job is shut."""
        self._paused = False
        self.state = JobState.RUNNING
        self.reason = self.shut
        self._turn()

    def close(self, reason: str) -> None:
        """Shut the job: as a pause, but nobody's."""
        self.shut = reason
        if not self._paused and not self._cancelled:
            self.reason = reason
        self._turn()

    def open(self) -> None:
        """Shut the job no longer."""
        self.close("")

    def cancel(self, reason: str) -> None:
        """End after what is in flight."""
        self._cancelled = True
        self.state = JobState.CANCELLING
        self.reason = reason
        self._turn()

    @property
    def cancelled(self) -> bool:
        """Whether the job was told to end."""
        return self._cancelled

    @property
    def held(self) -> bool:
        """Whether somebody paused the job."""
        return self._paused and not self._cancelled

    @property
    def still(self) -> bool:
        """Whether no byte may move: the job is paused or shut, though it may have to end."""
        return self._paused or bool(self.shut)

    @property
    def walks_in_vain(self) -> bool:
        """Whether a walk waits for its source, with nothing in flight that would be lost."""
        return any(stage.startswith(WALK) for stage in self.waits)

    @contextmanager
    def awaiting(self, stage: str, why: str) -> Iterator[None]:
        """Say why the job waits, once what is awaited inside has not come for a while."""
        told = f"{why} since {time.strftime('%H:%M:%S', time.gmtime())} UTC"
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.quiet_s, self.waits.__setitem__, stage, told)
        try:
            yield
        finally:
            timer.cancel()
            self.waits.pop(stage, None)

    async def checkpoint(self) -> None:
        """Wait while the job is paused or shut. Raises JobCancelled once it was told to end."""
        await self._go.wait()
        if self._cancelled:
            raise JobCancelled

    async def goes_on(self, *, within_s: float) -> bool:
        """Wait for a while; tell whether the job is neither paused nor shut, or has to end."""
        try:
            async with asyncio.timeout(within_s):
                await self._go.wait()
        except TimeoutError:
            return False
        return True

    def _turn(self) -> None:
        if self.still and not self._cancelled:
            self._go.clear()
        else:
            self._go.set()
