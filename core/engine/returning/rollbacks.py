"""An engine's way back: its plan, made anew at each look, and the job that does it.

What it works with is loaded when somebody asks. May import the ledger, the model and the errors.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.config.workspace import FILE_NAME
from core.cutover.machine import BACK
from core.cutover.mode import Mode, Side
from core.cutover.rollback_plan import BackFacts, BackWish
from core.cutover.states import State
from core.display import safe
from core.engine.jobs import FORWARD
from core.engine.outcry import Outcry
from core.engine.reins import JobCancelled
from core.engine.returning.back_run import BackRun
from core.engine.returning.diary import Diary
from core.engine.returning.ground import Ground
from core.engine.returning.looking import Lookout
from core.engine.returning.sides import Sides
from core.engine.slices import rows_of
from core.errors import Broken, VgwmError
from core.ledger.rows import EventDraft
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from core.cutover.fleet import Fleet
    from core.cutover.rollback_plan import RollbackPlan
    from core.engine.engine import Engine
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.reins import Reins

RESCUE: Final = "rescue"
"""What an engine asks for when it finds a way back that nobody drives."""


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
        wish = BackWish.of(args)
        return partial(self._rescue, wish.slice) if args.get("act") == RESCUE else self._run

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how a rollback is confirmed: it must be the one of now (I8). args: plan.

        A rescue needs none: it goes on with what was confirmed.
        """
        if kind is not JobKind.ROLLBACK or args.get("act") == RESCUE:
            return None

        async def confirmed() -> bytes:
            wish = BackWish.of(args)
            facts = await (await self._look()).confirmed(wish, args.get("plan", ""))
            return facts.text.encode()

        return confirmed

    async def rescue(self) -> None:
        """Go on with a way back that an earlier engine left with no job of its own behind it."""
        for row in await self._engine.ledger.cutovers.newest():
            if State(row.state) not in BACK or self._engine.jobs.running(JobKind.ROLLBACK):
                continue
            args = {"act": RESCUE, "slice": row.slice}
            # one that came to nothing, such as without room for its first row, is begun anew
            request = f"rescue-{row.seq}-{self._engine.epoch}"
            try:
                await self._engine.start_job(JobKind.ROLLBACK, args, "engine", request)
            except VgwmError as error:
                text = f"slice {safe(row.slice)} stands at {row.state}, and nobody drives it"
                draft = EventDraft(kind="rollback", text=f"{text}: {error.what}", level="error")
                await self._engine.ledger.event(draft)

    async def plan(self, wish: BackWish) -> RollbackPlan:
        """Return the way back as it is now. Raises BadInput for a slice that is none."""
        return await (await self._look()).plan(wish)

    async def at_blue(self, buckets: Sequence[str]) -> list[str]:
        """Return the load balancers that send writes to some buckets to blue; silence is none."""
        if not buckets:
            return []
        reading = await (await self._balancers()).read(buckets)
        return [told.name for told in reading.told if Mode.BLUE in told.modes]

    async def at_green(self, buckets: Sequence[str]) -> str:
        """Say which load balancers send some buckets to green, "" for none; silence is none.

        buckets: none for every line of a map. A map that another workspace owns says nothing here.
        """
        ours, found = f"{self._engine.workspace.id}.", []
        for told in (await (await self._balancers()).read(buckets)).told:
            seen = told.by_slice or (("everything", told.mode),)
            names = [bucket for bucket, mode in seen if mode and mode.side is Side.GREEN]
            if names and (not told.owner or told.owner.startswith(ours)):
                found.append(f"{told.name} sends {safe(names[0])} to green")
        return "; ".join(found)

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
            say = Outcry(self._engine.ledger)
            file = self._engine.path / FILE_NAME
            make = partial(module.fleet, self._engine.workspace, say=say, file=file)
            fleet: Fleet = await asyncio.to_thread(make)
            self._fleet = fleet
        return self._fleet

    async def _run(self, reins: Reins) -> None:
        engine = self._engine
        stored = await engine.ledger.job_plan(reins.id)
        ground = await self._ground(reins, stored, f"{engine.workspace.id}-{reins.id}")
        await self._through(ground, BackRun(ground, reins).run)

    async def _rescue(self, slice_: str, reins: Reins) -> None:
        """Give writes to one side: green where it may be opened, else blue, as was confirmed."""
        ledger = self._engine.ledger
        newest = {row.slice: row for row in await ledger.cutovers.newest()}
        row = newest.get(slice_)
        if row is None or State(row.state) not in BACK:
            return
        rows = await ledger.cutovers.of_run(row.run)
        stored = next((one.plan for one in rows if one.plan is not None), None)
        ground = await self._ground(reins, stored, row.run)
        ground.diary.plan = None  # it stands in the run's first row
        await self._through(ground, BackRun(ground, reins).rescue)

    async def _through(self, ground: Ground, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and see to the reverse copy behind it, however it ends."""
        await self._end_forward()
        try:
            await work()
        except (VgwmError, JobCancelled):
            await self._go_on(ground)
            raise
        await self._go_on(ground)

    async def _ground(self, reins: Reins, stored: bytes | None, run: str) -> Ground:
        engine = self._engine
        row = await engine.ledger.job(reins.id)
        if row is None or stored is None:
            raise Broken(
                what=f"job {reins.id} has no plan",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        facts = BackFacts.parse(stored)
        rows = partial(rows_of, engine.ledger, facts.buckets)
        outside = await asyncio.to_thread(import_module, "core.engine.returning.outside")
        fleet = await self._balancers()
        return Ground(
            workspace=engine.workspace,
            folder=engine.path,
            ledger=engine.ledger,
            fleet=fleet,
            sides=Sides(
                green=outside.NamedGreen(engine.workspace, fleet),
                copy=outside.NamedCopy(
                    engine.reverses, engine.ledger, rows, engine.workspace.cutover.private_writer
                ),
                blue=outside.NamedBlue(engine.workspace, rows),
            ),
            facts=facts,
            diary=Diary(
                ledger=engine.ledger,
                run=run,
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
        """Let the reverse copy go on where green is still, or again, the one that writes.

        It is one for all slices, and was ended for this one: the others' go on, too.
        """
        newest = await ground.ledger.cutovers.newest()
        if any(row.state == State.GREEN_LIVE for row in newest):
            await self._engine.reverses.ensure("rollback")
