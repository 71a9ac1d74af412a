"""The end of the writes that were under way when a side was fenced.

Of everything: nothing is under way any more, and nothing begins. Of a slice, beside which others go
on: each write that was under way in that moment has ended. A load balancer does not tell whose a
write is, so that those of the others which were under way then are waited for as well.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.cutover.reading import Trouble
from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.cutover.balancer import Balancer, Busy
    from core.cutover.mode import Side

STILL_S: Final = 0.3
"""How long no request may begin before a side counts as drained; of a slice, how long what begins
still counts as begun before: it may have met the map a moment earlier."""

_EVERY_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """left: who still has writes under way, or cannot say; nobody when the drain has ended."""

    took_s: float
    left: tuple[Trouble, ...] = ()

    @property
    def ended(self) -> bool:
        """Tell whether no write of the side is under way anywhere."""
        return not self.left


@dataclass(slots=True)
class _Watch:
    """One load balancer: since when nothing has begun with nothing under way; None if not so."""

    balancer: Balancer
    last: Busy | None = None
    why: str = "it was never asked"
    still_since_s: float | None = field(default=None)

    async def look(self, side: Side) -> None:
        try:
            now = await self.balancer.busy(side)
            self.why = "it cannot say what is under way" if now is None else _under_way(now)
        except VgwmError as error:
            now, self.why = None, error.what
        moved = now is None or now.requests > 0 or self.last is None or now.total != self.last.total
        if moved:
            self.still_since_s = None
        elif self.still_since_s is None:
            self.still_since_s = time.monotonic()
        self.last = now

    @property
    def ended(self) -> bool:
        return self.still_since_s is not None and time.monotonic() - self.still_since_s >= STILL_S


@dataclass(slots=True)
class _Others:
    """One load balancer on which other slices go on. left: writes of which this one waits for."""

    balancer: Balancer
    why: str = "it was never asked"
    left: Mapping[str, int] | None = None
    ended: bool = False
    _first_s: float = 0.0

    async def look(self, side: Side) -> None:
        try:
            now = await self.balancer.under_way(side)
        except VgwmError as error:
            self.why = error.what
            return
        if now is None:
            self.why = "it cannot say what is under way"
            return
        at_s = time.monotonic()
        if self.left is None:
            self.left, self._first_s = {}, at_s
        begins = at_s - self._first_s < STILL_S
        # woken less often than before: it ended, and another one has its place
        kept = {one: now[one] for one, seen in self.left.items() if now.get(one, -1) >= seen}
        self.left = now if begins else kept
        self.ended = not begins and not self.left
        self.why = f"{len(self.left)} writes that were under way have not ended"


async def drain(
    balancers: Sequence[Balancer], side: Side, buckets: Sequence[str] = (), *, limit_s: float
) -> Drained:
    """Wait until no load balancer has a write to buckets under way at a side, none for everything.

    Stands when that holds at all of them at once; else after limit_s says who is left. An idle
    connection does not count.
    """
    began_s = time.monotonic()
    watches: list[_Watch | _Others] = [
        _Others(one) if buckets else _Watch(one) for one in balancers
    ]
    while True:
        await asyncio.gather(*(watch.look(side) for watch in watches))
        took_s = time.monotonic() - began_s
        left = tuple(Trouble(one.balancer.name, one.why) for one in watches if not one.ended)
        if not left or took_s >= limit_s:
            return Drained(took_s=took_s, left=left)
        await asyncio.sleep(_EVERY_S)


def _under_way(busy: Busy) -> str:
    if busy.requests:
        return f"{busy.requests} writes are under way"
    return "writes began less than 300 ms ago"
