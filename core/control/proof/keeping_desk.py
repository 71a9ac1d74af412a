"""Acts on the whole object table as the API gives them: wishes read strictly, plans shown."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from core.control.refusal import error_body
from core.control.wire import keeping as wire_keeping
from core.display import safe
from core.engine.keeping.wish import Act, Wish
from core.errors import BadInput

if TYPE_CHECKING:
    from core.engine.keeping.plans import KeepingPlan, KeepingPlans

PATIENCE_S: Final = 1.0
"""A plan that is made so soon is answered at once."""

_LONGEST: Final = 4_096


class KeepingDesk:
    """Makes plans of restores and rebuilds, and shows them."""

    def __init__(self, plans: KeepingPlans) -> None:
        self._plans = plans

    async def make(self, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
        """Begin a plan. Raises BadInput: nothing was done."""
        return shown(await self._plans.make(wish_of(request), patience_s=PATIENCE_S))

    def get(self, number: int) -> wire_keeping.KeepingPlan:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return shown(self._plans.get(number))

    async def close(self) -> None:
        """Break off what is being made."""
        await self._plans.close()


def wish_of(request: wire_keeping.KeepingRequest) -> Wish:
    """Return what is wanted. Raises BadInput for what no act can be."""
    if request.act not in set(Act):
        raise _bad(f"there is no act {safe(request.act)}", f"It is one of {', '.join(Act)}.")
    if len(request.file) > _LONGEST or len(request.origin) > _LONGEST:
        raise _bad("a path of more than 4,096 characters", "Name a shorter one.")
    act = Act(request.act)
    return Wish(
        act=act,
        file=request.file if act is Act.RESTORE else "",
        origin=request.origin if act is Act.REBUILD else "",
    )


def shown(plan: KeepingPlan) -> wire_keeping.KeepingPlan:
    """Return a plan as it is shown."""
    wish, facts = plan.wish, plan.facts
    state = "failed" if plan.error is not None else "made" if plan.hash else "making"
    bare = wire_keeping.KeepingPlan(
        id=plan.id,
        act=wish.act,
        kind=wish.act.kind,
        state=state,
        origin=wish.text,
        command=command(wish),
        error=None if plan.error is None else error_body(plan.error),
    )
    if facts is None:
        return bare
    return wire_keeping.KeepingPlan(
        id=bare.id,
        act=bare.act,
        kind=bare.kind,
        state=state,
        origin=bare.origin,
        command=bare.command,
        error=bare.error,
        hash=plan.hash,
        table=facts.table,
        rows=facts.rows,
        buckets=facts.buckets,
        present=facts.present,
        bundles=facts.bundles,
        sets=tuple(
            wire_keeping.TableSet(tag=one.tag, tables=tuple(map(safe, one.tables)), rows=one.rows)
            for one in facts.sets
        ),
        warnings=facts.warnings,
    )


def command(wish: Wish) -> str:
    """Return the command that does the same, without its confirmation."""
    words = ["vgwm", "metadata"]
    if wish.act is Act.RESTORE:
        words += ["restore", wish.text]
    elif wish.act is Act.REBUILD:
        words += ["rebuild", "--from", wish.text]
    elif wish.act is Act.DROP:
        words += ["restore", "--drop-old"]
    else:
        words += ["backup"]
    return shlex.join(words)


def _bad(what: str, remedy: str) -> BadInput:
    return BadInput(what=what, where="/v1/keepings", remedy=remedy)
