"""Work that runs beside a job's own: the watches, the regulator, the tuner.

May import nothing of the project.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = logging.getLogger(__name__)


class Beside:
    """Tasks that end with their job. One that fails is said at once: the job itself goes on."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Start a task."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_say_failure)
        self._tasks.append(task)

    async def end(self) -> None:
        """Cancel all, and wait for them."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


def _say_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s stopped: it holds no more", task.get_name(), exc_info=error)
