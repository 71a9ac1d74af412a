"""What load balancers said last: asked at most once a second, and only while somebody looks.

A look must answer within its 2 s, and so may a load balancer that hangs: nobody waits for it.
"""

from __future__ import annotations

import asyncio
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
    at_s: float
    told: tuple[Told, ...]


class BalancerWatch:
    """Keeps the newest answer of each slice."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._heard: dict[tuple[str, ...], _Heard] = {}
        self._asking: dict[tuple[str, ...], asyncio.Task[None]] = {}

    def last(self, buckets: Sequence[str]) -> tuple[Told, ...]:
        """Return what was said a few seconds ago at most, nothing where nobody was heard since.

        Begins to ask anew, and does not wait for it.
        """
        key = tuple(buckets)
        heard = self._heard.get(key)
        age_s = None if heard is None else time.monotonic() - heard.at_s
        running = self._asking.get(key)
        if (age_s is None or age_s >= EVERY_S) and (running is None or running.done()):
            self._asking[key] = asyncio.create_task(self._again(key), name="load balancers")
        return heard.told if heard is not None and age_s is not None and age_s <= STALE_S else ()

    async def heard(
        self, buckets: Sequence[str], *, patience_s: float = PATIENCE_S
    ) -> tuple[Told, ...]:
        """Return the same; a first answer is waited for, for a moment."""
        told = self.last(buckets)
        running = self._asking.get(tuple(buckets))
        if not told and running is not None:
            await asyncio.wait([running], timeout=patience_s)
            told = self.last(buckets)
        return told

    async def close(self) -> None:
        """End the asking."""
        for task in self._asking.values():
            task.cancel()
        if self._asking:
            await asyncio.wait(self._asking.values())

    async def _again(self, key: tuple[str, ...]) -> None:
        with suppress(VgwmError):  # such as a configuration that cannot be read: nobody was heard
            told = (await self._ask(key)).told
            self._heard[key] = _Heard(time.monotonic(), told)
