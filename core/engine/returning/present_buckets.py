"""Which buckets a side has, as its doors say. May import the cutover's room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.cutover.signing import Call
from core.errors import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.door import Asker, Door

_AT_ONCE: Final = 16
_NOT_FOUND: Final = 404


async def present(asker: Asker, doors: Sequence[Door], buckets: Sequence[str]) -> list[str]:
    """Return the buckets without those that every door, or all that answer, says to be absent.

    All of them where nobody answers (I7).
    """
    gate = asyncio.Semaphore(_AT_ONCE)
    silent: set[str] = set()

    async def absent(door: Door, bucket: str) -> bool | None:
        async with gate:
            if door.name in silent:  # what hangs for one bucket would hang for each
                return None
            try:
                reply = await asker.ask(door, Call(method="HEAD", bucket=bucket))
            except NoAnswer:
                silent.add(door.name)
                return None
        return reply.status == _NOT_FOUND

    async def has(bucket: str) -> bool:
        told = await asyncio.gather(*(absent(door, bucket) for door in doors))
        return False in told or True not in told

    told = await asyncio.gather(*(has(bucket) for bucket in buckets))
    return [bucket for bucket, here in zip(buckets, told, strict=True) if here]
