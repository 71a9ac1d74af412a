"""Work that is not broken off: who is told to end in the middle of it ends afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

_T = TypeVar("_T")


async def to_end(work: Coroutine[object, object, _T]) -> _T:
    """Await work that has a limit of its own, however often this task is cancelled meanwhile.

    Raises CancelledError after it if it was; else what the work raises.
    """
    task = asyncio.get_running_loop().create_task(work, name="to its end")
    told = False
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:  # kept, and raised below
            told = True
    if told:
        if not task.cancelled():
            task.exception()  # seen: it is the cancelling that counts
        raise asyncio.CancelledError
    return task.result()
