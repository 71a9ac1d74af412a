"""R4: blue open and tried, then every load balancer blue. Green is never opened again here.

May import the cutover's room and the ledger.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from core.cutover.fleet import Outcome
from core.cutover.fleet import Way as From
from core.cutover.machine import Step
from core.cutover.mode import Mode, Side
from core.cutover.rollback_plan import Green, Way
from core.cutover.states import Phase, State
from core.engine.returning.full import bring_back, restart
from core.engine.returning.verifying_blue import carry_back, is_late, patiently
from core.errors import VgwmError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from core.cutover.reading import Trouble
    from core.engine.reins import Reins
    from core.engine.returning.ground import Ground

DEAD_S: Final = 10.0
"""A gateway of blue's that is silent for so long is left behind."""

_FIRST_S: Final = 0.2
_MOST_S: Final = 5.0
_RO: Final = From(writer=Side.GREEN, back=None)
_BLUE: Final = From(writer=Side.BLUE, back=None, held=frozenset({Side.GREEN}))


async def switch_back(ground: Ground, reins: Reins) -> None:
    """Bring clients back to blue. Does not return before each load balancer reads back blue.

    Raises Refused for names that a last look found, and that nobody confirmed to leave.
    """
    state, diary = State.SWITCH_BACK, ground.diary
    if ground.facts.wish.way is Way.FULL:
        async with diary.step(state, Step.FILES):
            await _until_done(ground, "blue's files", _done(bring_back, ground))
            await _until_done(ground, "blue's restart", _done(restart, ground))
        dead = ground.facts.green is Green.DEAD
        if not dead and await is_late(ground, reins):  # files and restart took their time
            await patiently(ground, reins, partial(carry_back, ground, reins))
    async with diary.step(state, Step.WRITER_OFF):
        await _until_done(ground, "the private writer", _done(_off, ground))
    names, blue = await ground.names(), ground.sides.blue
    async with diary.step(state, Step.OPEN):
        await _until_alive(ground, names, lambda: blue.open(names, diary.run))
    async with diary.step(state, Step.CANARY):
        await _until_alive(ground, names, lambda: blue.canary(names, diary.run))
    if ground.fleet.can_fence:  # else green's own gateways hold it until blue is everywhere
        async with diary.step(state, Step.BLUE_RO):
            await _until_done(ground, "blue_ro", _to_blue_ro(ground))
    await open_blue(ground)


async def finish(ground: Ground) -> None:
    """Go on where blue may be open: nobody but clients writes there, then blue everywhere."""
    await _until_done(ground, "the private writer", _done(_off, ground))
    await open_blue(ground)


async def open_blue(ground: Ground) -> None:
    """Send `blue` until each load balancer reads it back; then the way back is done."""
    state, diary = State.SWITCH_BACK, ground.diary
    async with diary.step(state, Step.BLUE):
        await _until_done(ground, "blue", _to_blue(ground))
    await _forget(ground)
    able = any(one.side == "green" and one.fence for one in ground.workspace.gateways)
    if not ground.fleet.can_fence or (able and ground.facts.green is Green.ALIVE):
        said = "green's gateways stay fenced: open them before another cutover"
        await diary.say(said, "warn")
    await diary.note(state, Step.T_FLIP, Phase.UNDONE)
    await diary.note(State.CATCHUP, Step.ENTER, Phase.DONE, "blue serves again")


async def _forget(ground: Ground) -> None:
    """Hear green's changes no more; a dead green's table keeps its list until somebody asks it."""
    try:
        await ground.sides.copy.end(await ground.ever())
    except VgwmError as error:
        await ground.diary.say(f"green's table was not told that it is over: {error.what}", "warn")


async def _until_done(
    ground: Ground, what: str, attempt: Callable[[], Awaitable[Sequence[Trouble]]]
) -> None:
    """Try until nothing stands in the way; each new reason is said once."""
    said, wait_s = "", _FIRST_S
    while True:
        why = await _try(attempt)
        if not why:
            return
        if why != said:
            await ground.diary.say(f"{what}: {why}; tried again", "error")
            said = why
        await asyncio.sleep(wait_s)
        wait_s = min(_MOST_S, wait_s * 2)


async def _try(attempt: Callable[[], Awaitable[Sequence[Trouble]]]) -> str:
    try:
        troubles = await attempt()
    except VgwmError as error:
        return error.what
    return "; ".join(f"{one.name}: {one.why}" for one in troubles)


async def _until_alive(
    ground: Ground, names: Sequence[str], attempt: Callable[[], Awaitable[Sequence[Trouble]]]
) -> None:
    """Try until every gateway of blue follows.

    One that does not answer at all for DEAD_S holds up no longer those that do; load balancers see
    by themselves that it is dead.
    """
    until_s = time.monotonic() + DEAD_S

    async def most() -> Sequence[Trouble]:
        wrong = await attempt()
        if not wrong or time.monotonic() < until_s:
            return wrong
        silent = {one.name for one in await ground.sides.blue.silent(names)}
        if not silent.issuperset(one.name for one in wrong):
            return wrong
        if len(silent) >= ground.sides.blue.gateways:
            return wrong
        told = ", ".join(sorted(silent))
        await ground.diary.say(f"{told} does not answer: clients come back without it", "warn")
        return ()

    await _until_done(ground, "blue", most)


def _done(
    work: Callable[[Ground], Awaitable[None]], ground: Ground
) -> Callable[[], Awaitable[Sequence[Trouble]]]:
    """Return work that either comes about or raises."""

    async def attempt() -> Sequence[Trouble]:
        await work(ground)
        return ()

    return attempt


async def _off(ground: Ground) -> None:
    await ground.sides.copy.off()


def _to_blue_ro(ground: Ground) -> Callable[[], Awaitable[Sequence[Trouble]]]:
    """Return how blue_ro is reached; one that is half there is brought to green_ro first."""

    async def reach() -> Sequence[Trouble]:
        run = ground.diary.run
        moved = await ground.fleet.reach(ground.buckets, Mode.BLUE_RO, run, _RO)
        if moved.outcome is Outcome.REFUSED:
            await ground.fleet.reach(ground.buckets, Mode.GREEN_RO, run, _RO)
        return () if moved.reached else moved.troubles

    return reach


def _to_blue(ground: Ground) -> Callable[[], Awaitable[Sequence[Trouble]]]:
    async def reach() -> Sequence[Trouble]:
        loose = () if ground.fleet.can_fence else await _loose(ground)
        if loose:
            return loose
        moved = await ground.fleet.reach(ground.buckets, Mode.BLUE, ground.diary.run, _BLUE)
        return () if moved.reached else moved.troubles

    return reach


async def _loose(ground: Ground) -> list[Trouble]:
    """Fence green's gateways once more; return those that answer and are not.

    They alone hold green here, and one that was begun anew since R1 has forgotten its fence.
    """
    names, green = await ground.names(), ground.sides.green
    troubles = await green.hold(names, ground.diary.run)
    if not troubles:
        return []
    silent = {one.name for one in await green.silent(names)}
    return [one for one in troubles if one.name not in silent]
