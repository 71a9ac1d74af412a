"""The effects of a cutover's steps on its way forward, each read back. Raises what hinders one.

May import the cutover's room and the ledger.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.cutover.cutover_plan import Kind, Strategy
from core.cutover.drain import drain
from core.cutover.fleet import Way
from core.cutover.machine import Course, Observation, Step, failed
from core.cutover.mode import Mode, Side
from core.errors import NoAnswer, Refused, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.balancer import Balancer
    from core.cutover.cutover_plan import CutoverPlan
    from core.cutover.fleet import Fleet
    from core.engine.cutting.book import Book
    from core.engine.cutting.means import CutMeans
    from core.engine.reins import Reins

READ_BACK: Final = 1_000
DRAIN_S: Final = 3_600.0
"""A drain is ended by the deadline of the fence, not by this."""

_NAMED: Final = 3
_TRIES: Final = 3
"""A flip that every balancer refused, and none can have taken, is tried so often."""

Said = dict[str, object]


class Acting:
    """Does steps of one run."""

    def __init__(
        self, means: CutMeans, book: Book, plan: CutoverPlan, reins: Reins, run: str
    ) -> None:
        self._m = means
        self._book = book
        self._plan = plan
        self._reins = reins
        self._run = run
        self._lost = ""
        self._looked = False

    @property
    def fleet(self) -> Fleet:
        """The balancers."""
        return self._m.world.fleet

    @property
    def buckets(self) -> Sequence[str]:
        """Of the slice; empty for everything."""
        return self._plan.buckets

    async def do(self, step: Step, held_ns: int) -> Said:
        """Do a step and read it back; return what it came to. held_ns: of the fence."""
        does = {
            Step.BLUE_RO: self._blue_ro,
            Step.DRAIN: self._drain,
            Step.FENCE: self._fence,
            Step.PROOF: self._proof,
            Step.ROUND: self._round,
            Step.JOIN: self._join,
            Step.READ_BACK: self._read_back,
            Step.GREEN_RO: self._green_ro,
            Step.CANARY: self._canary,
            Step.T_FLIP: self._flip,
        }
        if step is Step.QUIET:
            return await self._quiet(held_ns)
        return await (self._green(held_ns) if step is Step.GREEN else does[step]())

    async def observe(self) -> Observation:
        """Ask what the balancers do, and whether green has taken writes since T_flip."""
        reading = await self.fleet.read(self.buckets)
        return Observation(
            modes=tuple(told.mode for told in reading.told),
            green_rows=await self._m.world.feed.wrote(self.buckets),
        )

    async def elsewhere(self) -> list[str]:
        """Return which load balancers do not send the slice to blue, where every run begins.

        A run that met one only at its fence would have nothing to undo, and no way to end.
        """
        reading = await self.fleet.read(self.buckets)
        return [f"{one.name}: {one.why}" for one in reading.beside(Mode.BLUE)]

    async def _blue_ro(self) -> Said:
        if not self.fleet.can_fence:
            return {"skipped": "the gateways alone can fence"}
        return await self._reach(Mode.BLUE_RO, Way(writer=Side.BLUE, back=Mode.BLUE))

    async def _drain(self) -> Said:
        able = [one for one in self.fleet.balancers if await _can_say(one)]
        drained = await drain(able, Side.BLUE, self.buckets, limit_s=DRAIN_S)
        if not drained.ended:
            _none_of([f"{trouble.name}: {trouble.why}" for trouble in drained.left], "the drain")
        return {"took_s": round(drained.took_s, 3)}

    async def _fence(self) -> Said:
        _none_of(await self._m.world.fence(self.buckets, self._run), "the gateways' fence")
        return {}

    async def _proof(self) -> Said:
        harmless = self._plan.kind is Kind.REHEARSE
        wrong = await self._m.world.unproven(self.buckets, self._run, harmless=harmless)
        _none_of(wrong, "the fence's proof")
        return {}

    async def _round(self) -> Said:
        copies = self._plan.strategy is Strategy.BIG_BANG
        left = await self._m.last_round(self._reins, self.buckets, copies)
        _none_of(left, "the last round")
        return {}

    async def _quiet(self, held_ns: int) -> Said:
        changed = await self._m.world.changed_since(self.buckets, held_ns)
        if changed:
            raise Refused(
                what=f"the fenced source was written to: {_first(changed)}",
                where="quiet check",
                remedy="Find who writes past the gateways, such as another NFS client; then again.",
            )
        return {}

    async def _join(self) -> Said:
        _none_of(await self._m.prove(self._reins, self.buckets), "the last verification")
        return {}

    async def _read_back(self) -> Said:
        wrong = await self._m.world.read_back(self.buckets, limit=READ_BACK)
        _none_of(wrong, "reading through green")
        return {}

    async def _green_ro(self) -> Said:
        if not self.fleet.can_fence:
            return {"skipped": "the balancers know blue and green alone"}
        return await self._reach(Mode.GREEN_RO, Way(writer=Side.BLUE, back=Mode.BLUE_RO))

    async def _canary(self) -> Said:
        if not self.fleet.can_fence:
            return {"skipped": "clients are still at blue"}
        _none_of(await self._m.world.canary(self.buckets), "green's canary")
        return {}

    async def _flip(self) -> Said:
        await self._m.world.feed.arm(self.buckets)
        return {}

    async def _green(self, held_ns: int) -> Said:
        """Bring every balancer to green: once one may have it, this has to succeed.

        One that cannot fence may be a person's to change: what it was asked may be done at any
        time, so that it is asked for as long as that takes.
        """
        way = Way(writer=Side.GREEN, held=frozenset({Side.BLUE}))
        tries = 0
        while True:
            why = lost = await self._lost_at_blue(held_ns)
            if not why:
                moved = await self.fleet.reach(self.buckets, Mode.GREEN, self._run, way)
                if moved.reached:
                    return {}
                why = moved.why
            tries += 1
            await self._book.alarm(f"not every load balancer sends writes to green: {why}")
            tried = bool(lost) or (self.fleet.can_fence and tries >= _TRIES)
            if (
                tried
                and failed(await self._book.standing(), await self.observe()) is Course.UNFENCE
            ):
                raise _hindered([why], "the flip")
            await asyncio.sleep(self._m.retry_s)

    async def _lost_at_blue(self, held_ns: int) -> str:
        """Return why green may not be sent where blue's gateways alone hold writes back.

        One that was started anew, here or before this engine, has lost its fence: what blue took
        then is at blue alone. Such a find stands.
        """
        world = self._m.world
        if self.fleet.can_fence or self._lost:
            return self._lost
        left = await world.unheld(self.buckets)
        wrong = await world.fence(self.buckets, self._run) if left else []
        if left or not self._looked:
            changed = await world.changed_since(self.buckets, held_ns)
            self._lost, self._looked = _first(changed) if changed else "", True
        return self._lost or (_first(wrong) if wrong else "")

    async def _reach(self, mode: Mode, way: Way) -> Said:
        moved = await self.fleet.reach(self.buckets, mode, self._run, way)
        if not moved.reached:
            raise _hindered([moved.why], f"mode {mode}")
        return {}


async def _can_say(balancer: Balancer) -> bool:
    """Tell whether a balancer counts requests at all; one that fails to answer is asked again."""
    try:
        return await balancer.busy(Side.BLUE) is not None
    except VgwmError:
        return True


def _none_of(wrong: Sequence[str], where: str) -> None:
    if wrong:
        raise _hindered(wrong, where)


def _hindered(wrong: Sequence[str], where: str) -> NoAnswer:
    return NoAnswer(
        what=f"{where} did not come about: {_first(wrong)}",
        where="cutover",
        remedy="Writes are given back to blue. Mend it, look at the gates, and begin again.",
    )


def _first(wrong: Sequence[str]) -> str:
    more = len(wrong) - _NAMED
    return "; ".join(wrong[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
