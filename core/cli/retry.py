"""`vgwm retry`: try failed objects again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from core.cli.call import Call
    from core.cli.run import Verdict
    from core.control.client import Client
    from core.control.wire import failures as wire_failures
    from core.control.wire import state as wire

_FILE = click.Path(path_type=Path, dir_okay=False)
_SOME_FAILED = 1


class RetryGiven(TypedDict):
    """The options of `vgwm retry`, as click hands them over."""

    plan: Path | None
    names: Path | None
    code: str
    phase: str
    prefix: str
    max_attempts: int
    dry_run: bool
    confirm: str | None
    detach: bool
    foreground: bool


@click.command()
@click.option("--plan", type=_FILE, metavar="FILE", help="Must be the workspace's plan.")
@click.option("--from", "names", type=_FILE, metavar="F", help="Only the objects in this file.")
@click.option("--class", "code", metavar="C", default="", help="Only this class.")
@click.option("--phase", metavar="P", default="", help="Only what failed in this phase.")
@click.option("--prefix", metavar="P", default="", help="Only objects whose BUCKET/KEY begins so.")
@click.option(
    "--max-attempts",
    type=click.IntRange(1, 100),
    default=5,
    show_default=True,
    metavar="N",
    help="Tries that an object gets while it changes under its reader.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and its hash, and do nothing.")
@click.option("--confirm", metavar="HASH", help="Only if the plan is still this one.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def retry(call: Call, **given: Unpack[RetryGiven]) -> int:
    """Copy failed objects again, in bundles of their own.

    Never skipped ones, nor what waits to be copied. F has a line an object: BUCKET/KEY, or as
    `errors --json` prints it; an unknown one: 2, and nothing is done. Exit 1 if objects fail again.
    """
    import asyncio

    from core.cli.act_plan import lines
    from core.cli.output import answer, note
    from core.cli.run import Errand, Manner, run_job
    from core.control.agree import check_plan_file

    if given["plan"] is not None:
        check_plan_file(call.workspace, given["plan"])
    request = _request(call, given)
    plan = asyncio.run(_looked(call, request))
    if plan is not None:
        if given["dry_run"]:
            how = f"{plan.command} --confirm {plan.hash} does this and nothing else"
            answer(call, plan, [*lines(plan), *([how] if plan.objects else [])])
            return 0
        if not plan.objects:
            answer(call, _came_to({}), ["no failed object to try again"])
            return 0
        for line in lines(plan):
            note(call, line)

    shown = given["confirm"]
    if shown is None and plan is not None:
        shown = plan.hash

    async def confirmed(client: Client) -> Mapping[str, str]:
        return await _confirmed(client, call, request, shown)

    return run_job(
        call,
        Errand(
            kind="retry",
            # without a hash again means go on, with whichever is at work
            args=None if shown is None else {"plan": shown},
            knobs={},
            judge=_judge,
            ask=confirmed,
        ),
        Manner(detach=given["detach"], foreground=given["foreground"]),
    )


def _request(call: Call, given: RetryGiven) -> wire_failures.PlanRequest:
    from core.cli.object_list import read_names
    from core.control.wire import failures as wire_failures

    return wire_failures.PlanRequest(
        act="retry",
        actor=call.actor,
        names=() if given["names"] is None else read_names(given["names"]),
        code=given["code"],
        phase=given["phase"],
        prefix=given["prefix"],
        max_attempts=given["max_attempts"],
    )


async def _looked(call: Call, request: wire_failures.PlanRequest) -> wire_failures.ActPlan | None:
    """Return what would be done; None while a retry is at work, which is followed instead."""
    from core.cli.act_plan import made
    from core.cli.link import looking
    from core.control.client import running_job

    async with looking(call) as client:
        if running_job(await client.snapshot(), kind="retry") is not None:
            return None
        return await made(client, call, request)


async def _confirmed(
    client: Client, call: Call, request: wire_failures.PlanRequest, wanted: str | None
) -> Mapping[str, str]:
    """Return the job's args: the hash of the plan, as the engine that is to do it makes it."""
    from core.cli.act_plan import made, require_same

    plan = await made(client, call, request)
    if wanted is not None:
        require_same(plan, wanted)
    return {"plan": plan.hash}


async def _judge(client: Client, last: wire.Snapshot) -> Verdict:
    from core.cli.run import Verdict
    from core.display import count

    del client
    job = max((job for job in last.jobs if job.kind == "retry"), key=lambda job: job.id)
    came = _came_to(job.figures)
    told = ", ".join(f"{count(n)} {name.replace('_', ' ')}" for name, n in came.items())
    return Verdict({"job": job.id, **came}, [told], _SOME_FAILED if came["still_failed"] else 0)


def _came_to(figures: Mapping[str, int]) -> dict[str, int]:
    return {name: figures.get(name, 0) for name in ("queued", "recovered", "still_failed", "gone")}
