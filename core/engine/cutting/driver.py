"""Drives one run: step by step forward, and back to blue whatever stops it before the flip.

Each effect stands between its rows; a deadline runs while clients' writes are held back.
May import the cutover's room and the ledger.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from core.cutover.cutover_plan import Kind, Strategy
from core.cutover.limits import deadline_s
from core.cutover.machine import (
    DEADLINE,
    FENCED,
    Course,
    Observation,
    Standing,
    Step,
    failed,
    found,
    next_step,
)
from core.cutover.states import State
from core.engine.cutting.acting import Acting
from core.engine.cutting.rehearsals import REHEARSED
from core.engine.cutting.surely import surely
from core.engine.cutting.unfencing import Turned, Unfencing
from core.errors import NoAnswer, Refused, VgwmError, WrongState
from core.model import NS_PER_S

if TYPE_CHECKING:
    from core.cutover.cutover_plan import CutoverPlan
    from core.engine.cutting.acting import Said
    from core.engine.cutting.book import Book
    from core.engine.cutting.means import CutMeans
    from core.engine.reins import Reins

log = logging.getLogger(__name__)

_NAMED: Final = 3
_SWITCH_S: Final = 30.0
"""What the switch may take until T_flip, on top of the deadline of the states before."""

_SWITCHES: Final = frozenset({State.SWITCH_READS, State.SWITCH_WRITES})


class Driver:
    """Drives one run of a slice."""

    def __init__(
        self, means: CutMeans, book: Book, plan: CutoverPlan, reins: Reins, run: str
    ) -> None:
        self._m = means
        self._book = book
        self._plan = plan
        self._reins = reins
        self._run = run
        self._acting = Acting(means, book, plan, reins, run)
        self._clocks: tuple[int, float] | None = None

    async def run(self) -> None:
        """Go on from where the run stands, to GREEN_LIVE; a rehearsal back to CATCHUP.

        Whatever stops it while writes are held back, an error, an end of the job or of the engine,
        gives them to one side first. Raises what stopped it.
        """
        try:
            await self._forward()
        except BaseException as error:
            if not await self._surely(_why(error)) or isinstance(error, asyncio.CancelledError):
                raise

    async def take_up(self, at: Standing) -> None:
        """Do with a run what an engine does with one that it finds at its start.

        Raises WrongState where it ended before the flip, with writes at blue.
        """
        seen = await self._observe(at)
        if found(at, seen) in {Course.UNFENCE, Course.FORWARD}:
            why = f"the engine ended in {at.state}"
            if await self._surely(why):
                return
        elif at.state is State.GREEN_LIVE:
            await self._m.live(self._book.actor)
            return
        elif at.state is State.COMMITTED:
            return
        raise WrongState(
            what=f"the engine ended in {at.state}: writes are at blue, and nothing was switched",
            where="cutover",
            remedy="Look at the gates and begin again: vgwm cutover status.",
        )

    async def _surely(self, why: str) -> bool:
        work = self._fallen(why)
        return await surely(work, leaves=lambda: not self._reins.cancelled)

    async def _forward(self) -> None:
        while True:
            at = await self._book.standing()
            due = next_step(at)
            if due is None:
                return
            state, step = due
            if state is State.GREEN_LIVE:
                if at.state is not state:
                    await self._book.intent(state, Step.WATCH, {})
                await self._m.live(self._book.actor)
                return
            if state is State.SWITCH_READS and self._plan.kind is Kind.REHEARSE:
                await self._surely(REHEARSED)
                return
            await self._one(at, state, step)

    async def _one(self, at: Standing, state: State, step: Step) -> None:
        """Do one step; one that comes too late has failed."""
        if step is Step.CANARY and at.flipped_ns:  # forward is the only way, whatever it would say
            await self._book.done(state, step, {"skipped": "green has taken a write"})
            return
        said: Said = {}
        left_s: float | None = None
        if state in FENCED and not at.flipped_ns:
            until_ns = await self._until_ns(at, state)
            said, left_s = {DEADLINE: until_ns}, self._left_s(until_ns)
        try:
            async with asyncio.timeout(left_s):
                if not at.flipped_ns:
                    await self._reins.checkpoint()
                await self._book.intent(state, step, said)
                if state in FENCED:
                    said = await self._acting.do(step, at.held_ns)
                else:
                    said = await self._before(step)
        except TimeoutError as error:
            raise NoAnswer(
                what=f"{step} of {state} did not end before the deadline of the fence",
                where="cutover",
                remedy="Writes are given back to blue. Sync until the forecast is shorter.",
            ) from error
        await self._book.done(state, step, said)

    async def _before(self, step: Step) -> Said:
        """Do a step while writes still go to blue."""
        if step is Step.LOOK:
            troubles = await self._m.world.ready(self._plan.buckets, self._run)
            troubles += await self._acting.elsewhere()
            if troubles:
                raise Refused(
                    what="; ".join(troubles[:_NAMED]),
                    where="load balancers and gateways",
                    remedy="Mend what it names: docs/traffic.md, docs/fence.md.",
                )
        elif step is Step.GATES:
            await self._m.require(self._plan)
        elif step is Step.BACKUPS:
            await self._m.world.back_up(self._run)
        elif step is Step.CATCH_UP and self._plan.strategy is not Strategy.BIG_BANG:
            await self._m.catch_up(self._reins)
        return {}

    async def _until_ns(self, at: Standing, state: State) -> int:
        """Return when the deadline of the fence is; it is set once, when FENCE is entered."""
        extra_ns = round(_SWITCH_S * NS_PER_S) if state in _SWITCHES else 0
        if at.until_ns:
            return at.until_ns + extra_ns
        copies = self._plan.strategy is Strategy.BIG_BANG
        forecast_s = None if copies else await self._m.forecast_s()
        limit_s = deadline_s(forecast_s, self._plan.limits)
        return time.time_ns() + round(limit_s * NS_PER_S)

    def _left_s(self, until_ns: int) -> float:
        """Return the time to a deadline: who sets the clock back does not hold up clients' writes.

        until_ns: UTC. Of that clock and of the one that nobody sets, the first to be there counts.
        """
        now_ns, now_s = time.time_ns(), time.monotonic()
        began_ns, began_s = self._clocks = self._clocks or (now_ns, now_s)
        left_s = (until_ns - began_ns) / NS_PER_S - (now_s - began_s)
        return max(0.0, min(left_s, (until_ns - now_ns) / NS_PER_S))

    async def _fallen(self, why: str) -> bool:
        """Give writes to one side; tell whether it is green.

        While they are held back nothing ends this: what hinders it is said, and it is tried again.
        """
        while True:
            at = await self._book.standing()
            if at.state not in FENCED:
                await self._stayed(at, why)
                return at.state is State.GREEN_LIVE
            try:
                return await self._to_one_side(at, why)
            except Exception as error:  # whatever it is: else both sides stay shut
                told = error.what if isinstance(error, VgwmError) else type(error).__name__
                if not isinstance(error, VgwmError):
                    log.warning("giving writes to one side stumbled", exc_info=error)
                await self._book.alarm(f"clients' writes wait for a side: {told}")
                await asyncio.sleep(self._m.retry_s)

    async def _to_one_side(self, at: Standing, why: str) -> bool:
        """Give writes to one side; tell whether it is green. at: a fenced state."""
        if failed(at, await self._observe(at)) is Course.FORWARD:
            await self._forward()
            return True
        try:
            await Unfencing(self._m, self._book, self._plan.buckets, self._run).run(why)
        except Turned:
            text = "green has taken a write"
            await self._book.intent(State.SWITCH_READS, Step.GREEN_RO, {"why": text})
            return await self._to_one_side(await self._book.standing(), why)
        return False

    async def _stayed(self, at: Standing, why: str) -> None:
        """Note why a run ended before its fence, or that green writes and what is missing of it."""
        if at.state is State.GREEN_LIVE:
            await self._book.alarm(f"green is live, and not all that goes with it: {why}")
        elif at.begun is not None:
            await self._book.undone(at.state, at.begun, why)

    async def _observe(self, at: Standing) -> Observation:
        """Ask the world where it decides; a run without a flip is undone whatever it says."""
        if not at.flipped_ns:
            return Observation()
        return await self._acting.observe()


def _why(error: BaseException) -> str:
    if isinstance(error, VgwmError):
        return error.what
    if isinstance(error, asyncio.CancelledError):
        return "the engine or the job was ended"
    return f"it was broken off: {type(error).__name__}"
