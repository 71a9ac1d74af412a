"""`vgwm copy`: carry the planned objects to the target, or go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers
from core.cli.knobs import knob_options

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import state as wire

_FILE = click.Path(path_type=Path, dir_okay=False)
_SOME_FAILED = 1


class CopyGiven(TypedDict):
    """The options of `vgwm copy`, as click hands them over."""

    plan: Path | None
    log_file: Path | None
    detach: bool
    foreground: bool
    dry_run: bool
    knobs: dict[str, str]


@click.command()
@click.option("--plan", type=_FILE, metavar="FILE", help="Must be the workspace's plan.")
@click.option("--log-file", type=_FILE, metavar="FILE", help="Append what happens to it.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@knob_options(
    "workers",
    "batch_size",
    "retry_attempts",
    "retry_delay",
    "timeout",
    "segment_size",
    "segment_concurrency",
)
@conventions
@steers
def copy(call: Call, **given: Unpack[CopyGiven]) -> int:
    """Copy, pin and record what is planned. Again: goes on where it stopped.

    Exit 1 if objects failed; vgwm errors lists them.
    """
    from core.cli.run import Errand, Manner, Verdict, run_job
    from core.control import facts
    from core.control.agree import check_plan_file
    from core.control.summary import summary

    if given["plan"] is not None:
        check_plan_file(call.workspace, given["plan"])
    if given["dry_run"]:
        return _dry(call, given["knobs"])

    async def judge(_client: Client, last: wire.Snapshot) -> Verdict:
        lines = [facts.line(fact) for fact in facts.total_facts(last)]
        return Verdict(summary(last), lines, _SOME_FAILED if last.totals.failed else 0)

    return run_job(
        call,
        Errand(kind="copy", args={}, knobs=given["knobs"], judge=judge),
        Manner(detach=given["detach"], foreground=given["foreground"], log_file=given["log_file"]),
    )


def _dry(call: Call, knobs: dict[str, str]) -> int:
    import asyncio

    from core.cli.link import looking
    from core.cli.output import answer
    from core.display import count, size

    async def look() -> int:
        async with looking(call) as client:
            await client.plan()
            now = await client.snapshot()
        totals = now.totals
        left_bytes = max(0, totals.size_bytes - totals.migrated_bytes)
        left = totals.bundles - totals.bundles_recorded
        far = f"{count(totals.remaining)} objects, {size(left_bytes)}, in {count(left)} bundles"
        lines = [
            f"would copy {far}, to {now.workspace.target}",
            *(f"would set {name} to {value} first" for name, value in knobs.items()),
        ]
        result = {
            "remaining": totals.remaining,
            "remaining_bytes": left_bytes,
            "bundles": left,
            "knobs": knobs,
        }
        answer(call, result, lines)
        return 0

    return asyncio.run(look())
