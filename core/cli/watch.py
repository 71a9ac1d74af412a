"""`vgwm watch`: a line per interval until the job ends; its exit code is the job's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.control.wire import state as wire

_FOUND_SOMETHING = 1


class WatchGiven(TypedDict):
    """The options of `vgwm watch`, as click hands them over."""

    job: int | None
    interval: str
    plan_file: Path | None


@click.command()
@click.argument("job", type=click.IntRange(min=1), required=False)
@click.option("--interval", default="60s", metavar="TIME", show_default=True, help="With its unit.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Must be the workspace's plan.",
)
@conventions
def watch(call: Call, **given: Unpack[WatchGiven]) -> int:
    """Follow a job, a line per interval.

    JOB: else the one that runs, else the last. Each line has status, health and stall reason; the
    exit code is the job's.
    """
    import asyncio

    from core.control.agree import check_plan_file, seconds

    if given["plan_file"] is not None:
        check_plan_file(call.workspace, given["plan_file"])
    interval_s = seconds(given["interval"], where="vgwm watch --interval")
    return asyncio.run(_watch(call, given["job"], interval_s))


async def _watch(call: Call, job: int | None, interval_s: float) -> int:
    from core.cli.link import live
    from core.control.client import job_of

    async with live(call) as client:
        which = _choose(await client.snapshot(), job)
        last: wire.Snapshot | None = None
        async for now in client.follow_job(which, every_s=interval_s):
            _say(call, now, which)
            last = now
    ended = None if last is None else job_of(last, which)
    return 0 if last is None or ended is None else _judge(last, ended)


def _choose(now: wire.Snapshot, job: int | None) -> int:
    from core.control.client import job_of, running_job
    from core.errors import BadInput, WrongState

    if job is not None:
        if job_of(now, job) is None:
            raise BadInput(
                what=f"there is no job {job}",
                where="vgwm watch",
                remedy="vgwm jobs lists them.",
            )
        return job
    found = running_job(now) or max(now.jobs, key=lambda one: one.id, default=None)
    if found is None:
        raise WrongState(
            what="no job has been begun",
            where="vgwm watch",
            remedy="vgwm plan begins the first.",
        )
    return found.id


def _say(call: Call, now: wire.Snapshot, job: int) -> None:
    from core.cli.follow import progress_line
    from core.cli.output import answer
    from core.control.client import job_of
    from core.control.summary import summary

    found = job_of(now, job)
    line = "" if found is None else progress_line(now, found)
    sick = [f"{node.name} {node.state}" for node in now.nodes if node.state != "ok"]
    health = ", ".join(sick) if sick else "ok"
    answer(call, summary(now), [f"{line}  health {health}"])


def _judge(last: wire.Snapshot, job: wire.Job) -> int:
    from core.control.refusal import raised
    from core.model import JobKind, JobState

    if job.state == JobState.FAILED and job.result is not None:
        raise raised(job.result)
    failed = job.kind == JobKind.COPY and last.totals.failed > 0
    return _FOUND_SOMETHING if job.state != JobState.DONE or failed else 0
