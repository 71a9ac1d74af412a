"""What is done with the whole object table: planned, shown in lines, confirmed, followed (I8)."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, NamedTuple

from core import display
from core.cli.output import note
from core.control.refusal import raised
from core.errors import BadInput, Refused, WrongState
from core.model import JobState

if TYPE_CHECKING:
    from pathlib import Path

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import keeping as wire_keeping
    from core.control.wire import state as wire

EVERY_S = 0.2
_SAID_S = 2.0
"""How often a job that takes long says how far it is."""


class Given(NamedTuple):
    """The options that every act on the table has, as click hands them over."""

    confirm: str | None
    dry_run: bool
    detach: bool
    foreground: bool


async def act(call: Call, request: wire_keeping.KeepingRequest, given: Given) -> int:
    """Show what would be done; with a confirmation do it, follow it, and say what it came to."""
    from core.cli.link import looking, working
    from core.cli.output import answer

    if given.confirm is None or given.dry_run:
        async with looking(call) as client:
            plan = await made(client, request)
        how = f"the same with --confirm {plan.hash} does this and nothing else"
        answer(call, plan, [*lines(plan), how], plan.warnings)
        return 0
    async with working(call, foreground=given.foreground) as client:
        plan = await made(client, request)
        require_same(plan, given.confirm)
        job = await client.start_job(plan.kind, {"plan": plan.hash}, actor=call.actor)
        if given.detach:
            answer(call, {"job": job}, [f"job {job}: vgwm watch {job} follows it"])
            return 0
        ended = await followed(call, client, job)
    answer(call, told(ended), outcome(request.act, ended))
    return 0


def path_text(path: Path) -> str:
    """Return a file's whole path as the engine is told it. Raises BadInput if it is not UTF-8."""
    text = str(path.absolute())
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            what="the path is not UTF-8",
            where=display.safe(os.fsencode(text)),
            remedy="Name it by another path, or rename it.",
        ) from error
    return text


async def made(client: Client, request: wire_keeping.KeepingRequest) -> wire_keeping.KeepingPlan:
    """Return a plan once it is made. Raises what kept it from being made."""
    plan = await client.make_keeping(request)
    while plan.state == "making":
        await asyncio.sleep(EVERY_S)
        plan = await client.keeping(plan.id)
    if plan.error is not None:
        raise raised(plan.error)
    return plan


def lines(plan: wire_keeping.KeepingPlan) -> list[str]:
    """Return a plan as plain lines."""
    told = [f"plan {plan.hash}: {_verb(plan)}", f"  table     {plan.table}"]
    if plan.act != "drop":
        has = "there is none" if plan.present is None else display.counted(plan.present, "row")
        told.append(f"  in use    {has}")
    if plan.rows is not None:
        buckets = "" if plan.buckets is None else f", {display.counted(plan.buckets, 'bucket')}"
        told.append(f"  becomes   {display.counted(plan.rows, 'row')}{buckets}")
    if plan.bundles is not None:
        told.append(f"  read      the manifests of {display.counted(plan.bundles, 'bundle')}")
    told += [f"  beside    _{one.tag}: {display.counted(one.rows, 'row')}" for one in plan.sets]
    if plan.act != "drop":
        told.append("  new tables are made beside it, compared, and swapped in one step;")
        told.append("  those in use now are kept until --drop-old")
    return told


def require_same(plan: wire_keeping.KeepingPlan, confirmed: str) -> None:
    """Raise Refused, with what the plan is now, unless it is the one that was confirmed."""
    if plan.hash == confirmed:
        return
    now = "; ".join(" ".join(line.split()).removesuffix(";") for line in lines(plan))
    raise Refused(
        what=f"--confirm {display.safe(confirmed)} is not the plan as it is now: {now};"
        " nothing was done",
        where=f"metadata {plan.act}",
        remedy="Look at the plan again, and confirm that one.",
    )


async def followed(call: Call, client: Client, job: int) -> wire.Job:
    """Return a job that has ended well, saying how far it is meanwhile. Raises what ended it."""
    from core.control.client import job_of

    last, said_s = None, 0.0
    async for now in client.follow_job(job, every_s=EVERY_S):
        last = job_of(now, job)
        said_s += EVERY_S
        if last is not None and said_s >= _SAID_S:
            said_s = 0.0
            of = "" if last.total is None else f" of {display.count(last.total)}"
            note(call, f"job {job}: {display.count(last.done)}{of} rows")
    if last is None or last.state == JobState.CANCELLED:
        raise WrongState(
            what=f"job {job} was cancelled",
            where="object table",
            remedy="Before its swap nothing is changed; vgwm jobs and the events tell of one.",
        )
    if last.result is not None:
        raise raised(last.result)
    return last


def told(job: wire.Job) -> dict[str, object]:
    """Return what a job came to, as --json prints it."""
    return {"job": job.id, **job.figures}


def outcome(act: str, job: wire.Job) -> list[str]:
    """Return what a job came to, as lines."""
    by = job.figures
    rows = display.count(by.get("rows", 0))
    if act == "drop":
        return [f"{display.count(by.get('dropped', 0))} tables dropped, {rows} rows"]
    names = ("same", "changed", "added", "removed", "carried")
    parts = [f"{display.count(by[name])} {name}" for name in names if by.get(name)]
    told = [f"{rows} rows are in use now: {', '.join(parts) or 'none'}"]
    if by.get("carried"):
        told.append("carried: written by others, and kept as they are")
    if by.get("stale"):
        told.append(
            f"{display.count(by['stale'])} rows have older attributes than the ledger knows:"
            " vgwm metadata check names them"
        )
    if by.get("keys_left"):
        told.append(f"{display.count(by['keys_left'])} cache keys are left; they end by their time")
    told.append("the old tables are kept; vgwm metadata restore --drop-old removes them")
    return told


def _verb(plan: wire_keeping.KeepingPlan) -> str:
    if plan.act == "drop":
        return "remove the tables that stand beside those in use"
    if plan.act == "restore":
        return f"restore the object table from {plan.origin}"
    return f"rebuild the object table from {plan.origin}"
