"""Work that is not broken off with its job: writes held back have to be given to one side."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

LEAVE_S: Final = 15.0
_LOOK_S: Final = 0.2


async def surely(
    work: Coroutine[None, None, T], *, leaves: Callable[[], bool], leave_s: float = LEAVE_S
) -> T:
    """Do the work to its end, whoever cancels this; what it raises is raised.

    leaves: tells, once it was cancelled, whether another will go on with it: then it is broken off
    after leave_s, and the cancellation handed on. Otherwise it is done first, and the cancellation
    is forgotten.
    """
    task = asyncio.create_task(work)
    until_s: float | None = None
    while not task.done():
        try:
            await asyncio.wait({task}, timeout=_LOOK_S)
        except asyncio.CancelledError:
            until_s = until_s or time.monotonic() + leave_s
        if until_s is not None and leaves() and time.monotonic() >= until_s:
            task.cancel()
            await asyncio.wait({task})
            raise asyncio.CancelledError
    if until_s is not None and leaves():
        task.exception()  # it is told by the rows; the engine ends
        raise asyncio.CancelledError
    return task.result()
