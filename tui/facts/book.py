"""What the Errors screen asks of the engine: rows of a list by their place, and plans of acts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from core.control.wire.failures import ActPlan, PlanRequest
from core.control.wire.state import Failure
from tui.facts.listing import Tab
from tui.facts.plan_wait import Late, made
from tui.facts.window import Leaf

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.control.client import Client
    from tui.acts.mend import Mend
    from tui.facts.listing import FailureWindow, Listing, Row
    from tui.facts.window import Reach

_MOST_ROWS = 500
_PLAN_S = 600.0


class _Start(NamedTuple):
    """Where a page begins: at a place, or beside a row that is here. kept: rows that stay."""

    at: int | None = None
    after: str = ""
    before: str = ""
    kept: tuple[Row, ...] = ()


def _start(reach: Reach, near: FailureWindow | None) -> _Start:
    """Return the nearest way to a reach; both ends of a list are near by themselves."""
    if near is None or not reach.begins or reach.ends >= near.total:
        return _Start(at=reach.begins)
    match near.row(reach.begins - 1), near.row(reach.begins), near.row(reach.ends):
        case Failure(cursor=cursor), _, _ if cursor:
            return _Start(after=cursor)
        case _, Failure(cursor=cursor) as first, _ if cursor:
            return _Start(after=cursor, kept=(first,))
        case _, _, Failure(cursor=cursor) if cursor:
            return _Start(before=cursor)
        case _:
            return _Start(at=reach.begins)


class Book:
    """The failures of a workspace, however many. Every call raises a VgwmError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def leaf(
        self, listing: Listing, reach: Reach, near: FailureWindow | None = None
    ) -> Leaf[Row]:
        """Return those rows of a list that there are within a reach.

        near: rows of the same list that are here already. From one of them the engine goes on at
        once, wherever in the list that is; a place far from both ends it has to walk to.
        """
        limit = min(_MOST_ROWS, reach.ends - reach.begins)
        match listing.tab:
            case Tab.CAUSES:
                return await self._causes(listing, reach)
            case Tab.BUNDLES:
                bundles = await self._client.failure_bundles(reach.begins, limit)
                return Leaf(tuple(bundles.bundles), bundles.total, time.time_ns())
            case _:
                from_ = _start(reach, near)
                found = await self._page(listing, reach.begins, limit - len(from_.kept), from_)
                missing = min(reach.ends, found.total) - reach.begins - len(found.rows)
                if from_.at is None and missing > 0:  # the list is another by now
                    return await self._page(listing, reach.begins, limit, _Start(at=reach.begins))
                return found

    async def _page(self, listing: Listing, begins: int, limit: int, start: _Start) -> Leaf[Row]:
        wanted = listing.filter
        page = await self._client.failures(
            start.after,
            limit,
            wanted.code,
            wanted.prefix,
            at=start.at,
            before=start.before,
            phase=wanted.phase,
            disposition="failed" if listing.tab is Tab.FAILED else "",
            bundle=listing.bundle,
        )
        rows = (*start.kept, *page.failures)
        total = page.total if page.exact else max(page.total, begins + len(rows))
        return Leaf(rows, total, page.as_of_ns, page.exact)

    async def _causes(self, listing: Listing, reach: Reach) -> Leaf[Row]:
        """Return classes; there are dozens, never a million."""
        wanted = listing.filter
        causes = [
            cause
            for cause in (await self._client.failure_causes()).causes
            if wanted.code in {"", cause.code} and wanted.phase in {"", cause.phase}
        ]
        return Leaf(tuple(causes[reach.begins : reach.ends]), len(causes), time.time_ns())

    async def plan(
        self, mend: Mend, actor: str, told: Callable[[int], None] = lambda _: None
    ) -> ActPlan:
        """Return what it would do, once the engine has looked at every object of it.

        told: hears how many objects were looked at, while that takes long.
        """
        wanted = mend.filter
        plan = await self._client.make_plan(
            PlanRequest(
                act=mend.verb,
                actor=actor,
                names=mend.names,
                code=wanted.code,
                phase=wanted.phase,
                prefix=wanted.prefix,
                reason=mend.reason,
            )
        )
        late = Late[ActPlan](
            _PLAN_S,
            lambda plan: f"{plan.seen} objects looked at",
            f"In a shell: {plan.command or 'vgwm ' + mend.verb}",
        )
        return await made(plan, self._client.act_plan, late, lambda plan: told(plan.seen))

    async def carry_out(self, plan: ActPlan, actor: str) -> int:
        """Begin the job that does exactly what was planned, and return its id.

        Raises Refused if the failures are no longer those that were planned for (I8).
        """
        return await self._client.start_job(plan.act, {"plan": plan.hash}, actor=actor)
