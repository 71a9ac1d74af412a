"""Plans of acts on the whole object table: made beside everything else, shown, held to (I8)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from core.engine.keeping.wish import Act, Confirmed
from core.engine.shelf import Shelf
from core.errors import Refused

if TYPE_CHECKING:
    from core.config.schema import Workspace
    from core.engine.keeping.looking import Look
    from core.engine.keeping.wish import KeepingFacts, Wish
    from core.errors import VgwmError
    from core.ledger.reading import LedgerReader
    from core.model import JobKind


@dataclass(slots=True, kw_only=True)
class KeepingPlan:
    """What an act would do. hash: "" until it is made; error: why it could not be."""

    id: int
    wish: Wish
    facts: KeepingFacts | None = None
    hash: str = ""
    error: VgwmError | None = None


class KeepingPlans:
    """Makes plans over one workspace's object table."""

    def __init__(self, ledger: LedgerReader, workspace: Workspace) -> None:
        self._ledger = ledger
        self._workspace = workspace
        self._shelf = Shelf[KeepingPlan]("keepings")
        self._look: Look | None = None

    async def close(self) -> None:
        """Break off what is being made."""
        await self._shelf.close()

    async def make(self, wish: Wish, *, patience_s: float) -> KeepingPlan:
        """Begin a plan, wait a moment for it, and return it: made, or still in the making."""
        plan = KeepingPlan(id=self._shelf.number(), wish=wish)
        return await self._shelf.make(plan, self._make, patience_s=patience_s)

    def get(self, number: int) -> KeepingPlan:
        """Return a plan by its id. Raises WrongState once it is forgotten."""
        return self._shelf.get(number)

    async def confirmed(self, kind: JobKind, confirmed: str) -> Confirmed:
        """Return what the plan with this hash is to do, if the world is as it was shown.

        Raises Refused with the difference if it has moved, or if nobody was shown such a plan.
        """
        plan = next((one for one in self._shelf if one.hash == confirmed), None)
        if not confirmed or plan is None or plan.facts is None or plan.wish.act.kind is not kind:
            raise Refused(
                what=f"there is no plan {confirmed} of a {kind}; nothing was done",
                where="confirmation",
                remedy="Look at the plan again, and confirm that one.",
            )
        now = await self._facts(plan.wish, warns=False)
        if now.hash_of(plan.wish, self._workspace.id) != plan.hash:
            raise Refused(
                what=f"the world has moved since plan {confirmed}: {plan.facts.difference(now)};"
                " nothing was done",
                where="confirmation",
                remedy="Look at the plan again, and confirm that one.",
            )
        return Confirmed(wish=plan.wish, facts=now)

    async def _make(self, plan: KeepingPlan) -> None:
        facts = await self._facts(plan.wish, warns=True)
        plan.facts = facts
        plan.hash = facts.hash_of(plan.wish, self._workspace.id)

    async def _facts(self, wish: Wish, *, warns: bool) -> KeepingFacts:
        # the target's clients are loaded when somebody asks, beside the loop
        looking = await asyncio.to_thread(import_module, "core.engine.keeping.looking")
        if self._look is None:
            self._look = looking.Look(self._ledger, self._workspace)
        facts = await self._look.at(wish, warns=warns)
        if wish.act in {Act.RESTORE, Act.REBUILD}:
            looking.require_free(facts)
        return facts
