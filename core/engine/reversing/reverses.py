"""The reverse copy of an engine: armed before the flip, at work while green is written to.

May import the engine's parts; what needs the target's side is loaded with the first use.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from core.config.kinds import OFF
from core.errors import Refused, VgwmError
from core.ledger.rows import EventDraft
from core.model import JobKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.premises import Premises, StartJob
    from core.engine.reins import Reins
    from core.engine.returning.balancers import Balancers
    from core.engine.reversing.carrying import Round
    from core.engine.reversing.ground import Reverse

_STEP_S: Final = 0.2
_BEYOND_S: Final = 86_400.0
"""So long, beyond the watch window, green's changes are kept for a reader that was away."""


class Reverses:
    """An engine's reverse copy: one at a time."""

    def __init__(self, premises: Premises, start: StartJob, balancers: Balancers) -> None:
        self._premises = premises
        self._start = start
        self._balancers = balancers
        self._listening = asyncio.Lock()
        self._carrying = asyncio.Lock()

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is no reverse copy."""
        del args
        return self._run if kind is JobKind.REVERSE else None

    def plan_of(self, kind: JobKind, args: Mapping[str, str]) -> PlanOf | None:
        """Return None: it is the cutover that is confirmed, and this a part of it."""
        del kind, args
        return None

    async def arm(self, buckets: Sequence[str]) -> None:
        """Let what green accepts be noted from now on: before green is sent anywhere.

        buckets: of the slice, empty for all. Repeatable. Raises what table and ledger say; then no
        write of green's would be known.
        """
        from core.engine.reversing.arming import arm  # noqa: PLC0415 - see above

        premises = self._premises
        # the way back may be asked for at the window's end, and its reading takes its time
        keeps_s = premises.knobs.watch_window + _BEYOND_S
        await arm(premises.workspace, premises.ledger, buckets, keeps_s)

    async def end(self, buckets: Sequence[str]) -> None:
        """Let buckets be blue's again: once every load balancer reads back blue. Repeatable."""
        from core.engine.reversing.arming import end  # noqa: PLC0415

        await end(self._premises.workspace, self._premises.ledger, buckets, keep=False)

    async def keep(self, buckets: Sequence[str]) -> None:
        """Let buckets be green's for good: a committed cutover. No sync touches them."""
        from core.engine.reversing.arming import end  # noqa: PLC0415

        await end(self._premises.workspace, self._premises.ledger, buckets, keep=True)

    async def ensure(self, actor: str) -> int | None:
        """Have the reverse copy at work; return its job, None where vgwm.yaml says `off`."""
        if self._premises.workspace.cutover.reverse == OFF:
            text = "reverse copy is off: what green accepts is not brought to blue"
            await self._premises.ledger.event(EventDraft(kind="reverse", text=text, level="warn"))
            return None
        running = self._premises.jobs.running(JobKind.REVERSE)
        if running is not None:
            return running.id
        return await self._start(JobKind.REVERSE, {}, actor, "")

    async def halt(self, actor: str) -> None:
        """End the job, and with it the private writer, if vgwm began that."""
        running = self._premises.jobs.running(JobKind.REVERSE)
        if running is not None:
            await self._premises.jobs.cancel(running.id, actor)
            await self._premises.jobs.wait(running.id)

    async def listen(self) -> None:
        """Read green's feed to its end; carry nothing. Raises what the table says."""
        from core.engine.reversing.ground import reversing  # noqa: PLC0415

        premises = self._premises
        async with reversing(premises.workspace, premises.ledger, _go_on, carries=False) as reverse:
            await self._hear(reverse)

    async def wrote(self, buckets: Sequence[str] = ()) -> bool | None:
        """Tell whether green has accepted a write to these buckets; None: nobody knows.

        buckets: of a slice that is armed, empty for all.
        """
        premises = self._premises
        if premises.workspace.cutover.reverse == OFF:
            return None
        try:
            await self.listen()
            rows = await premises.ledger.buckets()
            ids = [row.id for row in rows if not buckets or row.name.decode() in buckets]
            return await premises.ledger.greenlog.any_of(ids)
        except VgwmError:
            return None

    async def finish(self, reins: Reins) -> None:
        """Carry all that green accepted up to now: green is fenced, so that nothing comes behind.

        The job is ended first, and what blue refused is tried again. What stays waiting after three
        tries is left so, for the caller to name. Raises CapacityExhausted, Denied, NoAnswer.
        """
        from core.engine.reversing.ground import reversing  # noqa: PLC0415

        premises = self._premises
        await self.halt("engine")
        async with reversing(
            premises.workspace, premises.ledger, reins.checkpoint, job=reins.id
        ) as reverse:
            for again in (True, False, False):
                await self._hear(reverse)
                done = await self._bring(reverse, again=again)
                if not done.stuck:
                    return
                await asyncio.sleep(_STEP_S)

    async def catch_up(self, reins: Reins) -> None:
        """Carry what waits while green is open, so that the pause gets shorter: one round.

        Nothing to do while the job is at work: it does no other thing.
        """
        from core.engine.reversing.ground import reversing  # noqa: PLC0415

        premises = self._premises
        if premises.jobs.running(JobKind.REVERSE) is not None:
            return
        async with reversing(
            premises.workspace, premises.ledger, reins.checkpoint, job=reins.id
        ) as reverse:
            await self._hear(reverse)
            await self._bring(reverse)

    async def _run(self, reins: Reins) -> None:
        from core.engine.reversing.reverse_run import ReverseRun  # noqa: PLC0415

        await ReverseRun(self._premises, reins, self._hear, self._bring).run()

    async def _hear(self, reverse: Reverse) -> None:
        """Read the feed; one at a time, for its position is one."""
        async with self._listening:
            await reverse.listen()

    async def _bring(self, reverse: Reverse, *, again: bool = False) -> Round:
        """Carry; one at a time, so that no older content comes behind a newer one.

        Raises Refused where clients write to blue, such as by the runbook's hand.
        """
        async with self._carrying:
            await self._require_green()
            return await reverse.carry(again=again)

    async def _require_green(self) -> None:
        from core.engine.reversing.new_buckets import made_on_green  # noqa: PLC0415 - as above

        premises = self._premises
        stand = await premises.ledger.greenlog.stand()
        # one that was made on green has no line of its own: beside slices, `/` says blue of it
        rows = [
            row
            for row in await premises.ledger.buckets()
            if row.id in stand.buckets and row.state.there and not made_on_green(row)
        ]
        at_blue = await self._balancers.at_blue([row.name.decode() for row in rows])
        if at_blue:
            raise Refused(
                what=f"{', '.join(at_blue)} sends writes to blue: nothing is carried over them",
                where="reverse copy",
                remedy="If clients are back at blue, have that noted: vgwm rollback plan.",
            )


async def _go_on() -> None:
    """Hold up nothing."""
