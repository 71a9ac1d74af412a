"""`vgwm status`: how far the migration is, also without an engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.control.fact import Fact
    from core.control.wire import state as wire


@click.command()
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Must be the workspace's plan.",
)
@conventions
def status(call: Call, *, plan_file: Path | None) -> int:
    """Show how far the migration is.

    Counts, rate, ETA or stall, jobs, workers, nodes. total = migrated + failed + skipped + gone +
    remaining. With the engine down the ledger answers.
    """
    import asyncio

    from core.cli.link import looking
    from core.cli.output import answer
    from core.control import facts
    from core.control.agree import check_plan_file
    from core.control.assess.lines import last_fact
    from core.control.summary import summary

    if plan_file is not None:
        check_plan_file(call.workspace, plan_file)

    async def look() -> int:
        async with looking(call) as client:
            now, assessed = await client.snapshot(), await client.checks()
        shown = facts.facts(now) if call.plain else _short(now)
        lines = [facts.line(fact) for fact in (*shown, last_fact(assessed))]
        answer(call, summary(now), lines)
        return 0

    return asyncio.run(look())


def _short(now: wire.Snapshot) -> list[Fact]:
    """Return what fits a screen; --plain prints knobs and events too."""
    from core.control import facts

    return [
        *facts.workspace_facts(now),
        *facts.total_facts(now),
        *facts.speed_facts(now),
        *facts.lag_facts(now),
        *(facts.job_fact(job, now.at_ns) for job in now.jobs),
        *(facts.worker_fact(worker) for worker in now.workers),
        *(facts.node_fact(node) for node in now.nodes),
        *facts.loss_facts(now),
    ]
