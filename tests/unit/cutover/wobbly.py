"""A load balancer that fails in every way that matters. The real ones: tests/real."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from core.cutover.balancer import Told
from core.cutover.mode import Mode
from core.errors import NoAnswer, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.cutover.balancer import Busy
    from core.cutover.mode import Side


class Whim(Enum):
    """What comes of telling it a mode."""

    DO = "do"
    REFUSE = "refuse"
    HANG = "hang"  # silent from now on; what was sent is lost
    LATE = "late"  # silent from now on; what was sent is done when it wakes
    MUTE = "mute"  # done, and silent from now on


@dataclass(slots=True)
class Wobbly:
    """A `Balancer`. whims: what comes next, one for each `set`; then it does what it is told."""

    name: str
    mode: Mode = Mode.BLUE
    modes: frozenset[Mode] = frozenset(Mode)
    listeners: tuple[str, ...] = ()
    whims: list[Whim] = field(default_factory=list)
    told: list[Mode] = field(default_factory=list)
    silent: bool = False
    process: str = "1"
    busy_now: list[Busy | None] = field(default_factory=list)
    on_change: Callable[[], None] = lambda: None
    _late: list[Mode] = field(default_factory=list)

    async def ready(self, run: str) -> list[str]:
        del run
        return ["no answer"] if self.silent else []

    async def set(self, buckets: Sequence[str], mode: Mode, run: str) -> None:
        del buckets, run
        self.told.append(mode)
        whim = self.whims.pop(0) if self.whims else Whim.DO
        if self.silent:
            whim = Whim.LATE if whim in {Whim.LATE, Whim.MUTE} else Whim.HANG
        if whim is Whim.REFUSE:
            raise Refused(what="it answers a text", where=self.name, remedy="-")
        if whim in {Whim.DO, Whim.MUTE}:
            self._become(mode)
        if whim is Whim.LATE:
            self._late.append(mode)
        if whim is not Whim.DO:
            self.silent = True
            raise NoAnswer(what="no answer in 2 s", where=self.name, remedy="-")

    async def get(self, buckets: Sequence[str]) -> Told:
        del buckets
        if self.silent:
            return Told(name=self.name, mode=None, why="no answer in 2 s")
        return Told(name=self.name, mode=self.mode, process=self.process)

    async def busy(self, side: Side) -> Busy | None:
        del side
        return self.busy_now.pop(0) if self.busy_now[1:] else self.busy_now[0]

    async def under_way(self, side: Side) -> Mapping[str, int] | None:
        """Nothing: what a slice waits for is in test_drain.py."""
        del side
        return {}

    def wake(self, *, backwards: bool = False) -> None:
        """Let it do what it was told while it was silent, and answer again."""
        for mode in reversed(self._late) if backwards else self._late:
            self._become(mode)
        self._late.clear()
        self.silent = False

    def _become(self, mode: Mode) -> None:
        self.mode = mode
        self.on_change()
