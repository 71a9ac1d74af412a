"""An engine's verifications: which may begin, and what their job does.

May import the ledger and the errors; what a run needs is loaded with the first.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.display import count, safe
from core.engine.plan_run import require_source
from core.engine.verifying.means import VerifyMeans
from core.engine.verifying.wish import VerifyWish
from core.errors import BadInput, NoPlan
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.engine.verifying.verify_run import VerifyRun


_NAMED: Final = 10
AGAIN_S: Final = 5.0
"""How long a difference has to settle before it is looked at again (`cutover.md` 4)."""


def verify_means(premises: Premises) -> VerifyMeans:
    """Return what an engine's verifications work with."""
    return VerifyMeans(
        ledger=premises.ledger,
        workspace=premises.workspace,
        path=premises.path,
        knobs=lambda: premises.knobs,
        forks=premises.forks,
        epoch=premises.epoch,
        require_source=lambda: require_source(premises),
        again_s=AGAIN_S,
    )


class Verifications:
    """Runs verifications."""

    def __init__(self, means: VerifyMeans) -> None:
        self._means = means

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is no verification. Raises BadInput."""
        if kind is not JobKind.VERIFY:
            return None
        VerifyWish.of(args)

        async def run(reins: Reins) -> None:
            module = await asyncio.to_thread(import_module, "core.engine.verifying.verify_run")
            begin: type[VerifyRun] = module.VerifyRun
            await begin(self._means, args).run(reins)

        return run

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return what looks whether a verification may begin: it changes nothing, and has no plan.

        It raises NoPlan in a workspace that has planned nothing, BadInput for an unknown bucket.
        """
        if kind is not JobKind.VERIFY:
            return None

        async def plan() -> bytes:
            await self._require_known(VerifyWish.of(args))
            return b""

        return plan

    async def _require_known(self, wish: VerifyWish) -> None:
        known = sorted(row.name for row in await self._means.ledger.buckets())
        if not known:
            raise NoPlan(
                what="nothing is planned, so nothing can be verified",
                where=safe(str(self._means.path)),
                remedy="Make a plan first: vgwm plan, then vgwm copy.",
            )
        unknown = [name for name in wish.buckets if name not in known]
        if unknown:
            raise BadInput(
                what=f"the plan knows of no bucket {safe(unknown[0])}",
                where="--bucket",
                remedy=f"It knows of {_told(known)}.",
            )


def _told(known: Sequence[bytes]) -> str:
    """Return the first names of buckets, and how many there are more."""
    first = ", ".join(safe(name) for name in known[:_NAMED])
    more = len(known) - _NAMED
    return f"{first} and {count(more)} more" if more > 0 else first
