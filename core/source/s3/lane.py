"""The body lane: many small objects by many reads at once, handed on in the order wanted.

    lane = Lane(door)
    lane.fetch(bucket, wanted, limit_bytes)   -> Whole | Larger | Missed of each
    lane.heads(bucket, wanted)                -> Looked | Missed of each

What an endpoint cannot answer now is asked again, with growing pauses or after as long as it asks
for; the others go on meanwhile. Memory: what is read ahead, some MiB. May import its own room.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from core.errors import NodeUnreachable, VgwmError
from core.source.posix.outcome import Unreadable
from core.source.s3.config import HANDLES
from core.source.s3.fetched import Fetched, Larger, Looked, Missed, Wanted
from core.source.s3.patience import pause_s
from core.source.s3.refusals import Again
from core.source.s3.slot import Bodies, Heads, Slot
from core.source.s3.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from core.source.s3.handle import Door
    from core.source.s3.reply import Reply
    from core.source.s3.slot import Aim

AHEAD_BYTES: Final = 8 << 20
"""How much is read ahead of whoever takes it."""

_LOOK_S: Final = 0.5
_AWAY_S: Final = 10.0
"""Who was not looked at for so long, by a pause of all work, say, has not stood still by itself."""
_SLOTS: Final = 3
"""Objects ahead, in times the connections: a slow one in front keeps the others busy."""


class Lane:
    """Reads small objects over kept connections. One reading at a time; close it."""

    def __init__(
        self,
        door: Door,
        *,
        handles: int = HANDLES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._door = door
        self._handles = handles
        self._wire = Wire(door, handles)
        self._clock = clock
        self._sleep = sleep

    def fetch(
        self, bucket: bytes, wanted: Iterable[Wanted], limit_bytes: int
    ) -> Generator[Fetched, None, None]:
        """Yield what became of each object, in the order wanted. limit_bytes: see `Larger`.

        Raises Denied, BadInput, NodeBusy, NodeUnreachable. Close it if it is not taken to its end.
        """
        aim = Bodies(bucket, self._door.bucket(bucket), limit_bytes)
        return self._run(aim, wanted)  # type: ignore[return-value] # bodies are never `Looked`

    def heads(
        self, bucket: bytes, wanted: Iterable[Wanted]
    ) -> Generator[Looked | Missed, None, None]:
        """Yield each object's headers, in the order wanted. Raises and closes as above."""
        aim = Heads(bucket, self._door.bucket(bucket))
        return self._run(aim, wanted)  # type: ignore[return-value] # heads are never whole

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def _run(self, aim: Aim, wanted: Iterable[Wanted]) -> Generator[Fetched | Looked, None, None]:
        run = LaneRun(self._wire, aim, iter(wanted), _SLOTS * self._handles)
        try:
            yield from run.results(self._clock, self._sleep)
        finally:
            self._wire.drop()


class LaneRun:
    """One reading: what is in line, in the order wanted, and what rests until it is asked again."""

    def __init__(self, wire: Wire, aim: Aim, wanted: Iterator[Wanted], slots: int) -> None:
        self._wire = wire
        self._aim = aim
        self._wanted = wanted
        self._slots = slots
        self._order: deque[Slot] = deque()
        self._resting: list[Slot] = []
        self._ahead_bytes = 0
        self._answers = 0
        self._looked_s = -1.0

    def results(
        self, clock: Callable[[], float], sleep: Callable[[float], None]
    ) -> Iterator[Fetched | Looked]:
        """Yield what became of each."""
        order = self._order
        self._fill()
        while order:
            if order[0].got is None:
                self._collect(clock, sleep)
                # sent before the ready ones are handed on: the endpoint works while we do
                self._fill()
                self._wire.push()
            while order and (got := order[0].got) is not None:
                self._ahead_bytes -= order.popleft().weight
                yield got
            if not order:
                self._fill()

    def _fill(self) -> None:
        """Begin as many as there is room for."""
        order, aim = self._order, self._aim
        room = min(self._wire.room, self._slots - len(order))
        while room > 0 and (self._ahead_bytes < AHEAD_BYTES or not order):
            wanted = next(self._wanted, None)
            if wanted is None:
                return
            slot = Slot(wanted, aim.weight(wanted))
            order.append(slot)
            if aim.refuses(wanted):
                slot.got = Larger(wanted)
                continue
            self._ahead_bytes += slot.weight
            self._send(slot)
            room -= 1

    def _send(self, slot: Slot) -> None:
        if not slot.tried:
            slot.answers = self._answers
        slot.tried += 1
        request, limit_bytes = self._aim.request(slot)
        self._wire.send(request, slot, limit_bytes)

    def _collect(self, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Take what has come; wait for it, or for the next that is to be asked again."""
        now_s = clock()
        if now_s - self._looked_s > _AWAY_S:
            for slot in self._order:
                slot.tried = 0
        wait_s = self._resume(now_s) if self._resting else _LOOK_S
        if not self._wire.under_way:
            sleep(wait_s)
            self._looked_s = clock()
            return
        for slot, reply in self._wire.wait(wait_s):
            self._settle(slot, reply, clock)
        self._looked_s = clock()

    def _resume(self, now_s: float) -> float:
        """Send what is due again; return how long the next one has to rest, at most a look."""
        due = [slot for slot in self._resting if slot.due_s <= now_s]
        for slot in due[: self._wire.room]:
            self._resting.remove(slot)
            self._send(slot)
        rest_s = min((slot.due_s - now_s for slot in self._resting), default=_LOOK_S)
        return max(0.0, min(rest_s, _LOOK_S))

    def _settle(self, slot: Slot, reply: Reply, clock: Callable[[], float]) -> None:
        outcome = self._aim.settle(slot, reply)
        self._answers += not isinstance(outcome, Again)
        if outcome is None:
            if slot.got is None:  # the next step of the same object
                slot.tried = 0
                if self._wire.room:
                    self._send(slot)
                else:
                    slot.due_s = 0.0
                    self._resting.append(slot)
        elif isinstance(outcome, Again):
            self._again(slot, outcome, clock())
        elif isinstance(outcome, VgwmError):
            raise outcome
        else:
            slot.got = Missed(slot.wanted, outcome)

    def _again(self, slot: Slot, again: Again, now_s: float) -> None:
        """Let an object rest; or give it up, if others were answered meanwhile: then it is it."""
        wait_s = pause_s(again, slot.tried)
        if wait_s is not None:
            slot.due_s = now_s + wait_s
            self._resting.append(slot)
        elif self._answers > slot.answers and isinstance(again.error, NodeUnreachable):
            slot.got = Missed(slot.wanted, Unreadable(again.error.what))
        else:
            raise again.error
