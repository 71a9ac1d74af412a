"""An act on traffic: planned, shown in lines, confirmed by its hash, followed (I8)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from core import display
from core.cli.output import note
from core.control.crossing import job as crossing_job
from core.control.refusal import raised
from core.errors import EngineDown, NoAnswer, Refused, WrongState
from core.model import ENDED, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import cutover as wire_cutover
    from core.control.wire import state as wire

EVERY_S = 0.2
ROLLBACK = "rollback"
_MINUTE_S = 60
_END = "COMMITTED"  # it has no way back, at whatever cost


class Confirmed(NamedTuple):
    """The options that every act on traffic has, as click hands them over."""

    confirm: str | None
    dry_run: bool
    detach: bool
    foreground: bool


class Begun(NamedTuple):
    """A job that was begun. since: the newest event before it. act: what it does."""

    job: int
    since: int
    act: str


async def act(call: Call, request: wire_cutover.CutoverRequest, given: Confirmed) -> int:
    """Show what would be done; with a confirmation do it, and follow it to its end."""
    from core.cli.link import looking, working
    from core.cli.output import answer

    if given.confirm is None or given.dry_run:
        async with looking(call) as client:
            plan = await made(client, request)
        answer(call, plan, plan_lines(plan), plan.warnings)
        return 0
    job_of = crossing_job.job_of(request, given.confirm)
    async with working(call, foreground=given.foreground) as client:
        if request.act == crossing_job.ABORT:
            require_same(await made(client, request), given.confirm)
        seen = (await client.snapshot()).last_seq
        job = await client.start_job(job_of.kind, job_of.args, actor=call.actor)
        if given.detach:
            answer(call, {"job": job}, [f"job {job}: vgwm watch {job} follows it"])
            return 0
        await followed(call, client, Begun(job, seen, request.act))
        told = await ended(client, request, job)
    answer(call, told, [f"job {job} is done: {told['text']}"])
    return 0


async def made(client: Client, request: wire_cutover.CutoverRequest) -> wire_cutover.CutoverPlan:
    """Return a plan once it is made. Raises what kept it from being made."""
    plan = await client.make_cutover(request)
    while plan.state == "making":
        await asyncio.sleep(EVERY_S)
        plan = await client.cutover_plan(plan.id)
    if plan.error is not None:
        raise raised(plan.error)
    return plan


def require_same(plan: wire_cutover.CutoverPlan, confirmed: str) -> None:
    """Raise Refused for an abort that was not confirmed: the engine holds it against nothing."""
    if plan.hash != confirmed:
        raise Refused(
            what=f"--confirm {display.safe(confirmed)} is not the plan as it is now, {plan.hash};"
            " nothing was done",
            where=plan.command,
            remedy=f"Look at it again, and confirm that one: {plan.command}",
        )


async def followed(call: Call, client: Client, begun: Begun) -> None:
    """Return when a job has ended well, telling its events meanwhile. Raises what ended it.

    An abort ends by cancelling the job that it gives writes back from.
    """
    from core.control.client import job_of

    last: wire.Job | None = None
    since = begun.since
    async for now in client.follow_job(begun.job, every_s=EVERY_S):
        last = job_of(now, begun.job)
        with suppress(NoAnswer, EngineDown):  # the next round tells what this one could not
            while since < now.last_seq:
                page = await client.events(since)
                for event in page.events:
                    if event.job == begun.job:
                        level = event.level if event.level != "info" else " "
                        note(call, f"{level:5} {event.text}")
                since = max(page.last_seq, since + 1)
    aborts = begun.act == crossing_job.ABORT
    if last is None or (last.state == JobState.CANCELLED and not aborts):
        raise WrongState(
            what=f"job {begun.job} was cancelled",
            where="traffic",
            remedy="vgwm cutover status says where the slice stands, and who may write.",
        )
    if last.state in ENDED and last.result is not None:
        raise raised(last.result)


async def ended(
    client: Client, request: wire_cutover.CutoverRequest, job: int
) -> dict[str, object]:
    """Return what a job came to: where the slice stands now, and who accepts writes."""
    now = await client.cutover(request.slice)
    found = next((one for one in now.slices if one.name == now.slice), None)
    state = "unknown" if found is None else f"{found.number} {found.state}"
    writable = "unknown" if found is None else found.writable
    text = f"slice {now.slice} is in {state}, writes go to {writable}"
    return {
        "job": job,
        "act": request.act,
        "slice": now.slice,
        "state": "unknown" if found is None else found.state,
        "writable": writable,
        "text": text,
    }


def plan_lines(plan: wire_cutover.CutoverPlan) -> list[str]:
    """Return a plan as plain lines; the last one says how to confirm it."""
    way = f" ({plan.way})" if plan.way else ""
    told = [f"plan {plan.hash}: {plan.act}{way} of slice {plan.slice}"]
    told += [f"  {key.ljust(9)} {text}" for key, text in _figures(plan)]
    told += [f"  {line}" for line in steps_lines(plan.steps)]
    told += [f"  limit     {one.name}: {one.text}" for one in plan.limits]
    told += [f"  acked     {', '.join(plan.acked)}"] if plan.acked else []
    told += [f"  means     {line}" for line in plan.lines]
    if plan.lost_total:
        told.append(f"  LOST      {display.count(plan.lost_total)} keys stay behind on green:")
        told += [f"            {name}" for name in plan.lost]
    if "gate " not in plan.off:  # else they are its reasons
        told += [f"  gate      {one.why}" for one in plan.gates if not (one.open or one.spared)]
    told += [f"  off       {line}" for line in plan.off.splitlines()]
    told.append(
        "it cannot be begun now"
        if plan.off
        else f"{plan.command} --confirm {plan.hash} does this and nothing else"
    )
    return told


def steps_lines(steps: tuple[wire_cutover.Step, ...]) -> Iterator[str]:
    """Yield the steps of a plan or a run."""
    priced = next((step for step in steps if step.past_return and step.state != _END), None)
    for step in steps:
        took = "" if step.expected_s is None else f"  (expected {_seconds(step.expected_s)})"
        mark = "=" if step.done else " "
        past = "  from here on, back costs a reverse copy" if step is priced else ""
        yield f"{mark} {step.number.rjust(2)} {step.state.ljust(13)} {step.text}{took}{past}"


def _seconds(took_s: float) -> str:
    return f"{took_s:.1f} s" if took_s < _MINUTE_S else display.duration(took_s)


def risk_text(risk: wire.Risk | None) -> str:
    """Return the data at risk in one line."""
    if risk is None or not risk.since_ns:
        return "nothing: green accepts no writes"
    if risk.silent_since_ns:
        return silent_text(risk.silent_since_ns)
    oldest = "" if risk.oldest_s is None else f", oldest {display.age(risk.oldest_s)}"
    more = f", {display.count(risk.uncarriable)} cannot be carried" if risk.uncarriable else ""
    return (
        f"{display.count(risk.writes)} writes, {display.size(risk.size_bytes)},"
        f" {display.count(risk.deletes)} deletes{oldest}{more}"
    )


def silent_text(since_ns: int) -> str:
    """Return that nobody knows what green has taken."""
    from core.display import clock_s

    return f"unknown since {clock_s(since_ns)} UTC: nothing is heard of green's changes"


def _figures(plan: wire_cutover.CutoverPlan) -> Iterator[tuple[str, str]]:
    if plan.strategy:
        yield "strategy", plan.strategy
    if plan.about_s is not None:
        yield "takes", f"about {display.duration(plan.about_s)}"
    if plan.pause_s is not None:
        yield "pause", f"writes are refused for about {display.duration(plan.pause_s)}"
    if plan.risk is not None and plan.risk.since_ns:
        yield "at risk", risk_text(plan.risk)
