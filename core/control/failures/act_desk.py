"""Acts on failures as the API gives them: wishes read strictly, plans as wire types."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.control import snapshot
from core.control.refusal import error_body
from core.control.wire import failures as wire_failures
from core.display import safe
from core.engine.acts.wish import CORRUPT, Deed, Wish
from core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.acts.plans import ActPlan, ActPlans, Share, Tally

PATIENCE_S: Final = 1.0
"""A plan that is made so soon is answered at once."""

MOST_NAMES: Final = 200_000
MOST_ATTEMPTS: Final = 100
_MOST_REASON: Final = 1_000


class ActDesk:
    """Makes plans of acts, and shows them."""

    def __init__(self, plans: ActPlans) -> None:
        self._plans = plans

    async def make(self, request: wire_failures.PlanRequest) -> wire_failures.ActPlan:
        """Begin a plan. Raises BadInput, Refused and WrongState: nothing was done."""
        plan = await self._plans.make(wish_of(request), request.names, patience_s=PATIENCE_S)
        return shown(plan)

    def get(self, number: int) -> wire_failures.ActPlan:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return shown(self._plans.get(number))


def wish_of(request: wire_failures.PlanRequest) -> Wish:
    """Return what is wanted. Raises BadInput for what no act can be."""
    if request.act not in set(Deed):
        raise _bad(f"there is no act {safe(request.act)}", f"It is one of {', '.join(Deed)}.")
    deed = Deed(request.act)
    chosen = bool(request.code or request.phase or request.prefix)
    if request.names and chosen:
        raise _bad("a list and a class, phase or prefix at once", "Give one of them.")
    if len(request.names) > MOST_NAMES:
        raise _bad(
            f"a list of {len(request.names):,} objects",
            f"Take at most {MOST_NAMES:,} at a time, or name their class.",
        )
    if deed is not Deed.RETRY and not (request.names or chosen):
        raise _bad("nobody said which objects", "Name a list, a class or a prefix.")
    if request.code == CORRUPT and deed is not Deed.SKIP:
        raise _bad(f"class {CORRUPT} is for a skip", "Name a class that vgwm errors shows.")
    if deed is Deed.SKIP and not request.reason.strip():
        raise _bad("a skip needs a reason", "Say why: it is kept with each object for ever.")
    if len(request.reason) > _MOST_REASON:
        raise _bad("a reason of more than 1,000 characters", "Say it shorter.")
    if deed is Deed.RETRY and not 1 <= request.max_attempts <= MOST_ATTEMPTS:
        raise _bad(
            f"{request.max_attempts} attempts", f"An object gets from 1 to {MOST_ATTEMPTS} tries."
        )
    return Wish(
        deed=deed,
        code=request.code,
        phase=request.phase,
        prefix=snapshot.prefix_bytes(request.prefix),
        reason=redact(safe(request.reason.strip())) if deed is Deed.SKIP else "",
        max_attempts=request.max_attempts if deed is Deed.RETRY else 0,
    )


def shown(plan: ActPlan) -> wire_failures.ActPlan:
    """Return a plan as it is shown."""
    wish = plan.wish
    state = "failed" if plan.error is not None else "made" if plan.hash else "making"
    return wire_failures.ActPlan(
        id=plan.id,
        act=wish.deed,
        state=state,
        seen=plan.seen,
        hash=plan.hash,
        objects=plan.total.objects,
        size_bytes=plan.total.size_bytes,
        by_class=_shares(plan.shares),
        spared=_shares(plan.spared),
        reason=wish.reason,
        max_attempts=wish.max_attempts,
        command=command(wish),
        error=None if plan.error is None else error_body(plan.error),
    )


def command(wish: Wish) -> str:
    """Return the command that does the same, without its confirmation."""
    words = ["vgwm", "retry" if wish.deed is Deed.RETRY else "skip"]
    if wish.deed is Deed.UNSKIP:
        words.append("--undo")
    if wish.code:
        words += ["--class", wish.code]
    if wish.phase:
        words += ["--phase", wish.phase]
    if wish.prefix:
        words += ["--prefix", snapshot.prefix_text(wish.prefix)]
    if wish.places is not None and wish.code != CORRUPT:
        words += ["--from" if wish.deed is Deed.RETRY else "--object-list", "FILE"]
    if wish.reason:
        words += ["--reason", wish.reason]
    if wish.deed is Deed.RETRY:
        words += ["--max-attempts", str(wish.max_attempts)]
    return shlex.join(words)


def _shares(shares: Mapping[Share, Tally]) -> tuple[wire_failures.ActShare, ...]:
    ordered = sorted(shares.items(), key=lambda item: (-item[1].objects, item[0]))
    return tuple(
        wire_failures.ActShare(
            code=share.code, phase=share.phase, objects=tally.objects, size_bytes=tally.size_bytes
        )
        for share, tally in ordered
    )


def _bad(what: str, remedy: str) -> BadInput:
    return BadInput(what=what, where="/v1/plans", remedy=remedy)
