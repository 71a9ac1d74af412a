"""R2 and R3: what green accepted is on blue, and each key of it was compared there.

Memory is a page. May import the ledger and the cutover's room.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from core.cutover.machine import Step
from core.cutover.rollback_plan import Green, Way
from core.cutover.states import State
from core.display import safe
from core.engine.returning.data import switch_tree
from core.engine.returning.green_pages import digest, pages_of
from core.errors import Broken, Denied, NoAnswer, Refused
from core.ledger.greenlog import GreenState

if TYPE_CHECKING:
    from core.engine.reins import Reins
    from core.engine.returning.ground import Ground

_AGAIN: Final = 3
"""How often what differs is carried anew before a person has to look."""

_NAMED: Final = 5
_REST_S: Final = 0.5


async def carry_back(ground: Ground, reins: Reins) -> None:
    """Carry what green accepted up to its fence, and compare it on blue; mend what differs.

    Raises Refused for a name that cannot be carried and was not confirmed, Broken for keys that
    differ after all. What does not answer, or has no room, is waited for.
    """
    if ground.facts.wish.way is Way.DATA:
        async with ground.diary.step(State.REVERSE, Step.TREE):
            await switch_tree(ground)
    differing = 0
    for left in range(_AGAIN, 0, -1):
        async with ground.diary.step(State.REVERSE, Step.REVERSE):
            await _carry(ground, reins)
        async with ground.diary.step(State.VERIFY_BLUE, Step.COMPARE):
            differing = await _compare(ground, reins, mend=left > 1)
        if not differing:
            return
    raise Broken(
        what=f"{differing} keys on blue are not as green has them, though they were carried again",
        where="rollback, R3 VERIFY_BLUE",
        remedy="`vgwm log` names the first of them; look who else writes on blue, and at its disk.",
    )


async def _carry(ground: Ground, reins: Reins) -> None:
    if ground.facts.green is Green.DEAD:
        await ground.diary.say("green is dead: what is not on blue yet stays behind", "warn")
        return
    await _patiently(ground, reins)
    now = await digest(ground.ledger, GreenState.UNCARRIABLE, await ground.ids())
    if now != ground.facts.uncarriable:
        raise Refused(
            what="other names cannot be carried to blue than were confirmed",
            where="rollback, R2 REVERSE",
            remedy="Look at the plan again, and confirm that one: vgwm rollback plan.",
        )


async def _patiently(ground: Ground, reins: Reins) -> None:
    """Carry until nothing waits; each new reason why it does not is said once."""
    said = ""
    while True:
        await reins.checkpoint()
        try:
            await ground.sides.copy.finish(reins)
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
