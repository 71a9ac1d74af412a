"""What load balancers said last: asked at most once a second, and only while somebody looks.

A look must answer within its 2 s, and so may a load balancer that hangs: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.cutover.balancer import Told
    from core.cutover.reading import Reading

    # Asks all of them about buckets; none means everything.
    Ask = Callable[[Sequence[str]], Awaitable[Reading]]

EVERY_S: Final = 1.0
STALE_S: Final = 4.0
"""From this age on an answer is none (I7)."""
PATIENCE_S: Final = 1.2


class _Heard(NamedTuple):
    at_s: float  # when it was asked
    told: tuple[Told, ...]


class BalancerWatch:
    """Keeps the newest answer of each slice."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._heard: dict[tuple[str, ...], _Heard] = {}
        self._asking: dict[tuple[str, ...], asyncio.Task[None]] = {}

    def last(self, buckets: Sequence[str], *, most_s: float = STALE_S) -> tuple[Told, ...]:
        """Return what was said a few seconds ago at most, nothing where nobody was heard since.

        most_s: the age from which an answer is none. Begins to ask anew, and does not wait for it.
        """
        key = tuple(buckets)
        heard = self._heard.get(key)
        age_s = math.inf if heard is None else time.monotonic() - heard.at_s
        running = self._asking.get(key)
        if age_s >= min(EVERY_S, most_s) and (running is None or running.done()):
            self._asking[key] = asyncio.create_task(self._again(key), name="load balancers")
        return heard.told if heard is not None and age_s <= min(STALE_S, most_s) else ()

    async def heard(
        self, buckets: Sequence[str], *, most_s: float = STALE_S, patience_s: float = PATIENCE_S
    ) -> tuple[Told, ...]:
        """Return the same; an answer that is not older than most_s is waited for, for a moment."""
        began_s = time.monotonic()
        told = self.last(buckets, most_s=most_s)
        for _ in range(2):  # the one that was being asked may be too old as well
            running = self._asking.get(tuple(buckets))
            waited_s = time.monotonic() - began_s
            if told or running is None or waited_s >= patience_s:
                break
            await asyncio.wait([running], timeout=patience_s - waited_s)
            told = self.last(buckets, most_s=most_s + time.monotonic() - began_s)
        return told

    async def close(self) -> None:
        """End the asking."""
        for task in self._asking.values():
            task.cancel()
        if self._asking:
            await asyncio.wait(self._asking.values())

    async def _again(self, key: tuple[str, ...]) -> None:
        began_s = time.monotonic()
        with suppress(VgwmError):  # such as a configuration that cannot be read: nobody was heard
            told = (await self._ask(key)).told
            self._heard[key] = _Heard(began_s, told)
