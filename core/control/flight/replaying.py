"""Plays a recording back: where it stands, and an engine's answers from there.

`Playhead` is pure but for its clock. `ReplayClient` answers looks from the recording, and refuses
everything else: a screen or a command that is given it cannot tell it from an engine, but by name.
"""

from __future__ import annotations

import itertools
import time
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from core.control.client import Client
from core.control.wire import state as wire
from core.errors import Refused, WrongState
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence
    from typing import Any, NoReturn

    import httpx

    from core.control.flight.reading import Recording

LONGEST_GAP_S: Final = 2.0
"""Times in which nothing was recorded pass in this; no job was at work then."""
SPEEDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_MOST_EVENTS: Final = 5_000


class Playhead:
    """Where a replay stands, in played seconds of a recording whose gaps are cut short.

    times_ns: of the frames, at least one. clock: monotonic seconds.
    """

    def __init__(
        self,
        times_ns: Sequence[int],
        *,
        speed: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._offsets_s = _offsets(times_ns)
        self._at_s = 0.0
        self._since_s = clock()
        self.speed = speed
        self.paused = False

    @property
    def length_s(self) -> float:
        """How much there is to play."""
        return self._offsets_s[-1]

    @property
    def position_s(self) -> float:
        """Where it stands now; at the end it stays."""
        moved_s = 0.0 if self.paused else (self._clock() - self._since_s) * self.speed
        return min(self.length_s, self._at_s + moved_s)

    @property
    def frame(self) -> int:
        """The number of the frame that is shown now."""
        return max(0, bisect_right(self._offsets_s, self.position_s) - 1)

    @property
    def share(self) -> float:
        """How much is behind, 0..1."""
        return self.position_s / self.length_s if self.length_s else 1.0

    @property
    def ended(self) -> bool:
        """Whether the last frame is shown."""
        return self.position_s >= self.length_s

    def pause(self) -> None:
        """Stop, or go on; from the end it begins again."""
        if self.ended and not self.paused:
            self._move(0.0)
            return
        self._move(self.position_s)
        self.paused = not self.paused

    def seek(self, by_s: float) -> None:
        """Move by so many recorded seconds."""
        self._move(self.position_s + by_s)

    def to_share(self, share: float) -> None:
        """Move to a share of the whole, 0..1."""
        self._move(self.length_s * share)

    def to_frame(self, number: int) -> None:
        """Move to where a frame begins."""
        self._move(self._offsets_s[number])

    def set_speed(self, speed: float) -> None:
        """Play so many seconds a second."""
        self._move(self.position_s)
        self.speed = speed

    def faster(self, steps: int) -> None:
        """Take the next speed of SPEEDS up (1) or down (-1)."""
        nearest = min(range(len(SPEEDS)), key=lambda nth: abs(SPEEDS[nth] - self.speed))
        self.set_speed(SPEEDS[min(len(SPEEDS) - 1, max(0, nearest + steps))])

    def _move(self, to_s: float) -> None:
        self._at_s = min(self.length_s, max(0.0, to_s))
        self._since_s = self._clock()


def _offsets(times_ns: Sequence[int]) -> list[float]:
    offsets = [0.0]
    for before, after in itertools.pairwise(times_ns):
        step_s = (after - before) / NS_PER_S
        offsets.append(offsets[-1] + min(LONGEST_GAP_S, max(0.0, step_s)))
    return offsets


class ReplayClient(Client):
    """Answers looks as the engine did when the recording was made."""

    def __init__(self, recording: Recording, playhead: Playhead) -> None:
        super().__init__(_nobody)
        self.where = "the recording"
        self.recording = recording
        self.playhead = playhead
        self._events: dict[int, wire.Event] = {}

    async def snapshot(self) -> wire.Snapshot:
        """Return the state at the playhead."""
        now = self.recording.at(self.playhead.frame)
        self._events |= {event.seq: event for event in now.events}
        while len(self._events) > _MOST_EVENTS:
            del self._events[next(iter(self._events))]
        return now

    async def events(self, since: int = 0) -> wire.Events:
        """Return the events after number `since` that were seen and had happened by now."""
        now = await self.snapshot()
        seqs = sorted(seq for seq in self._events if since < seq <= now.last_seq)
        found = [self._events[seq] for seq in seqs]
        return wire.Events(events=found, last_seq=seqs[-1] if seqs else since)

    async def _call(
        self,
        verb: str,
        path: str,
        *,
        wait_s: float,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> httpx.Response:
        del wait_s, query, body
        if verb == "GET":
            raise WrongState(
                what=f"a recording does not hold {path.removeprefix('v1/')}",
                where=self.where,
                remedy="The workspace's ledger has it: leave the replay and ask there.",
            )
        _refuse(self.where)


def _refuse(where: str) -> NoReturn:
    raise Refused(
        what="this is a replay: nothing can be changed",
        where=where,
        remedy="Leave it, then act on the workspace itself.",
    )


async def _nobody(
    _scope: MutableMapping[str, Any], _receive: object, _send: object
) -> None:  # pragma: no cover - `_call` never gets here
    _refuse("replay")
