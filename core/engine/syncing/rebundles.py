"""The engine's re-bundlings: a sync job of its own, by the hash of its plan (I8)."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.engine.syncing.rebundle_plan import look, require
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.premises import Premises
    from core.engine.reins import Reins

HASH: Final = "rebundle"
"""The job's argument that says so, and names the plan."""


class Rebundles:
    """Offers sync jobs that re-bundle."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what such a job does; None if it is another one."""
        if kind is not JobKind.SYNC or HASH not in args:
            return None

        async def run(reins: Reins) -> None:
            # clients and sinks that few engines need: loaded beside the loop
            module = await asyncio.to_thread(import_module, "core.engine.syncing.rebundling")
            rebundle: Callable[[Premises, Reins], Awaitable[None]] = module.rebundle
            await rebundle(self._premises, reins)

        return run

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how its plan is confirmed; None for another job."""
        if kind is not JobKind.SYNC or HASH not in args:
            return None

        async def plan() -> bytes:
            premises = self._premises
            return require(await look(premises.ledger, premises.workspace.id), args[HASH])

        return plan
