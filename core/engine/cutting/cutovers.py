"""An engine's cutovers and rehearsals as jobs, their plans, and what can be seen of them.

May import the ledger and the cutover's pure parts; what asks the world is loaded with the first.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.cutover_plan import ALL, CutoverPlan, Kind
from core.cutover.machine import FENCED
from core.cutover.states import State
from core.display import duration, safe
from core.engine.cutting.book import Book
from core.engine.cutting.gathering import Gathering
from core.engine.cutting.ledger_gates import ACK, LedgerGates
from core.engine.cutting.plans import CutoverPlans
from core.errors import BadInput, Broken, Refused, VgwmError, WrongState
from core.ledger.rows import EventDraft, SaidRow, Saying
from core.model import NS_PER_S, JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.cutover.machine import Standing
    from core.engine.cutting.means import CutMeans
    from core.engine.cutting.neighbours import Neighbours
    from core.engine.cutting.outside import Outside
    from core.engine.cutting.world import World
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.ledger.cutovers import CutoverRow
    from core.ledger.rows import RequestMark

KINDS: Final = {
    JobKind.CUTOVER: (Kind.CUTOVER, Kind.COMMIT, Kind.ABORT),
    JobKind.REHEARSE: (Kind.REHEARSE,),
}
"""Which acts a job of a kind can do; its first is meant where none is named."""

_KNOWN: Final = frozenset({"act", "slice", "plan", "way"})


class AtWork(NamedTuple):
    """A job, and the slice that it is at work on."""

    job: int
    slice: str


class Cutovers:
    """Offers cutovers and rehearsals.

    plans: made beside everything else. gathering: the gates of READY.
    """

    def __init__(self, premises: Premises, near: Neighbours) -> None:
        self._premises = premises
        self._near = near
        self._world: World | None = None
        ledger_gates = LedgerGates(premises.workspace, premises.ledger, near.forecast)
        self.gathering = Gathering(ledger_gates, self.world, int(premises.workspace.id, 16))
        self.plans = CutoverPlans(
            premises.workspace,
            premises.ledger,
            premises.path,
            lambda: premises.knobs,
            self.gathering,
        )

    def world(self) -> World:
        """Return what asks the world, made with the first question. Blocks once: its imports."""
        if self._world is None:
            premises = self._premises
            outside: type[Outside] = import_module("core.engine.cutting.outside").Outside
            self._world = outside(
                premises.workspace, premises.ledger, premises.path, self._near.reverses
            )
        return self._world

    async def close(self) -> None:
        """Break off plans that are being made."""
        await self.plans.close()

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None for another kind. Raises BadInput."""
        if kind not in KINDS:
            return None
        act, slice_ = act_of(kind, args)

        async def run(reins: Reins) -> None:
            await asyncio.to_thread(self.world)
            if act is Kind.ABORT:
                await self._settle(reins, slice_)
            elif act is Kind.COMMIT:
                await self._commit(reins, slice_)
            else:
                await self._drive(reins)

        return run

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return how such a job is confirmed. args: plan, a hash (I8); an abort needs none."""
        if kind not in KINDS:
            return None
        act, slice_ = act_of(kind, args)
        if act is Kind.ABORT:
            return None

        async def confirmed() -> bytes:
            await asyncio.to_thread(self.world)
            await self.require_state(act, slice_)
            return (await self.plans.confirmed(act, slice_, args.get("plan", ""))).stored()

        return confirmed

    async def abort(
        self, slice_: str, actor: str, request: RequestMark | None = None, *, plan: str = ""
    ) -> int:
        """Give a slice's writes back to blue; return the job that does it.

        plan: the hash that was confirmed, held against what would be done now; "" for none, as an
        engine asks. Raises Refused for another one, WrongState where nothing of this slice is held
        back, or green may write already.
        """
        await self._require_shown(slice_, plan)
        at_work = await self.at_work()
        if at_work is None or at_work.slice != slice_:
            await self.require_state(Kind.ABORT, slice_)
            args = {"act": Kind.ABORT.value, "slice": slice_}
            return await self._near.start(JobKind.CUTOVER, args, actor, "")
        if slice_ in {row.slice for row in await self._premises.ledger.cutovers.flips()}:
            raise _nothing(slice_)
        await self._premises.jobs.cancel(at_work.job, actor, request)
        return at_work.job

    async def at_work(self) -> AtWork | None:
        """Return the job at work on a slice, a cutover or a rehearsal; None without one."""
        running = self._running()
        row = None if running is None else await self._premises.ledger.job(running.id)
        return None if row is None else AtWork(row.id, act_of(row.kind, row.args)[1])

    async def _require_shown(self, slice_: str, plan: str) -> None:
        if not plan:
            return
        now = await self.plans.compose(Kind.ABORT, slice_)
        if plan != now.hash:
            raise Refused(
                what=f"{safe(plan)} is not the plan as it is now, {now.hash}; nothing was done",
                where="confirmation",
                remedy="Look at it again, and confirm that one: vgwm cutover abort.",
            )

    async def acknowledge(
        self, gate: str, reason: str, actor: str, request: RequestMark | None = None
    ) -> None:
        """Take a gate's warning on, by its name. Raises BadInput without a reason, Refused."""
        known = [one.name for one in await self.gathering.gates(())]
        if gate not in known:
            raise BadInput(
                what=f"there is no gate {safe(gate)}",
                where="cutover",
                remedy=f"Gates: {', '.join(known)}.",
            )
        text = safe(reason.strip())
        if not text:
            raise BadInput(
                what="a warning is taken on for a reason", where="cutover", remedy="Say why."
            )
        premises = self._premises
        row = SaidRow(
            kind=Saying.ACK, name=f"{ACK}{gate}", who=actor, at_ns=time.time_ns(), text=text
        )
        told = f"gate {gate} taken on: {text}"
        draft = EventDraft(kind="cutover", text=told, actor=actor, request=request)
        await premises.ledger.assessing.say(row, draft)

    async def rescue(self) -> None:
        """Give back writes that an earlier engine left held with no job of its own behind it.

        Never raises: an engine that does not start would leave them held.
        """
        premises = self._premises
        for row in await premises.ledger.cutovers.newest():
            if State(row.state) not in FENCED or self._running() is not None:
                continue
            args = {"act": Kind.ABORT.value, "slice": row.slice}
            request = f"rescue-{row.seq}-{premises.epoch}"  # the one before may have failed
            try:
                await premises.jobs.end_forward("engine")
                await self._near.start(JobKind.CUTOVER, args, "engine", request)
            except VgwmError as error:
                text = (
                    f"slice {safe(row.slice)} stands at {row.state}, and nobody gives writes back"
                )
                draft = EventDraft(kind="cutover", text=f"{text}: {error.what}", level="error")
                await premises.ledger.event(draft)

    async def require_blue(self, kind: JobKind) -> None:
        """Raise Refused for a job that would write what green's clients write now."""
        if kind not in _FORWARD:
            return
        if await self._is_all_flipped():
            raise Refused(
                what=f"a {kind} would write over what green's clients write: green is live",
                where="cutover",
                remedy="Go back first: vgwm rollback plan. What was committed stays at green.",
            )

    async def _is_all_flipped(self) -> bool:
        """Tell whether no bucket is blue's any more."""
        flipped = {row.slice for row in await self._premises.ledger.cutovers.flips()}
        if not flipped or ALL in flipped:
            return bool(flipped)
        slices = await self.plans.slices()
        gone = {name for one in flipped for name in slices.shown(one)}
        return all(name in gone for name in slices.there)

    async def _drive(self, reins: Reins) -> None:
        """Drive a run from its plan, or do with it what is done with one that is found."""
        stored = await self._premises.ledger.job_plan(reins.id)
        row = await self._premises.ledger.job(reins.id)
        if stored is None or row is None:
            raise Broken(
                what=f"job {reins.id} has no plan",
                where="ledger",
                remedy="This is a fault of vgwm: keep ledger.db and report it.",
            )
        plan = CutoverPlan.parse(stored)
        book = self._book(f"{plan.workspace}-{reins.id}", plan.slice, row.actor, reins.id)
        at = await book.begun()
        if at is None:
            if reins.taken_up:  # vgwm.yaml may be another one by now (I8)
                raise WrongState(
                    what="the engine ended before the run began: nothing was switched",
                    where="cutover",
                    remedy="Look at the plan as it is now, and begin again: vgwm cutover plan.",
                )
            # asked once more: another may have come to its end since this was confirmed
            await self.require_state(plan.kind, plan.slice)
            await book.plan(stored, {"kind": plan.kind.value})
        await self._on(reins, plan, book, at)

    async def _settle(self, reins: Reins, slice_: str) -> None:
        """Do with a slice's run what is done with one that is found."""
        row = await self._newest(slice_)
        if row is None or State(row.state) not in FENCED:
            if reins.taken_up:
                return  # it was done when the last engine ended
            raise _nothing(slice_)
        book = self._book(row.run, slice_, "engine", reins.id)
        at = await book.standing()
        await self._on(reins, CutoverPlan.parse(at.plan or b""), book, at)

    async def _on(self, reins: Reins, plan: CutoverPlan, book: Book, at: Standing | None) -> None:
        module = await asyncio.to_thread(import_module, "core.engine.cutting.driver")
        run = f"{plan.workspace}-{reins.id}" if at is None else at.run
        driver = module.Driver(self._means(), book, plan, reins, run)
        if at is None:
            await driver.run()
        else:
            await driver.take_up(at)

    async def _commit(self, reins: Reins, slice_: str) -> None:
        row = await self._newest(slice_)
        if row is None:
            raise _nothing(slice_)
        if row.state != State.COMMITTED:  # asked once more, as above; a report may be half written
            await self.require_state(Kind.COMMIT, slice_)
        job = await self._premises.ledger.job(reins.id)
        book = self._book(row.run, slice_, "engine" if job is None else job.actor, reins.id)
        module = await asyncio.to_thread(import_module, "core.engine.cutting.committing")
        await module.commit(self._premises, self._near.reverses, book, slice_)

    async def require_state(self, act: Kind, slice_: str) -> None:
        """Raise WrongState where a slice is not where this act begins."""
        row = await self._newest(slice_)
        state = State.PLANNED if row is None else State(row.state)
        flips = {one.slice: one for one in await self._premises.ledger.cutovers.flips()}
        if act is Kind.ABORT:
            if state not in FENCED or slice_ in flips:
                raise _nothing(slice_)
        elif act is Kind.COMMIT:
            if state is not State.GREEN_LIVE:
                raise WrongState(
                    what=f"slice {slice_} is {state}: only one that is GREEN_LIVE is committed",
                    where="cutover",
                    remedy="Look at it: vgwm cutover status.",
                )
            _require_watched(flips.get(slice_), self._premises.knobs.watch_window)
        elif state in FENCED or slice_ in flips or ALL in flips or (slice_ == ALL and flips):
            other = next(iter({slice_} & flips.keys() or flips), slice_)
            raise WrongState(
                what=f"slice {other} is {state if other == slice_ else 'at green'}",
                where="cutover",
                remedy="Look at it: vgwm cutover status.",
            )
        elif why := (await self.plans.slices()).hindered(slice_):
            remedy = "Name one: --slice NAME."
            raise WrongState(what=why, where="cutover", remedy=remedy)

    async def _newest(self, slice_: str) -> CutoverRow | None:
        rows = await self._premises.ledger.cutovers.newest()
        return next((row for row in rows if row.slice == slice_), None)

    def _running(self) -> Reins | None:
        jobs = self._premises.jobs
        return jobs.running(JobKind.CUTOVER) or jobs.running(JobKind.REHEARSE)

    def _book(self, run: str, slice_: str, actor: str, job: int) -> Book:
        return Book(self._premises.ledger, run=run, slice_=slice_, actor=actor, job=job)

    def _means(self) -> CutMeans:
        module = import_module("core.engine.cutting.engine_means")
        means: CutMeans = module.means_of(self._premises, self.world(), self.plans, self._near)
        return means


_FORWARD: Final = frozenset(
    {JobKind.PLAN, JobKind.COPY, JobKind.RETRY, JobKind.SYNC, JobKind.REBUILD, JobKind.RESTORE}
)
"""Jobs that bring blue's names to green."""


def act_of(kind: JobKind, args: Mapping[str, str]) -> tuple[Kind, str]:
    """Return what a job is to do, and to which slice. Raises BadInput."""
    unknown = sorted(set(args) - _KNOWN)
    allowed = KINDS[kind]
    act = args.get("act", "") or allowed[0].value
    if unknown or act not in {one.value for one in allowed}:
        raise BadInput(
            what=f"a {kind} takes no {safe(unknown[0] if unknown else act)}",
            where="cutover",
            remedy="See vgwm cutover --help.",
        )
    return Kind(act), args.get("slice", "") or ALL


def _require_watched(flip: CutoverRow | None, window_s: float) -> None:
    left_s = 0.0 if flip is None else window_s - (time.time_ns() - flip.at_ns) / NS_PER_S
    if left_s > 0:
        raise WrongState(
            what=f"the watch window is open for another {duration(left_s)}",
            where="cutover",
            remedy="Wait for its end, or shorten it: vgwm set watch_window=DURATION.",
        )


def _nothing(slice_: str) -> WrongState:
    return WrongState(
        what=f"nothing of slice {slice_} is held back that could be given back to blue",
        where="cutover",
        remedy="Look at it: vgwm cutover status. From green, the way is vgwm rollback.",
    )
