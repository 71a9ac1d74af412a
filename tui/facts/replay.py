"""The replay's link: a recording in the place of an engine, and the keys that move it.

It looks to the application like any link, but for its state, which every screen shows as REPLAY
and no act is allowed in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.facts.link import PERIOD_S, EngineLink
from tui.linked import Link, LinkState, Played

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.control.flight.replaying import ReplayClient

SEEK_S = 30.0
FAR_S = 600.0
_TENTH = 0.1


class ReplayLink(EngineLink):
    """Shows the playhead's second, once a second."""

    def __init__(self, client: ReplayClient, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(client, clock)
        self.playhead = client.playhead
        self._last_ns = client.recording.times_ns[-1]

    def now(self) -> Link:
        """Return where the replay stands."""
        at_ns = self.snapshot.at_ns if self.snapshot is not None else 0
        head = self.playhead
        played = Played(
            at_ns=at_ns,
            speed=head.speed,
            share=head.share,
            length_s=head.length_s,
            paused=head.paused,
            ended=head.ended,
        )
        return Link(state=LinkState.REPLAY, age_s=0.0, played=played)

    def now_ns(self) -> int:
        """Return the recorded time: ages on the screen are those of then."""
        return self.snapshot.at_ns if self.snapshot is not None else self._last_ns

    async def poll(self) -> float:
        """Read the playhead's frame, and return how long to wait before the next."""
        self.take(await self.client.snapshot())
        return PERIOD_S

    def press(self, key: str) -> bool:
        """Move as a key says; False if it is none of the replay's."""
        if key in _MOVES:
            _MOVES[key](self)
            return True
        if len(key) == 1 and key.isascii() and key.isdigit():
            self.playhead.to_share(int(key) * _TENTH)
            return True
        return False


_MOVES: dict[str, Callable[[ReplayLink], None]] = {
    " ": lambda link: link.playhead.pause(),
    "space": lambda link: link.playhead.pause(),
    "left": lambda link: link.playhead.seek(-SEEK_S),
    "right": lambda link: link.playhead.seek(SEEK_S),
    ",": lambda link: link.playhead.seek(-FAR_S),
    ".": lambda link: link.playhead.seek(FAR_S),
    "<": lambda link: link.playhead.faster(-1),
    ">": lambda link: link.playhead.faster(1),
}
KEYS: tuple[tuple[str, str, str], ...] = (
    ("Space", "pause", "pause, play on, begin again"),
    ("Arrows", "30 s", "left, right: 30 recorded s"),
    (", .", "10 m", "10 recorded min back, on"),
    ("0-9", "tenth", "to that tenth of it"),
    ("< >", "speed", "slower, faster"),
)
"""The keys of a replay: how they are written, the word on row 24, what they do."""
