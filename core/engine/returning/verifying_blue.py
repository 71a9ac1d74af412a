"""R2 and R3: what green accepted is on blue, and each key of it was compared there.

Memory is a page. May import the ledger and the cutover's room.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final

from core.cutover.machine import Step
from core.cutover.risk import unknown_since
from core.cutover.rollback_plan import Green, Way
from core.cutover.states import State
from core.display import safe
from core.engine.returning.data import switch_tree
from core.engine.returning.green_pages import digest, pages_of
from core.errors import Broken, Denied, NoAnswer, Refused, VgwmError
from core.ledger.greenlog import GreenState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from core.engine.reins import Reins
    from core.engine.returning.ground import Ground

_AGAIN: Final = 3
"""How often what differs is carried anew before a person has to look."""

HEAR_S: Final = 30.0
"""How long a green that counts as dead is listened to, behind its fence."""

_NAMED: Final = 5
_REST_S: Final = 0.5


async def carry_back(ground: Ground, reins: Reins) -> None:
    """Carry what green accepted up to its fence, and compare it on blue; mend what differs.

    Raises Refused for a name that cannot be carried, or stays behind, and was not confirmed; Broken
    for keys that differ after all, or a green that goes on taking writes. What does not answer, or
    has no room, is waited for.
    """
    if ground.facts.wish.way is Way.DATA:
        async with ground.diary.step(State.REVERSE, Step.TREE):
            await switch_tree(ground)
    differing = 0
    for left in range(_AGAIN, 0, -1):
        async with ground.diary.step(State.REVERSE, Step.REVERSE):
            heard = await _carry(ground, reins)
        async with ground.diary.step(State.VERIFY_BLUE, Step.COMPARE):
            differing = await _compare(ground, reins, mend=left > 1)
            late = not differing and heard and await is_late(ground, reins)
        if not differing and not late:
            return
    if not differing:
        raise Broken(
            what="green takes writes behind its fence: each look at its table finds more of them",
            where="rollback, R2 REVERSE",
            remedy="Somebody writes to it by another way: end that, or name every gateway of green"
            " with `fence`, `open` and `state` in vgwm.yaml.",
        )
    raise Broken(
        what=f"{differing} keys on blue are not as green has them, though they were carried again",
        where="rollback, R3 VERIFY_BLUE",
        remedy="Its events name the first of them: look who else writes there, and at blue's disk.",
    )


async def is_late(ground: Ground, reins: Reins) -> bool:
    """Hear green once more; tell whether it took a write while the others were carried.

    An old worker of a load balancer, or a client that knows green's own address, can bring one in
    behind R1. One that counts as dead is heard for HEAR_S; what was to stay behind is not late.
    """
    ids = await ground.ids()
    before = await digest(ground.ledger, GreenState.WAITING, ids)
    if ground.facts.green is Green.DEAD:
        await _hears(ground)
    else:
        before = ""
        await patiently(ground, reins, ground.sides.copy.listen)
    return await digest(ground.ledger, GreenState.WAITING, ids) != before


async def _carry(ground: Ground, reins: Reins) -> bool:
    """Carry what green took; tell whether it was heard."""
    if ground.facts.green is Green.DEAD:
        return await _salvage(ground, reins)
    await patiently(ground, reins, partial(ground.sides.copy.finish, reins))
    await require_same_names(ground, "")
    return True


async def require_same_names(ground: Ground, left: str) -> None:
    """Raise Refused where other names cannot be carried than were confirmed to stay behind.

    None at all is less than that. left: what is said of what was done, "" where others say it.
    """
    now = await digest(ground.ledger, GreenState.UNCARRIABLE, await ground.ids())
    if now not in {"", ground.facts.uncarriable}:
        raise Refused(
            what=f"other names cannot be carried to blue than were confirmed{left}",
            where="rollback",
            remedy="Look at the plan again, and confirm that one: vgwm rollback plan.",
        )


async def _salvage(ground: Ground, reins: Reins) -> bool:
    """Carry what can be had of a green that was dead when it was asked: it may only have been slow.

    Return whether it answered. Raises Refused where other names would stay behind than confirmed.
    """
    hears = await _hears(ground)
    if await digest(ground.ledger, GreenState.WAITING, await ground.ids()) != ground.facts.lost:
        raise Refused(
            what="other keys would stay behind on green than were confirmed",
            where="rollback, R2 REVERSE",
            remedy="Look at the plan again, and confirm that one: vgwm rollback plan.",
        )
    if not hears:
        return False
    try:
        async with asyncio.timeout(ground.facts.limits.duration_s):
            await ground.sides.copy.finish(reins)
    except TimeoutError:
        await ground.diary.say("green is too slow: what is not on blue by now stays behind", "warn")
    except VgwmError as error:
        said = f"not all that green took is on blue, the rest stays behind: {error.what}"
        await ground.diary.say(said, "warn")
    return True


async def _hears(ground: Ground) -> bool:
    """Hear a green that was dead once more, now that it is fenced; tell whether it answered."""
    why = f"its table does not answer within {HEAR_S:.0f} s"
    try:
        async with asyncio.timeout(HEAR_S):
            await ground.sides.copy.listen()
    except TimeoutError:
        pass
    except VgwmError as error:
        why = error.what
    else:
        return True
    stand = await ground.ledger.greenlog.stand()
    said = f"green is dead: what it took is {unknown_since(stand)}, and is not on blue: {why}"
    await ground.diary.say(said, "warn")
    return False


async def patiently(ground: Ground, reins: Reins, work: Callable[[], Awaitable[None]]) -> None:
    """Do it until it comes about; each new reason why it does not is said once."""
    said = ""
    while True:
        await reins.checkpoint()
        try:
            await work()
        except (NoAnswer, Denied) as error:
            if error.what != said:
                said = error.what
                await ground.diary.say(f"{said}; tried again", "error")
            await asyncio.sleep(_REST_S)
        else:
            return


async def _compare(ground: Ground, reins: Reins, *, mend: bool) -> int:
    """Compare every carried key; return how many differ. mend: let them be carried again."""
    differing = 0
    ids = await ground.ids()
    async with aclosing(pages_of(ground.ledger, GreenState.CARRIED, ids)) as pages:
        async for page in pages:
            await reins.checkpoint()
            found = await ground.sides.blue.differs(page)
            for row, why in found[: max(0, _NAMED - differing)]:
                await ground.diary.say(f"{safe(row.key)} differs on blue: {why}", "warn")
            differing += len(found)
            if found and mend:
                await ground.ledger.green.again([row for row, _ in found])
    return differing
