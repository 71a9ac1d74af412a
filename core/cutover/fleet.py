"""All load balancers as one: nobody goes on before each of them has reached a mode (I10).

What each of them reads back decides, never what was sent: a time-out is unknown. Rules:
docs/traffic.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.drain import Drained, drain
from core.cutover.mode import Mode, Side
from core.cutover.reading import Reading, Trouble, read
from core.errors import NoAnswer, VgwmError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.cutover.balancer import Balancer
    from core.cutover.departed import Departed

_ORDER: Final = (Mode.BLUE, Mode.BLUE_RO, Mode.GREEN_RO, Mode.GREEN)
_RELOADED: Final = "it was restarted or reloaded meanwhile: an old worker may end its uploads"
_SINCE: Final = "it was restarted or reloaded since it was asked last: an old worker may live on"
_LEFT: Final = "it is dead for good, and vgwm.yaml names it no more: steps go on without it"
_NOBODY: Final = Trouble("traffic", "no load balancer is named in vgwm.yaml")


class Outcome(StrEnum):
    """How a step of all load balancers ended."""

    REACHED = "reached"  # each of them reads back the mode
    REFUSED = "refused"  # nothing was sent to any
    UNDONE = "undone"  # not all followed; each of them reads back the mode before
    UNSETTLED = "unsettled"  # not all are known: what was sent may still be done; do it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What came of it. reading: taken after it. troubles: who did not follow, and why."""

    outcome: Outcome
    mode: Mode
    reading: Reading
    troubles: tuple[Trouble, ...] = ()

    @property
    def reached(self) -> bool:
        """Tell whether every load balancer reads back the mode."""
        return self.outcome is Outcome.REACHED

    @property
    def why(self) -> str:
        """Return who did not follow, in a line that is safe to show."""
        return "; ".join(f"{trouble.name}: {trouble.why}" for trouble in self.troubles)


class Way(NamedTuple):
    """From where a step comes, and what it may lean on.

    writer: the one side that may accept writes at a load balancer that does not answer, by the
    ledger's rows: blue until T_flip is stored, green from then on, blue again from the row before
    R4's `blue`. back: the mode to which the step is undone where not all follow; None for one that
    has to be reached whatever happens: those that answer get it, the others when they do. held:
    sides whose own gateways are proven to refuse writes; it counts for load balancers that cannot
    fence by themselves.
    """

    writer: Side
    back: Mode | None = None
    held: frozenset[Side] = frozenset()


class _Sent(NamedTuple):
    """How one of them took a mode. is_mute: it did not answer: unknown, and not asked again now."""

    trouble: Trouble | None
    is_mute: bool = False


class Fleet:
    """Every load balancer of a workspace, and the steps that they take together.

    say: told at once, by name and reason, when one does not follow or does not answer, or became
    another process in the middle of a step. departed: knows who is dead for good; it counts no more
    from the next reading on, for the last of them stays.
    """

    def __init__(
        self,
        balancers: Sequence[Balancer],
        *,
        say: Callable[[Trouble], None] = lambda _: None,
        departed: Departed | None = None,
    ) -> None:
        self.balancers = tuple(balancers)
        self._say = say
        self._departed = departed
        self._processes: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the order of vgwm.yaml."""
        return tuple(one.name for one in self.balancers)

    @property
    def listeners(self) -> tuple[str, ...]:
        """URLs at which clients reach any of them."""
        return tuple(url for one in self.balancers for url in one.listeners)

    @property
    def modes(self) -> frozenset[Mode]:
        """What all of them can do; none without a load balancer."""
        sets = [one.modes for one in self.balancers]
        return frozenset.intersection(*sets) if sets else frozenset()

    @property
    def can_fence(self) -> bool:
        """Tell whether they can refuse writes and go on with reads."""
        return {Mode.BLUE_RO, Mode.GREEN_RO} <= self.modes

    async def ready(self, run: str) -> list[Trouble]:
        """Return why any of them cannot be steered; nothing is changed. run: see `reach`."""
        return [
            trouble
            for found in await asyncio.gather(*(_ready(one, run) for one in self.balancers))
            for trouble in found
        ]

    async def read(self, buckets: Sequence[str]) -> Reading:
        """Return what each of them does now. buckets: empty for everything."""
        reading = await read(self.balancers, buckets)
        for silent in reading.silent:
            await self._leave_behind(silent.name)
        names = self.names  # another reader may have left one behind meanwhile
        reading = Reading(told=tuple(one for one in reading.told if one.name in names))
        self._notice(reading, _SINCE)
        return reading

    async def _leave_behind(self, name: str) -> None:
        """Count one no more that is dead for good; say why one that a person dropped counts on."""
        stay = tuple(one for one in self.balancers if one.name != name)
        if self._departed is None or not stay or len(stay) == len(self.balancers):
            return
        others = {url for one in stay for url in one.listeners}
        why = await self._departed.look(name, others)
        if why:
            self._say(Trouble(name, why))
        elif why is not None:
            self.balancers = tuple(one for one in self.balancers if one.name != name)
            self._say(Trouble(name, _LEFT))

    async def reach(self, buckets: Sequence[str], mode: Mode, run: str, way: Way) -> Moved:
        """Bring every load balancer to a mode, or, where `way.back` says so, back again.

        A step goes to a neighbour in the order blue, blue_ro, green_ro, green; it begins only when
        all have been seen at one of the two. A mode that writes is not undone: from its first
        sending the other side stays fenced until each reads back, and the step is repeated. run:
        who owns the maps. Never raises what one load balancer says: it is in the answer.
        """
        before = await self.read(buckets)
        against = self._against(before, mode, way)
        if against:
            self._tell(against)
            return Moved(outcome=Outcome.REFUSED, mode=mode, reading=before, troubles=against)
        after, failed = await self._send(buckets, mode, run)
        self._notice(after, _RELOADED)
        if after.mode is mode:
            return Moved(outcome=Outcome.REACHED, mode=mode, reading=after)
        troubles = _who(after, mode, failed)
        self._tell(tuple(trouble for trouble in troubles if trouble not in failed))
        if way.back is None or mode.writes is not None:
            return Moved(outcome=Outcome.UNSETTLED, mode=mode, reading=after, troubles=troubles)
        undone, _ = await self._send(buckets, way.back, run)
        outcome = Outcome.UNDONE if undone.mode is way.back else Outcome.UNSETTLED
        return Moved(outcome=outcome, mode=mode, reading=undone, troubles=troubles)

    async def drain(self, side: Side, *, limit_s: float) -> Drained:
        """Wait until no write of a side is under way at any of them, limit_s at most."""
        if not self.balancers:
            return Drained(took_s=0.0, left=(_NOBODY,))
        return await drain(self.balancers, side, limit_s=limit_s)

    def _against(self, before: Reading, mode: Mode, way: Way) -> tuple[Trouble, ...]:
        """Return why the step may not begin."""
        if not self.balancers:
            return (_NOBODY,)
        unable = [
            Trouble(one.name, f"it cannot do {mode}")
            for one in self.balancers
            if mode not in one.modes
        ]
        # Who only goes back to the side that alone may write harms nobody by leaving one behind.
        alone = way.back is None and mode.side is way.writer
        silent = () if alone else before.silent
        return (*unable, *silent, *self._far(before, mode, way))

    def _far(self, before: Reading, mode: Mode, way: Way) -> list[Trouble]:
        """Return those that are no neighbour of the mode, so that two sides could write."""
        far = []
        for one, told in zip(self.balancers, before.told, strict=True):
            for seen in sorted(told.modes):
                near = abs(_ORDER.index(seen) - _ORDER.index(mode)) <= 1
                fences = {Mode.BLUE_RO, Mode.GREEN_RO} <= one.modes
                carried = not fences and (seen.writes is None or seen.writes in way.held)
                if not near and not carried:
                    far.append(Trouble(one.name, f"it is at {seen}, not beside {mode}"))
        return far

    async def _send(
        self, buckets: Sequence[str], mode: Mode, run: str
    ) -> tuple[Reading, tuple[Trouble, ...]]:
        """Tell all of them a mode; return what they do then, and who refused or did not answer."""
        sent = [self._set(one, buckets, mode, run) for one in self.balancers]
        came = await asyncio.gather(*sent)
        failed = tuple(one.trouble for one in came if one.trouble is not None)
        mute = [one.trouble for one in came if one.trouble is not None and one.is_mute]
        return await read(self.balancers, buckets, mute), failed

    async def _set(self, one: Balancer, buckets: Sequence[str], mode: Mode, run: str) -> _Sent:
        try:
            await one.set(buckets, mode, run)
        except VgwmError as error:
            trouble = Trouble(one.name, error.what)
            self._say(trouble)
            return _Sent(trouble, is_mute=isinstance(error, NoAnswer))
        return _Sent(None)

    def _notice(self, reading: Reading, why: str) -> None:
        """Say who runs as another process than it was seen to be last."""
        now = {told.name: told.process for told in reading.told if told.process}
        changed = [name for name, pid in now.items() if self._processes.get(name, pid) != pid]
        self._processes |= now
        self._tell(tuple(Trouble(name, why) for name in changed))

    def _tell(self, troubles: tuple[Trouble, ...]) -> None:
        for trouble in troubles:
            self._say(trouble)


async def _ready(one: Balancer, run: str) -> list[Trouble]:
    try:
        return [Trouble(one.name, why) for why in await one.ready(run)]
    except VgwmError as error:
        return [Trouble(one.name, error.what)]


def _who(after: Reading, mode: Mode, troubles: tuple[Trouble, ...]) -> tuple[Trouble, ...]:
    """Return one trouble a load balancer that is not at the mode: the cause, else what it says."""
    caused = {trouble.name: trouble for trouble in troubles}
    return tuple(
        caused.get(told.name) or Trouble(told.name, told.why or f"it says {told.mode or 'nothing'}")
        for told in after.told
        if told.mode is not mode
    )
