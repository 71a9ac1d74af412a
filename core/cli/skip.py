"""`vgwm skip`: give failed objects up, with a reason; `--undo` takes it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import failures as wire_failures

_FILE = click.Path(path_type=Path, dir_okay=False)


class SkipGiven(TypedDict):
    """The options of `vgwm skip`, as click hands them over."""

    plan: Path | None
    names: Path | None
    code: str
    phase: str
    prefix: str
    reason: str
    undo: bool
    dry_run: bool
    confirm: str | None


@click.command()
@click.option("--plan", type=_FILE, metavar="FILE", help="Must be the workspace's plan.")
@click.option("--object-list", "names", type=_FILE, metavar="F", help="The objects in this file.")
@click.option("--class", "code", metavar="C", default="", help="All of this class; corrupt: below.")
@click.option("--phase", metavar="P", default="", help="Only what failed in this phase.")
@click.option("--prefix", metavar="P", default="", help="Only objects whose BUCKET/KEY begins so.")
@click.option("--reason", metavar="TEXT", default="", help="Why; kept with each object for ever.")
@click.option("--undo", is_flag=True, help="Take skips back: the objects are failed again.")
@click.option("--dry-run", is_flag=True, help="As without --confirm.")
@click.option("--confirm", metavar="HASH", help="Do it, if the plan is still this one.")
@conventions
@steers
def skip(call: Call, **given: Unpack[SkipGiven]) -> int:
    """Give failed objects up, with a reason.

    Alone it shows the plan and its hash; it acts with --confirm HASH only. F has a line an object:
    BUCKET/KEY, or as `errors --json` prints it. An unknown one: 2, one that is recorded: 5; then
    nothing is done. --class corrupt reads failed objects again, and takes those whose bytes
    contradict their stored checksum now.
    """
    import asyncio

    from core.control.agree import check_plan_file
    from core.errors import BadInput

    if given["plan"] is not None:
        check_plan_file(call.workspace, given["plan"])
    if not (given["names"] or given["code"] or given["phase"] or given["prefix"]):
        raise BadInput(
            what="nobody said which objects",
            where="vgwm skip",
            remedy="Name a file with --object-list, or a class with --class.",
        )
    if not given["undo"] and not given["reason"].strip():
        raise BadInput(
            what="a skip needs a reason",
            where="vgwm skip",
            remedy="Say why with --reason: it is kept with each object for ever.",
        )
    request = _request(call, given)
    if given["confirm"] is None or given["dry_run"]:
        return asyncio.run(_show(call, request))
    return asyncio.run(_act(call, request, given["confirm"]))


def _request(call: Call, given: SkipGiven) -> wire_failures.PlanRequest:
    from core.cli.object_list import read_names
    from core.control.wire import failures as wire_failures

    return wire_failures.PlanRequest(
        act="unskip" if given["undo"] else "skip",
        actor=call.actor,
        names=() if given["names"] is None else read_names(given["names"]),
        code=given["code"],
        phase=given["phase"],
        prefix=given["prefix"],
        reason=given["reason"],
    )


async def _show(call: Call, request: wire_failures.PlanRequest) -> int:
    from core.cli.act_plan import lines, made
    from core.cli.link import looking
    from core.cli.output import answer

    async with looking(call) as client:
        plan = await made(client, call, request)
    how = f"the same with --confirm {plan.hash} does this and nothing else"
    answer(call, plan, [*lines(plan), how if plan.objects else "there is nothing to do"])
    return 0


async def _act(call: Call, request: wire_failures.PlanRequest, confirmed: str) -> int:
    from core.cli.act_plan import made, require_same
    from core.cli.link import live
    from core.cli.output import answer
    from core.display import count, size

    async with live(call) as client:
        plan = await made(client, call, request)
        require_same(plan, confirmed)
        job = await client.start_job(request.act, {"plan": plan.hash}, actor=call.actor)
        figures = await _ended(client, job)
    objects, size_bytes = figures.get("objects", 0), figures.get("size_bytes", 0)
    done = "skips taken back" if request.act == "unskip" else "objects skipped"
    result = {"job": job, "objects": objects, "size_bytes": size_bytes, "hash": plan.hash}
    answer(call, result, [f"{count(objects)} {done}, {size(size_bytes)}"])
    return 0


async def _ended(client: Client, job: int) -> dict[str, int]:
    """Return what a job came to, once it has ended. Raises what ended it if it failed."""
    from core.control.client import job_of
    from core.control.refusal import raised
    from core.errors import WrongState
    from core.model import JobState

    last = None
    async for now in client.follow_job(job, every_s=0.1):
        last = job_of(now, job)
    if last is None or last.state == JobState.CANCELLED:
        raise WrongState(
            what=f"job {job} was cancelled",
            where="vgwm skip",
            remedy="What it had skipped stays so: vgwm errors shows it; --undo takes it back.",
        )
    if last.result is not None:
        raise raised(last.result)
    return last.figures
