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
    from core.cutover.reading import Trouble
    from core.engine.returning.ground import Ground

_EVERY_S: Final = 0.2
_REFUSED_S: Final = 5.0
"""How long one that is silent before anything was sent is waited for."""

_UNDONE: Final = 3
_TO_FENCE: Final = From(writer=Side.GREEN, back=Mode.GREEN)
_AGAIN: Final = From(writer=Side.GREEN, back=None)


async def fence_green(ground: Ground, *, again: bool) -> None:
    """Fence green and prove it. Raises NoAnswer where that was not possible in time.

    again: one was begun before, and what came of it may be half done: it is done whatever is found.
    """
    state, diary = State.FENCE_GREEN, ground.diary
    dead = ground.facts.green is not Green.ALIVE
    until_s = time.monotonic() + (DEAD_LIMIT_S if dead else FENCE_LIMIT_S)
    if ground.fleet.can_fence:
        async with diary.step(state, Step.GREEN_RO):
            moved = await _insist(ground, until_s, _AGAIN if again else _TO_FENCE)
            if not moved.reached:
                raise _late(f"not every load balancer is green_ro: {moved.why}")
    else:
        await _hold(ground, dead=dead)
    async with diary.step(state, Step.DRAIN):
        await _drain(ground, until_s)
    await _prove(ground, dead=dead)


async def _hold(ground: Ground, *, dead: bool) -> None:
    """Let green's own gateways refuse writes, where load balancers cannot; a dead one cannot."""
    async with ground.diary.step(State.FENCE_GREEN, Step.FENCE):
        troubles = await ground.sides.green.hold(await ground.names(), ground.diary.run)
        if troubles and not dead:
            raise _late(f"green's gateways do not refuse writes: {_said(troubles)}")


async def _drain(ground: Ground, until_s: float) -> None:
    """Wait for the end of green's writes, at each load balancer that can say."""
    mute = [one for one in ground.fleet.balancers if await _is_mute(one)]
    if mute:
        names = ", ".join(one.name for one in mute)
        await ground.diary.say(f"{names} cannot say which writes are under way", "warn")
    able = [one for one in ground.fleet.balancers if one not in mute]
    drained = await drain(able, Side.GREEN, limit_s=max(0.0, until_s - time.monotonic()))
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


async def open_green(ground: Ground, why: str) -> None:
    """Bring every load balancer back to green, and the slice to GREEN_LIVE.

    Only while `blue` was never sent anywhere. One that does not answer stays as it is: it can
    accept no write but green's.
    """
    diary = ground.diary
    await diary.note(State.FENCE_GREEN, Step.GREEN, Phase.INTENT, why)
    if not ground.fleet.can_fence:
        troubles = await ground.sides.green.release(await ground.names(), diary.run)
        if troubles:
            await diary.say(f"green's gateways are not open again: {_said(troubles)}", "error")
    moved = await ground.fleet.reach(ground.buckets, Mode.GREEN, diary.run, _AGAIN)
    if not moved.reached:
        await diary.say(f"not every load balancer is green again: {moved.why}", "error")
    await diary.note(State.FENCE_GREEN, Step.GREEN, Phase.UNDONE, moved.why)
    await diary.note(State.GREEN_LIVE, Step.ENTER, Phase.DONE, why)


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
