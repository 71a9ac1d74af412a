"""`vgwm jobs`, `pause`, `resume`, `cancel`: the engine's jobs and their life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from core.cli.call import Call


@click.command()
@conventions
def jobs(call: Call) -> int:
    """List the newest jobs, the last one last, and the newest of each kind.

    How many older ones are left out is said. Also without an engine.
    """
    import asyncio

    from core.cli.link import looking
    from core.cli.output import listing, note
    from core.control import facts
    from core.display import counted

    async def look() -> int:
        async with looking(call) as client:
            now = await client.snapshot()
        rows = sorted(now.jobs, key=lambda job: job.id)
        # no job is ever taken out of the ledger: the last number counts them
        older = rows[-1].id - len(rows) if rows else 0
        if older:
            note(call, f"{counted(older, 'older job')} left out")
        listing(call, rows, [facts.line(facts.job_fact(job, now.at_ns)) for job in rows])
        return 0

    return asyncio.run(look())


@click.command()
@click.argument("job", type=click.IntRange(min=1), required=False)
@conventions
@steers
def pause(call: Call, *, job: int | None) -> int:
    """Hold a job where it is: no byte moves within 2 s.

    JOB: else the one that runs.
    """
    return _act(call, "pause", job)


@click.command()
@click.argument("job", type=click.IntRange(min=1), required=False)
@conventions
@steers
def resume(call: Call, *, job: int | None) -> int:
    """Let a paused job go on.

    JOB: else the one that has not ended.
    """
    return _act(call, "resume", job)


@click.command()
@click.argument("job", type=click.IntRange(min=1), required=False)
@conventions
@steers
def cancel(call: Call, *, job: int | None) -> int:
    """End a job; what it recorded stays.

    JOB: else the one that runs. The rest can be begun again.
    """
    return _act(call, "cancel", job)


def _act(call: Call, verb: Literal["pause", "resume", "cancel"], job: int | None) -> int:
    import asyncio

    from core.cli.link import live
    from core.cli.output import answer
    from core.control.client import job_of, running_job
    from core.errors import WrongState

    async def act() -> int:
        async with live(call) as client:
            which = job
            if which is None:
                found = running_job(await client.snapshot())
                if found is None:
                    raise WrongState(
                        what=f"no job runs that one could {verb}",
                        where=f"vgwm {call.command}",
                        remedy="vgwm jobs lists them.",
                    )
                which = found.id
            await getattr(client, verb)(which, actor=call.actor)
            after = job_of(await client.snapshot(), which)
        state = "unknown" if after is None else after.state
        answer(call, {"job": which, "state": state}, [f"job {which} {state}"])
        return 0

    return asyncio.run(act())
