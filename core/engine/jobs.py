"""The jobs of an engine: begun, held by reins, ended; each step durable before it is seen (I5).

May import the ledger, the model, the errors and the reins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.engine.holding import is_hold
from core.engine.reins import JobCancelled, Reins
from core.errors import Broken, CapacityExhausted, VgwmError, WrongState
from core.ledger.rows import EventDraft
from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.ledger.ledger import Ledger
    from core.ledger.rows import JobRow, RequestMark

log = logging.getLogger(__name__)

GRACE_S = 10.0
"""How long a cancelled job's bundles in flight may take to end."""

HELD_GRACE_S = 0.5
"""The same while no byte moves: what only has to be recorded still can be."""

AGAIN_S = 2.0
"""Between two tries to store a job's end in a ledger that has no room."""

LEDGER = "ledger"

Run = Callable[[Reins], Awaitable[None]]


class Jobs:
    """Runs at most one job of each kind."""

    def __init__(
        self, ledger: Ledger, *, grace_s: float = GRACE_S, again_s: float = AGAIN_S
    ) -> None:
        self._ledger = ledger
        self._grace_s = grace_s
        self._again_s = again_s
        self._ending: set[int] = set()
        self._reins: dict[int, Reins] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._enders: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()
        self._closing = False

    def running(self, kind: str) -> Reins | None:
        """Return the reins of the running job of a kind."""
        return next((reins for reins in self._reins.values() if reins.kind == kind), None)

    def carrying(self) -> Reins | None:
        """Return the reins of the job that carries bundles: a copy, a retry, a sync, a cutover."""
        kinds = (JobKind.COPY, JobKind.RETRY, JobKind.SYNC, JobKind.CUTOVER, JobKind.REHEARSE)
        return next((found for kind in kinds if (found := self.running(kind))), None)

    def reins(self) -> list[Reins]:
        """Return the reins of every job at work."""
        return list(self._reins.values())

    def waits(self, job: int) -> str:
        """Return what a job at work waits for by itself, in words; "" for nothing."""
        reins = self._reins.get(job)
        return "" if reins is None else "; ".join(dict.fromkeys(reins.waits.values()))

    async def start(  # noqa: PLR0913, PLR0917 - what a job is stored with
        self,
        kind: JobKind,
        args: Mapping[str, str],
        actor: str,
        request_id: str,
        run: Run,
        plan: Callable[[], Awaitable[bytes]] | None = None,
    ) -> int:
        """Store a job and begin it. Raises WrongState while one that it may not be beside is there.

        plan: returns what the job is confirmed to do, or raises why it may not (I8).
        """
        same = await self._in_the_way(kind, request_id)
        if same is not None:
            return same
        stored = None if plan is None else await plan()
        async with self._starting:
            # asked once more: another may have begun while the plan was held against the world
            same = await self._in_the_way(kind, request_id)
            if same is not None:
                return same
            job = await self._ledger.add_job(
                kind,
                args,
                actor,
                request_id,
                EventDraft(kind="job", text=f"{kind} asked for", actor=actor),
                plan=stored,
            )
            row = await self._ledger.job(job)
            if row is not None and row.state is JobState.QUEUED and job not in self._tasks:
                await self._begin(job, kind, run, f"{kind} began", actor)
        return job

    async def _in_the_way(self, kind: JobKind, request_id: str) -> int | None:
        """Return the job that this request began already, None for a new one.

        Raises WrongState while one is at work that this may not be beside.
        """
        other = next((one for one in self._reins.values() if not may_begin(kind, one.kind)), None)
        if other is None:
            return None
        row = await self._ledger.job(other.id)
        if request_id and row is not None and row.request_id == request_id:
            return other.id
        raise WrongState(
            what=f"job {other.id} ({other.kind}) is {other.state}",
            where="jobs",
            remedy=f"Follow it with `vgwm watch {other.id}`, or end it first.",
        )

    async def take_up(self, row: JobRow, run: Run) -> None:
        """Go on with a job that was at work, or paused, when the last engine ended."""
        # one that waited for room or a right begins, and waits again if that is still missing
        if row.state is JobState.PAUSED and not is_hold(row.reason):
            reins = Reins(id=row.id, kind=row.kind, taken_up=True)
            reins.pause(row.reason)
            reins.state = JobState.PAUSED
            await self._launch(reins, run, f"{row.kind} is still paused", "engine")
            return
        reins = Reins(id=row.id, kind=row.kind, taken_up=True)
        await self._launch(reins, run, f"{row.kind} goes on", "engine")

    async def pause(self, job: int, actor: str, request: RequestMark | None = None) -> None:
        """Let a job take no new work."""
        reins = self._at_work(job)
        reins.pause(f"paused by {actor}")
        reins.state = JobState.PAUSED
        await self._note(reins, f"{reins.kind} paused", actor, request)

    async def resume(self, job: int, actor: str, request: RequestMark | None = None) -> None:
        """Let a paused job go on."""
        reins = self._at_work(job)
        if not reins.held:
            raise WrongState(
                what=f"job {job} is not paused", where="jobs", remedy="There is nothing to resume."
            )
        reins.resume()
        await self._note(reins, f"{reins.kind} resumed", actor, request)

    async def cancel(self, job: int, actor: str, request: RequestMark | None = None) -> None:
        """End a job after what is in flight."""
        reins = self._at_work(job)
        reins.cancel(f"cancelled by {actor}")
        reins.by = actor
        await self._note(reins, f"{reins.kind} is being cancelled", actor, request)
        self._enders.add(ender := asyncio.create_task(self._break_off(job), name=f"end job {job}"))
        ender.add_done_callback(self._enders.discard)

    async def _break_off(self, job: int) -> None:
        """Give what is in flight some time, then drop it: a bundle is whole or not there (I3).

        A job that was held moves no byte more, and a walk in vain has none: dropped at once.
        """
        task, reins = self._tasks.get(job), self._reins.get(job)
        if task is None or reins is None:
            return
        idle = reins.still or reins.walks_in_vain
        _, left = await asyncio.wait([task], timeout=HELD_GRACE_S if idle else self._grace_s)
        if left and job not in self._ending:
            task.cancel()

    async def end_forward(self, actor: str) -> None:
        """End what brings the source to green, for what cannot wait for it; return behind it."""
        for kind in sorted(FORWARD):
            other = self.running(kind)
            if other is not None:
                await self.cancel(other.id, actor)
                await self.wait(other.id)

    async def wait(self, job: int) -> None:
        """Return when the job has ended."""
        task = self._tasks.get(job)
        if task is not None:
            await asyncio.wait([task])

    async def close(self) -> None:
        """Break off every job; the next engine takes them up."""
        self._closing = True
        for reins in self._reins.values():
            reins.leaving = True
        tasks = [*self._tasks.values(), *self._enders]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _at_work(self, job: int) -> Reins:
        reins = self._reins.get(job)
        if reins is None:
            raise WrongState(
                what=f"job {job} is not at work", where="jobs", remedy="`vgwm jobs` lists them."
            )
        return reins

    async def _begin(self, job: int, kind: JobKind, run: Run, text: str, actor: str) -> None:
        await self._launch(Reins(id=job, kind=kind), run, text, actor)

    async def _launch(self, reins: Reins, run: Run, text: str, actor: str) -> None:
        self._reins[reins.id] = reins
        try:
            await self._note(reins, text, actor)
        except BaseException:
            del self._reins[reins.id]  # it never ran: a ledger without room holds up no other one
            raise
        self._tasks[reins.id] = asyncio.create_task(self._drive(reins, run), name=f"job {reins.id}")

    async def _note(
        self, reins: Reins, text: str, actor: str, request: RequestMark | None = None
    ) -> None:
        await self._ledger.job_state(
            reins.id,
            reins.state,
            reason=reins.reason,
            event=EventDraft(kind="job", text=text, actor=actor, job=reins.id, request=request),
        )

    async def _drive(self, reins: Reins, run: Run) -> None:
        state, error = JobState.DONE, None
        try:
            await run(reins)
        except JobCancelled:
            state = JobState.CANCELLED
        except asyncio.CancelledError:
            if self._closing or not reins.cancelled:
                del self._reins[reins.id]
                raise  # the engine ends; the ledger says `running`, and the next takes it up
            state = JobState.CANCELLED
        except Exception as raised:
            state, error = JobState.FAILED, _cause(raised)
            log.exception("job %d (%s) failed", reins.id, reins.kind, exc_info=raised)
        await self._end(reins, state, error)

    async def _end(self, reins: Reins, state: JobState, error: VgwmError | None) -> None:
        """Store how a job ended; a ledger without room is waited for, so that followers hear it."""
        reins.state = state
        self._ending.add(reins.id)
        try:
            stored = await self._stored(reins, state, error)
            while not stored:
                await asyncio.sleep(self._again_s)
                stored = await self._stored(reins, state, error)
        finally:
            self._ending.discard(reins.id)
            self._reins.pop(reins.id, None)
            self._tasks.pop(reins.id, None)
        await self._back_up()

    async def _stored(self, reins: Reins, state: JobState, error: VgwmError | None) -> bool:
        """Tell whether the ledger took a job's end, or never will."""
        text = f"{reins.kind} {state}" if error is None else f"{reins.kind} failed: {error.what}"
        try:
            await self._ledger.job_state(
                reins.id,
                state,
                reason=reins.reason if error is None else error.what,
                result=_result(error),
                event=EventDraft(
                    kind="job",
                    text=text,
                    level="info" if error is None else "error",
                    actor=reins.by if state is JobState.CANCELLED else "engine",
                    job=reins.id,
                ),
            )
        except CapacityExhausted as full:
            if LEDGER not in reins.waits:
                log.warning("the end of job %d waits for room: %s", reins.id, full.what)
            reins.waits[LEDGER] = f"its end cannot be stored: {full.what}"
            return False
        except VgwmError:
            # a ledger that is damaged: the job stays `running` there, and the next engine sees it
            log.exception("the end of job %d could not be stored", reins.id)
        return True

    async def _back_up(self) -> None:
        """Copy the ledger at the end of a job; one that cannot be made is said, not waited for."""
        try:
            await self._ledger.back_up()
        except VgwmError as error:
            log.warning("the ledger was not backed up: %s", error.what)


_ANYWHERE = frozenset({JobKind.ASSESS, JobKind.VERIFY, JobKind.CHECK, JobKind.BACKUP})
"""Read only: beside anything but their own kind."""

_REWRITES = frozenset({JobKind.REPAIR, JobKind.REBUILD, JobKind.RESTORE})
"""These rewrite what all other writers write."""

_ALONE = _REWRITES | {JobKind.CUTOVER, JobKind.REHEARSE, JobKind.ROLLBACK}
"""And these switch whose writes count: nobody else writes, but for the copy back to blue."""

_NOT_WITH = {
    JobKind.RETRY: frozenset({JobKind.COPY, JobKind.SKIP, JobKind.UNSKIP}),
    JobKind.SYNC: frozenset({JobKind.PLAN, JobKind.COPY, JobKind.RETRY}),
}


FORWARD: Final = frozenset({JobKind.PLAN, JobKind.COPY, JobKind.RETRY, JobKind.SYNC})
"""A way back waits for none of these: it ends them itself, once it was confirmed."""


def may_begin(new: JobKind, at_work: JobKind) -> bool:
    """Tell whether a job may begin while another is at work."""
    return beside(new, at_work) or (new is JobKind.ROLLBACK and at_work in FORWARD)


def beside(one: JobKind, other: JobKind) -> bool:
    """Tell whether two jobs can be at work together."""
    both = {one, other}
    if one is other:
        return False
    if both & _ANYWHERE:
        return True
    if JobKind.REVERSE in both:
        return not both & _REWRITES
    if both & _ALONE:
        return False
    return other not in _NOT_WITH.get(one, ()) and one not in _NOT_WITH.get(other, ())


def _cause(raised: BaseException) -> VgwmError:
    """Return the first error of ours in a group, else a fault of ours that names its type."""
    found = _first(raised)
    if found is not None:
        return found
    return Broken(
        what=f"the job stumbled: {type(_leaf(raised)).__name__}",
        where="engine",
        remedy="This is a fault of vgwm: report it with engine.log.",
    )


def _first(raised: BaseException) -> VgwmError | None:
    if isinstance(raised, VgwmError):
        return raised
    if isinstance(raised, BaseExceptionGroup):
        return next((hit for one in raised.exceptions if (hit := _first(one)) is not None), None)
    return None


def _leaf(raised: BaseException) -> BaseException:
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
    return raised


def _result(error: VgwmError | None) -> str:
    if error is None:
        return ""
    return dumps(
        {
            "code": error.code,
            "what": error.what,
            "where": error.where,
            "remedy": error.remedy,
            "exit_code": error.exit_code,
        }
    )
