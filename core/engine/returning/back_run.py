"""One way back, from its first step or from where an engine found it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.cutover.risk import risk
from core.cutover.rollback_plan import Green, Way, passed
from core.cutover.states import State
from core.cutover.way_back import BLUE_OPENED, Entry, entry, may_open_green
from core.engine.reins import JobCancelled
from core.engine.returning.data import restore_tree
from core.engine.returning.fencing_green import fence_green, open_green
from core.engine.returning.switching_back import open_blue, switch_back
from core.engine.returning.verifying_blue import carry_back
from core.errors import Broken, Denied, NoAnswer, Refused, VgwmError

if TYPE_CHECKING:
    from core.engine.reins import Reins
    from core.engine.returning.ground import Ground


class BackRun:
    """Brings one slice back to blue."""

    def __init__(self, ground: Ground, reins: Reins) -> None:
        self._ground = ground
        self._reins = reins

    async def run(self) -> None:
        """Do it. Raises JobCancelled, and what stops it, before `blue` was sent anywhere."""
        ground = self._ground
        rows = await ground.diary.rows()
        opens = may_open_green(rows)
        if not opens:
            ground.diary.first = BLUE_OPENED
        at = entry(rows, await ground.fleet.read(ground.buckets))
        if at is Entry.FINISH:
            await open_blue(ground)
            return
        if at is Entry.BEGIN:
            again = bool(rows) and rows[-1].state != State.GREEN_LIVE
            await self._before(again=again)
            await self._carry(again=again, opens=opens)
        await switch_back(ground)

    async def _before(self, *, again: bool) -> None:
        """Do what needs no pause, while green is still open: the pause gets shorter."""
        ground = self._ground
        if ground.facts.wish.way is Way.DATA:
            await restore_tree(ground, self._reins)
        if again or ground.facts.green is not Green.ALIVE:
            return
        await ground.sides.copy.catch_up(self._reins)
        beyond = passed(ground.facts.limits, await risk(ground.ledger))
        if beyond:
            raise Refused(
                what=f"{beyond}; nothing was fenced",
                where="rollback",
                remedy="Look at the plan again, and confirm that one: vgwm rollback plan.",
            )

    async def _carry(self, *, again: bool, opens: bool) -> None:
        """R1 to R3; what stops them, or takes longer than was confirmed, opens green again.

        opens: whether it may; behind R4 writes stay paused until a way back comes to its end.
        """
        ground = self._ground
        if not opens:
            await fence_green(ground, again=True)
            await carry_back(ground, self._reins)
            return
        alive = ground.facts.green is Green.ALIVE
        most_s = ground.facts.limits.duration_s if alive else None
        try:
            async with asyncio.timeout(most_s):
                await self._reins.checkpoint()
                await fence_green(ground, again=again)
                await carry_back(ground, self._reins)
        except TimeoutError as error:
            why = f"green's writes were not back on blue within the {most_s or 0:.0f} s confirmed"
            await open_green(ground, why)
            raise Refused(
                what=f"{why}; green is open again",
                where="rollback",
                remedy="Look at the plan again: it knows how long it takes now.",
            ) from error
        except JobCancelled:
            await open_green(ground, "called off")
            raise
        except VgwmError as error:
            await open_green(ground, error.what)
            raise _behind(error) from error


def _behind(error: VgwmError) -> VgwmError:
    """Return an error of the same kind that says what became of green."""
    kind = next((one for one in (Refused, Broken, Denied) if isinstance(error, one)), NoAnswer)
    return kind(
        what=f"{error.what}; green is open again, nothing was switched",
        where=error.where,
        remedy=error.remedy,
    )
