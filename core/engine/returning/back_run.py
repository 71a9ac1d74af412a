"""One way back, from its first step or from where an engine found it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from core.cutover.fleet import Way as From
from core.cutover.mode import Mode, Side
from core.cutover.risk import risk
from core.cutover.rollback_plan import Green, Way, passed
from core.cutover.states import State
from core.cutover.way_back import BLUE_OPENED, Entry, entry, is_switching, may_open_green
from core.display import safe
from core.engine.cutting.surely import LEAVE_S, surely
from core.engine.reins import JobCancelled, Reins
from core.engine.returning.data import restore_tree
from core.engine.returning.fencing_green import fence_green, open_green
from core.engine.returning.full import require_set
from core.engine.returning.switching_back import finish, switch_back
from core.engine.returning.verifying_blue import carry_back, require_same_names
from core.errors import Broken, Denied, NoAnswer, Refused, VgwmError, WrongState
from core.ledger.at_risk import FIRST
from core.ledger.greenlog import GreenState

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from core.engine.returning.ground import Ground
    from core.ledger.cutovers import CutoverRow

T = TypeVar("T")

_AGAIN_S: Final = 0.5
_PAGE: Final = 1_000
_STUCK: Final = 5
"""A change that was tried so often in vain, each `reverse_interval`, is not on its way."""


class BackRun:
    """Brings one slice back to blue."""

    def __init__(self, ground: Ground, reins: Reins) -> None:
        self._ground = ground
        self._reins = reins

    async def run(self) -> None:
        """Do it. Raises JobCancelled, and what stops it, before `blue` was sent anywhere.

        Whatever ends it in R1 to R3 opens green first; R4 is not called off any more.
        """
        ground = self._ground
        rows = await ground.diary.rows()
        if self._over(rows):
            return
        opens = may_open_green(rows)
        if not opens:
            ground.diary.first = BLUE_OPENED
        at = await self._entry(rows)
        if at is Entry.FINISH:
            if not is_switching(rows):
                await self._by_hand()
            await self._surely(finish(ground), leave_s=0.0)
            return
        if at is Entry.BEGIN:
            again = bool(rows) and rows[-1].state != State.GREEN_LIVE
            if not again:
                await self._before()
            await self._carry(again=again, opens=opens, restores=again and not self._mine(rows))
        # reins of its own: calling the job off, or pausing it, would leave nobody to write
        free = Reins(id=self._reins.id, kind=self._reins.kind)
        await self._surely(switch_back(ground, free), leave_s=0.0)

    async def rescue(self) -> None:
        """Give writes to one side: of a way back that was left without a job behind it."""
        ground = self._ground
        rows = await ground.diary.rows()
        at = entry(rows, await ground.fleet.read(ground.buckets))
        if may_open_green(rows) and at is not Entry.FINISH:
            await self._open("an engine ended, and nobody drove the way back")
        else:
            await self.run()

    async def _entry(self, rows: Sequence[CutoverRow]) -> Entry:
        """Return where it goes on; in R4 a silent load balancer is waited for, as R4 itself does.

        Each is at green_ro or blue_ro, or was told so; green_ro lets nobody write.
        """
        ground, said = self._ground, ""
        while True:
            seen = await ground.fleet.read(ground.buckets)
            at = entry(rows, seen)
            if at is not Entry.BEGIN or not is_switching(rows) or not seen.silent:
                return at
            # one whose file and runtime differ, as a kill leaves it, is mended by a step alone
            moved = await ground.fleet.reach(
                ground.buckets, Mode.GREEN_RO, ground.diary.run, From(writer=Side.GREEN)
            )
            if moved.reached:
                continue
            told = moved.why
            if told != said:
                said = told
                await ground.diary.say(f"R4 waits for a load balancer: {told}", "error")
            await self._reins.checkpoint()
            await asyncio.sleep(_AGAIN_S)

    def _over(self, rows: Sequence[CutoverRow]) -> bool:
        """Tell whether an engine was killed behind this job's last row. Raises WrongState."""
        if not rows or not self._mine(rows):
            return False
        if rows[-1].state == State.GREEN_LIVE:
            raise WrongState(
                what="it was given up before the engine ended: green serves on",
                where="rollback",
                remedy="Look at the plan again: vgwm rollback plan.",
            )
        return rows[-1].state == State.CATCHUP

    async def _by_hand(self) -> None:
        """Say what blue lacks where somebody else brought clients there, such as by the runbook.

        Green's own gateways are fenced all the same: who knows their address wrote there last.
        """
        ground = self._ground
        loose = await ground.sides.green.hold(await ground.names(), ground.diary.run)
        if loose:
            told = "; ".join(f"{one.name}: {one.why}" for one in loose)
            await ground.diary.say(f"green's gateways may take writes: {told}", "error")
        at_risk = await risk(ground.ledger, buckets=await ground.ids())
        await ground.diary.say(
            "every load balancer is at blue already, by another hand: "
            f"{at_risk.writes} writes and {at_risk.deletes} deletes of green's are not known to be"
            " on blue; they stay listed, and nothing is carried any more",
            "warn",
        )

    def _mine(self, rows: Sequence[CutoverRow]) -> bool:
        """Tell whether this very run was begun before."""
        return rows[-1].run == self._ground.diary.run

    async def _before(self) -> None:
        """Do what needs no pause, while green is still open: the pause gets shorter."""
        ground = self._ground
        await self._require_blue()
        if ground.facts.wish.way is Way.DATA:
            await restore_tree(ground, self._reins)
        if ground.facts.green is Green.ALIVE:
            await ground.sides.copy.catch_up(self._reins)
        if ground.facts.green is not Green.DEAD:
            await self._require_carriable()
        at_risk = await risk(ground.ledger, buckets=await ground.ids())
        beyond = passed(ground.facts.limits, at_risk)
        await require_same_names(ground, "; nothing was fenced")
        if beyond:
            raise Refused(
                what=f"{beyond}; nothing was fenced",
                where="rollback",
                remedy="Look at the plan again, and confirm that one: vgwm rollback plan.",
            )

    async def _require_carriable(self) -> None:
        """Raise NoAnswer for a key that does not go over, though it was tried again and again.

        Such as one whose block no node has: R2 would wait for it in vain, and clients with it.
        """
        ground, after = self._ground, FIRST
        ids = await ground.ids()
        while page := await ground.ledger.at_risk.behind(ids, after, _PAGE):
            after = page[-1].place
            for row in page:
                if row.place.state == GreenState.WAITING and row.tries >= _STUCK:
                    raise NoAnswer(
                        what=f"{safe(row.place.key)} does not reach blue: {row.why}; nothing was"
                        " fenced",
                        where="rollback",
                        remedy="Mend what it names, or remove that key on green; then again:"
                        " vgwm rollback plan.",
                    )

    async def _require_blue(self) -> None:
        """Ask whoever R2 and R4 need, while nothing is fenced. Raises what they say."""
        ground = self._ground
        if ground.facts.green is not Green.DEAD:
            await ground.sides.copy.ready()
        way = ground.facts.wish.way
        if way is Way.FULL:
            await require_set(ground)
        silent = await ground.sides.blue.silent(await ground.names())
        if not silent:
            return
        told = "; ".join(f"{one.name}: {one.why}" for one in silent)
        if len(silent) >= ground.sides.blue.gateways and way is Way.QUICK:
            raise NoAnswer(
                what=f"no gateway of blue's answers, nothing was fenced: {told}",
                where="rollback",
                remedy="Start them, or go back with their files: vgwm rollback plan --full.",
            )
        await ground.diary.say(f"clients come back without those that stay silent: {told}", "warn")

    async def _carry(self, *, again: bool, opens: bool, restores: bool) -> None:
        """R1 to R3; what stops them, or takes longer than was confirmed, opens green again.

        opens: whether it may; behind R4 writes stay paused until a way back comes to its end.
        restores: whether blue's tree has to be, though a fence stands already.
        """
        if not opens:
            await self._behind_r4(restores=restores)
            return
        alive = self._ground.facts.green is Green.ALIVE
        most_s = self._ground.facts.limits.duration_s if alive else None
        try:
            async with asyncio.timeout(most_s):
                await self._reins.checkpoint()
                await self._fenced(again=again, restores=restores)
        except TimeoutError as error:
            why = f"green's writes were not back on blue within the {most_s or 0:.0f} s confirmed"
            left = await self._open(why)
            raise Refused(
                what=f"{why}; {_opened(left)}",
                where="rollback",
                remedy="Look at the plan again: it knows how long it takes now.",
            ) from error
        except JobCancelled:
            await self._open("called off")
            raise
        except asyncio.CancelledError:
            if not self._reins.cancelled or self._reins.leaving:
                raise  # the engine ends, and the next one goes on
            await self._open("called off")
            raise JobCancelled from None
        except VgwmError as error:
            raise _behind(error, await self._open(error.what)) from error

    async def _behind_r4(self, *, restores: bool) -> None:
        """R1 to R3 once more, where blue's gateways may be open: what stops it opens nothing."""
        try:
            await self._fenced(again=True, restores=restores)
        except (VgwmError, JobCancelled):
            said = "behind R4 green is not opened: writes stay paused until a way back is through"
            await self._ground.diary.say(said, "error")
            raise

    async def _fenced(self, *, again: bool, restores: bool) -> None:
        if restores and self._ground.facts.wish.way is Way.DATA:
            await restore_tree(self._ground, self._reins, again=True)
        await fence_green(self._ground, again=again)
        await carry_back(self._ground, self._reins)

    async def _open(self, why: str) -> str:
        return await self._surely(open_green(self._ground, why))

    async def _surely(self, work: Coroutine[None, None, T], *, leave_s: float = LEAVE_S) -> T:
        """Do what calling the job off does not break off; only the engine's own end does."""
        return await surely(work, leaves=lambda: self._reins.leaving, leave_s=leave_s)


def _opened(left: str) -> str:
    return f"green is open again, but for {left}" if left else "green is open again"


def _behind(error: VgwmError, left: str) -> VgwmError:
    """Return an error of the same kind that says what became of green."""
    kind = next((one for one in (Refused, Broken, Denied) if isinstance(error, one)), NoAnswer)
    return kind(
        what=f"{error.what}; {_opened(left)}, nothing was switched",
        where=error.where,
        remedy=error.remedy,
    )
