"""Task groups that leave nothing behind in the task that waited for them.

Where a child fails while its parent waits at the group's end, asyncio cancels the parent to wake
it, and Python 3.11 never takes that cancellation's count back (`asyncio/taskgroups.py`). To
`asyncio.timeout` of Python 3.11.2 a later time-out then looks like a cancellation from outside: a
job that only waited would end without a word.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class TaskGroup(asyncio.TaskGroup):
    """`asyncio.TaskGroup`, whose end leaves its parent's count of cancellations as it should be."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the children; raise as `asyncio.TaskGroup` does."""
        parent = asyncio.current_task()
        woken, before = self._woke_its_parent, parent.cancelling() if parent else 0
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            # a cancellation from outside is not ours to take back: only what the group itself sent
            late = self._woke_its_parent and not woken
            if parent is not None and late and parent.cancelling() > before:
                parent.uncancel()

    @property
    def _woke_its_parent(self) -> bool:
        return bool(getattr(self, "_parent_cancel_requested", False))
