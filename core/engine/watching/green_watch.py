"""Watches green while a slice is GREEN_LIVE: gates, an alarm for each that turns red, the return.

What it asks is loaded with the first slice that is live. May import the cutover's room, the ledger.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.cutover.behind import feed_gate, foreign_gate, lag_gate
from core.cutover.by_itself import OF_GREEN, red, why_back
from core.cutover.cutover_plan import CutoverPlan
from core.cutover.limits import Limits
from core.cutover.mode import Mode
from core.cutover.states import State
from core.cutover.steered import steered_gate
from core.engine.slices import Slices
from core.errors import VgwmError
from core.ledger.rows import EventDraft
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.config.schema import Workspace
    from core.cutover.gate import Gate
    from core.cutover.live import LiveWatch
    from core.cutover.risk import Risk
    from core.engine.premises import Premises, StartJob
    from core.engine.returning.rollbacks import Rollbacks
    from core.engine.reversing.reverses import Reverses
    from core.engine.watching.outside import WatchOutside
    from core.engine.watching.world import WatchWorld
    from core.ledger.cutovers import CutoverRow
    from core.ledger.ledger import Ledger

EVERY_S: Final = 5.0
COMPARED_S: Final = 60.0
FOREIGN_S: Final = 600.0
CASES_EACH: Final = 5
"""S3 cases are asked with every so manieth shadow read: each asking makes contents on green."""

_EVENT: Final = "watch"

log = logging.getLogger(__name__)


def watch_world(
    premises: Premises, start: StartJob, reverses: Reverses, rollbacks: Rollbacks
) -> WatchWorld:
    """Return what asks the world for an engine. Blocks once: its imports."""
    outside: type[WatchOutside] = import_module("core.engine.watching.outside").WatchOutside
    return outside(premises, start, reverses, rollbacks)


class GreenWatch:
    """Looks every few seconds, as long as the engine lives; costs a row's read with nothing live.

    world: made with the first live slice. every_s, compared_s: between looks, and shadow reads.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        world: Callable[[], WatchWorld],
        *,
        every_s: float = EVERY_S,
        compared_s: float = COMPARED_S,
    ) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._make = world
        self._world: WatchWorld | None = None
        self._every_s = every_s
        self._compared_s = compared_s
        self._slices: dict[str, _Slice] = {}
        self._returned: set[int] = set()
        self._said = ""
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to watch."""
        self._task = asyncio.create_task(self._run(), name="green-watch")

    async def close(self) -> None:
        """End it."""
        tasks = [self._task, *(seen.looking for seen in self._slices.values())]
        mine = [task for task in tasks if task is not None]
        for task in mine:
            task.cancel()
        if mine:
            await asyncio.wait(mine)

    def gates(self, slice_: str) -> list[Gate]:
        """Return the gates of a slice as they were seen last, none if it is not live."""
        seen = self._slices.get(slice_)
        return [] if seen is None else list(seen.gates)

    async def look(self) -> None:
        """Look once."""
        newest = await self._ledger.cutovers.newest()
        flips = {row.slice: row for row in await self._ledger.cutovers.flips()}
        live = {row.slice for row in newest if row.state == State.GREEN_LIVE} & flips.keys()
        for name in self._slices.keys() - live:
            self._slices.pop(name).leave()
        if not live:
            return
        if self._world is None:
            self._world = await asyncio.to_thread(self._make)
        for name in sorted(live):
            if name not in self._slices:
                slices = await Slices.of(self._workspace, self._ledger)
                made = await asyncio.to_thread(_Slice.of, name, flips[name], slices.buckets(name))
                made.most = await self._most(flips[name])
                self._slices[name] = made
            await self._look_at(self._slices[name], self._world)

    async def _most(self, flip: CutoverRow) -> Limits:
        """Return the limits that were confirmed with the run of a flip."""
        rows = await self._ledger.cutovers.of_run(flip.run)
        stored = next((row.plan for row in rows if row.plan is not None), None)
        return Limits(pause_s=0.0) if stored is None else CutoverPlan.parse(stored).limits

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except VgwmError as error:
                await self._unwatched(error.what)
            except Exception as error:  # whatever it is: nobody misses a watch that ends
                log.warning("the watch stumbled", exc_info=error)
                await self._unwatched(f"a fault of vgwm, {type(error).__name__}")
            await asyncio.sleep(self._every_s)

    async def _unwatched(self, why: str) -> None:
        """Say that nobody watches; what a ledger without room does not take is in engine.log."""
        log.warning("green is not watched: %s", why)
        with suppress(VgwmError):
            await self._say(f"green is not watched: {why}")

    async def _is_live(self, name: str) -> bool:
        newest = await self._ledger.cutovers.newest()
        return any(row.slice == name and row.state == State.GREEN_LIVE for row in newest)

    async def _look_at(self, seen: _Slice, world: WatchWorld) -> None:
        steered = await world.steered(seen.buckets)
        if steered.mode is not Mode.GREEN and not await self._is_live(seen.name):
            return  # a way back has begun meanwhile, and moves them
        traffic = steered_gate(steered, time.time_ns())
        seen.watch.served(await world.served())
        now_s = time.monotonic()
        if now_s >= seen.due_s:
            seen.due_s = now_s + self._compared_s
            seen.turn += 1
            seen.watch.compared(await world.compared(seen.buckets, seen.turn), time.time_ns())
            await seen.look_for_cases(world)
        seen.look_for_strangers(world, now_s)
        now_ns, risk = time.time_ns(), await world.risk()
        reverse = self._workspace.cutover.reverse
        lag = lag_gate(risk, reverse, seen.most, now_ns)
        feed = feed_gate(await self._ledger.greenlog.stand(), reverse, now_ns)
        seen.gates = [*seen.watch.gates(now_ns), lag, feed, traffic]
        seen.gates += [one for one in (seen.cases, seen.foreign) if one is not None]
        wrong = red(seen.gates, now_ns)
        for gate in wrong:
            if gate.name not in seen.alarmed:
                await self._say(f"slice {seen.name}: gate {gate.name} is red: {gate.evidence}")
        seen.alarmed = {gate.name for gate in wrong}
        if seen.flip.seq in self._returned or now_s < seen.back_due_s:
            return
        if any(gate.name in OF_GREEN for gate in wrong):
            seen.back_due_s = now_s + self._compared_s  # hearing green's feed may read all of it
            await self._return(seen, world, risk)

    async def _return(self, seen: _Slice, world: WatchWorld, risk: Risk) -> None:
        """Go back where nothing can be lost by it; else the alarm waits for a person."""
        wrote = await world.wrote(seen.buckets)
        policy = self._workspace.cutover.auto_rollback
        why = why_back(seen.gates, time.time_ns(), wrote=wrote, risk=risk, policy=policy)
        if not why:
            return
        try:
            await world.back(seen.name)
        except VgwmError as error:  # tried again at the next look, while there is cause
            await self._say(f"slice {seen.name} cannot go back by itself: {error.what}")
            return
        # Once a flip: a way back that failed is a person's to look at.
        self._returned.add(seen.flip.seq)
        await self._say(f"slice {seen.name} goes back by itself: {why}")

    async def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            await self._ledger.event(EventDraft(kind=_EVENT, text=text, level="error"))


class _Slice:
    """A live slice. flip: its row. due_s: when it is compared next. foreign: not of S3.

    most: what of it may be at risk, by the plan that was confirmed.
    """

    def __init__(
        self, name: str, flip: CutoverRow, buckets: tuple[str, ...], watch: LiveWatch
    ) -> None:
        self.name = name
        self.flip = flip
        self.buckets = buckets
        self.watch = watch
        self.due_s = self.back_due_s = 0.0
        self.foreign: Gate | None = foreign_gate(0, (), 0)
        self.cases: Gate | None = None
        self._foreign_due_s = 0.0
        self.looking: asyncio.Task[Gate | None] | None = None
        self.turn = 0
        self.most = Limits(pause_s=0.0)
        self.gates: list[Gate] = []
        self.alarmed: set[str] = set()

    @classmethod
    def of(cls, name: str, flip: CutoverRow, buckets: tuple[str, ...]) -> _Slice:
        from core.cutover.live import LiveWatch  # noqa: PLC0415 - brings an HTTP client along

        return cls(name, flip, buckets, LiveWatch())

    async def look_for_cases(self, world: WatchWorld) -> None:
        """Ask for S3 cases now and then, and each time while they are not as they were."""
        well = self.cases is not None and self.cases.verdict is Verdict.PASS
        if not well or self.turn % CASES_EACH == 0:
            self.cases = await world.cases(self.buckets)

    def look_for_strangers(self, world: WatchWorld, now_s: float) -> None:
        """Look at all of blue now and then, beside the others: that may take long."""
        if self.looking is not None and self.looking.done():
            self.foreign, self.looking = self.looking.result(), None
            self._foreign_due_s = now_s + FOREIGN_S
        if self.looking is None and now_s >= self._foreign_due_s:
            self.looking = asyncio.create_task(self._strangers(world), name="strangers")

    async def _strangers(self, world: WatchWorld) -> Gate | None:
        """Return the gate of what others wrote on blue; None where its source does not show it."""
        at_ns = time.time_ns()
        try:
            found = await world.strangers(self.buckets, self.flip.at_ns)
        except VgwmError as error:
            return foreign_gate(0, (), at_ns, error.what)
        return None if found is None else foreign_gate(found.foreign, found.names, at_ns)

    def leave(self) -> None:
        """End what still looks."""
        if self.looking is not None:
            self.looking.cancel()
