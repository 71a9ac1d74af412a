"""R1: green accepts no write any more, at any load balancer, and that is seen by trying.

May import the cutover's room.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from core.cutover.drain import drain
from core.cutover.fleet import Outcome
from core.cutover.fleet import Way as From
from core.cutover.machine import Step
from core.cutover.mode import Mode, Side
from core.cutover.rollback_plan import Green
from core.cutover.states import Phase, State
from core.cutover.way_back import DEAD_LIMIT_S, FENCE_LIMIT_S
from core.errors import NoAnswer, VgwmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cutover.balancer import Balancer
    from core.cutover.fleet import Moved
    from core.cutover.reading import Reading, Trouble
    from core.engine.returning.ground import Ground

_EVERY_S: Final = 0.2
_REFUSED_S: Final = 5.0
"""How long one that is silent before anything was sent is waited for."""

OPEN_S: Final = 15.0
"""How long green's opening is tried: a fence that stands is worse than a wait."""

_UNDONE: Final = 3
_TO_FENCE: Final = From(writer=Side.GREEN, back=Mode.GREEN)
_AGAIN: Final = From(writer=Side.GREEN, back=None)


async def fence_green(ground: Ground, *, again: bool) -> None:
    """Fence green and prove it. Raises NoAnswer where that was not possible in time.

    again: one was begun before, and what came of it may be half done: it is done whatever is found.
    Green's own gateways are fenced last, so that what was under way can end: behind them nobody
    writes, by whatever way.
    """
    state, diary = State.FENCE_GREEN, ground.diary
    dead = ground.facts.green is not Green.ALIVE
    until_s = time.monotonic() + (DEAD_LIMIT_S if dead else FENCE_LIMIT_S)
    before = await ground.fleet.read(ground.buckets)
    if ground.fleet.can_fence:
        async with diary.step(state, Step.GREEN_RO):
            moved = await _insist(ground, until_s, _AGAIN if again else _TO_FENCE)
            if not moved.reached:
                raise _late(f"not every load balancer is green_ro: {moved.why}")
    else:
        await _hold(ground)
    async with diary.step(state, Step.DRAIN):
        await _drain(ground, until_s)
        await _same_workers(ground, before)
    if ground.fleet.can_fence and not dead:
        await _hold(ground)
    await _prove(ground, dead=dead)


async def _same_workers(ground: Ground, before: Reading) -> None:
    """Raise NoAnswer where a load balancer was reloaded: nobody sees its old worker's uploads."""
    reloaded = (await ground.fleet.read(ground.buckets)).reloaded(before)
    if reloaded:
        names = ", ".join(reloaded)
        raise _late(f"{names} was reloaded inside of the fence: an old worker may end its uploads")


async def _hold(ground: Ground) -> None:
    """Let green's own gateways refuse writes.

    One that is not seen to, and answers, is in the way. One that does not even answer is so where
    load balancers do not fence: elsewhere it is said, for nobody is sent to it.
    """
    async with ground.diary.step(State.FENCE_GREEN, Step.FENCE):
        names, green = await ground.names(), ground.sides.green
        troubles = await green.hold(names, ground.diary.run)
        if troubles and ground.fleet.can_fence:
            silent = {one.name for one in await green.silent(names)}
            said = [one for one in troubles if one.name in silent]
            troubles = [one for one in troubles if one.name not in silent]
            if said:
                await ground.diary.say(f"load balancers alone fence {_said(said)}", "warn")
        if troubles:
            raise _late(f"green's gateways do not refuse writes: {_said(troubles)}")


async def _drain(ground: Ground, until_s: float) -> None:
    """Wait for the end of green's writes, at each load balancer that can say."""
    mute = [one for one in ground.fleet.balancers if await _is_mute(one)]
    if mute:
        names = ", ".join(one.name for one in mute)
        await ground.diary.say(f"{names} cannot say which writes are under way", "warn")
    able = [one for one in ground.fleet.balancers if one not in mute]
    left_s = max(0.0, until_s - time.monotonic())
    drained = await drain(able, Side.GREEN, ground.buckets, limit_s=left_s)
    if not drained.ended:
        raise _late(f"green's writes did not end: {_said(drained.left)}")


async def _is_mute(balancer: Balancer) -> bool:
    """Tell whether it never says what is under way; one that does not answer now is none such."""
    try:
        return await balancer.busy(Side.GREEN) is None
    except VgwmError:
        return False


async def _prove(ground: Ground, *, dead: bool) -> None:
    state, diary = State.FENCE_GREEN, ground.diary
    await diary.note(state, Step.PROOF, Phase.INTENT)
    if dead:
        said = "green does not answer: the load balancers alone fence it"
        await diary.note(state, Step.PROOF, Phase.DONE, said)
        return
    unproven = await ground.sides.green.prove_fenced(await ground.names(), diary.run)
    if unproven:
        raise _late(f"green's fence is not proven: {_said(unproven)}")
    await diary.note(state, Step.PROOF, Phase.DONE)


async def open_green(ground: Ground, why: str) -> str:
    """Bring every load balancer back to green, and the slice to GREEN_LIVE.

    Only while `blue` was never sent anywhere. Tried for a while; one that does not answer even then
    stays as it is: it can accept no write but green's. Return who that is, "" for nobody.
    """
    diary = ground.diary
    # A ledger without room shuts no clients out: the rows so far let any engine open green.
    await diary.noted(State.FENCE_GREEN, Step.GREEN, Phase.INTENT, why)
    left = await _opened(ground)
    if left:
        await diary.say(f"not all of green is open again: {left}; press once more", "error")
    await diary.note(State.FENCE_GREEN, Step.GREEN, Phase.UNDONE, left)
    await diary.note(State.GREEN_LIVE, Step.ENTER, Phase.DONE, f"{why}; {left}" if left else why)
    return left


async def _opened(ground: Ground) -> str:
    """Return what is not open again after OPEN_S of trying, "" for nothing."""
    until_s = time.monotonic() + OPEN_S
    names, run = await ground.names(), ground.diary.run
    held = not ground.fleet.can_fence or ground.facts.green is Green.ALIVE
    while True:
        shut = await ground.sides.green.release(names, run) if held else []
        held = bool(shut)
        moved = await ground.fleet.reach(ground.buckets, Mode.GREEN, run, _AGAIN)
        if moved.reached and not shut:
            return ""
        if time.monotonic() >= until_s:
            left = (_said(shut), "" if moved.reached else moved.why or "unknown")
            return "; ".join(one for one in left if one)
        await asyncio.sleep(_EVERY_S)


async def _insist(ground: Ground, until_s: float, way: From) -> Moved:
    """Send green_ro until each load balancer reads it back, or it is too late.

    A step that was undone is not tried for long: each time, clients' writes are refused a moment.
    """
    said, undone = "", 0
    began_s = time.monotonic()
    while True:
        moved = await ground.fleet.reach(ground.buckets, Mode.GREEN_RO, ground.diary.run, way)
        if moved.reached:
            return moved
        if moved.why != said:
            said = moved.why
            await ground.diary.say(f"green_ro: {said}", "error")
        undone += moved.outcome is Outcome.UNDONE
        now_s = time.monotonic()
        refused = moved.outcome is Outcome.REFUSED and now_s - began_s >= _REFUSED_S
        if refused or undone >= _UNDONE or now_s >= until_s:
            return moved
        await asyncio.sleep(_EVERY_S)


def _late(what: str) -> NoAnswer:
    return NoAnswer(
        what=what,
        where="rollback, R1 FENCE_GREEN",
        remedy="Mend what it names, then press again: vgwm rollback plan.",
    )


def _said(troubles: Sequence[Trouble]) -> str:
    return "; ".join(f"{one.name}: {one.why}" for one in troubles)
