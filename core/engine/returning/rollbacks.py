"""An engine's way back: its plan, made anew at each look, and the job that does it.

What it works with is loaded when somebody asks. May import the ledger, the model and the errors.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from core.cutover.rollback_plan import BackFacts, BackWish
from core.cutover.states import State
from core.engine.jobs import FORWARD
from core.engine.reins import JobCancelled
from core.engine.returning.back_run import BackRun
from core.engine.returning.diary import Diary
from core.engine.returning.ground import Ground
from core.engine.returning.looking import Lookout
from core.engine.returning.sides import Sides
from core.errors import Broken, VgwmError
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.cutover.fleet import Fleet
    from core.cutover.rollback_plan import RollbackPlan
    from core.engine.engine import Engine
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.reins import Reins


class Rollbacks:
    """Offers the job, and the look at its plan."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lookout: Lookout | None = None
        self._fleet: Fleet | None = None

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is no rollback. Raises BadInput."""
        if kind is not JobKind.ROLLBACK:
            return None
        BackWish.of(args)
        return self._run

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how a rollback is confirmed: it must be the one of now (I8). args: plan."""
        if kind is not JobKind.ROLLBACK:
            return None

        async def confirmed() -> bytes:
            wish = BackWish.of(args)
            facts = await (await self._look()).confirmed(wish, args.get("plan", ""))
            return facts.text.encode()

        return confirmed

    async def plan(self, wish: BackWish) -> RollbackPlan:
        """Return the way back as it is now. Raises BadInput for a slice that is none."""
        return await (await self._look()).plan(wish)

    async def _look(self) -> Lookout:
        if self._lookout is None:
            engine = self._engine
            # the clients of gateways cost an import that few engines need
            outside = await asyncio.to_thread(import_module, "core.engine.returning.outside")
            green = outside.NamedGreen(engine.workspace, await self._balancers())
            self._lookout = Lookout(engine.ledger, engine.workspace, engine.path, green)
        return self._lookout

    async def _balancers(self) -> Fleet:
        if self._fleet is None:
            module = await asyncio.to_thread(import_module, "core.cutover.balancers")
            fleet: Fleet = await asyncio.to_thread(module.fleet, self._engine.workspace)
            self._fleet = fleet
        return self._fleet

    async def _run(self, reins: Reins) -> None:
        ground = await self._ground(reins)
        await self._end_forward()
        try:
            await BackRun(ground, reins).run()
        except (VgwmError, JobCancelled):
            await self._go_on(ground)
            raise

    async def _ground(self, reins: Reins) -> Ground:
        engine = self._engine
        row, stored = await engine.ledger.job(reins.id), await engine.ledger.job_plan(reins.id)
        if row is None or stored is None:
            raise Broken(
                what=f"job {reins.id} has no plan",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        facts = BackFacts.parse(stored)
        rows = partial((await self._look()).buckets, facts.wish.slice)
        outside = await asyncio.to_thread(import_module, "core.engine.returning.outside")
        fleet = await self._balancers()
        return Ground(
            workspace=engine.workspace,
            folder=engine.path,
            ledger=engine.ledger,
            fleet=fleet,
            sides=Sides(
                green=outside.NamedGreen(engine.workspace, fleet),
                copy=outside.NamedCopy(engine.reverses, engine.ledger, rows),
                blue=outside.NamedBlue(engine.workspace, rows),
            ),
            facts=facts,
            diary=Diary(
                ledger=engine.ledger,
                run=f"{engine.workspace.id}-{reins.id}",
                slice=facts.wish.slice,
                actor=row.actor,
                job=reins.id,
                plan=stored,
            ),
            buckets=facts.buckets,
            rows=rows,
        )

    async def _end_forward(self) -> None:
        """End what brings the source to green: nobody waits for it to go back."""
        jobs = self._engine.jobs
        for kind in sorted(FORWARD):
            other = jobs.running(kind)
            if other is not None:
                await jobs.cancel(other.id, "rollback")
                await jobs.wait(other.id)

    async def _go_on(self, ground: Ground) -> None:
        """Let the reverse copy go on where green is still, or again, the one that writes."""
        lookout = await self._look()
        if await lookout.state(ground.facts.wish.slice) is State.GREEN_LIVE:
            await self._engine.reverses.ensure("rollback")
