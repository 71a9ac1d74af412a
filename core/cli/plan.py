"""`vgwm plan`: walk the source into the ledger; `vgwm plan show`: what came of it."""

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
    from core.control.plan_shown import PlanShown
    from core.control.wire import state as wire

_FILE = click.Path(path_type=Path, dir_okay=False)
STRATEGIES = ("blue-green", "rolling", "big-bang")
_INCOMPLETE = 1


class PlanGiven(TypedDict):
    """The options of `vgwm plan`, as click hands them over."""

    source_backend: str | None
    source_path: str | None
    target_backend: str | None
    output: Path | None
    force: bool
    strategy: str | None
    slices: tuple[str, ...]
    log_file: Path | None
    detach: bool
    foreground: bool
    dry_run: bool
    knobs: dict[str, str]


@click.group(invoke_without_command=True)
@click.option("--source-backend", metavar="KIND", help="Must be the workspace's.")
@click.option("--source-path", metavar="PATH", help="Must be the workspace's.")
@click.option("--target-backend", metavar="KIND", help="Must be the workspace's.")
@click.option("--output", type=_FILE, metavar="FILE", help="Write the plan there too, as JSON.")
@click.option("--force", is_flag=True, help="Replace an existing --output; the old one is kept.")
@click.option("--strategy", type=click.Choice(STRATEGIES), help="How to cut over later.")
@click.option(
    "--slice",
    "slices",
    multiple=True,
    metavar="NAME=BUCKET,..",
    help="Buckets that are cut over together; the others are slice `rest`.",
)
@click.option("--log-file", type=_FILE, metavar="FILE", help="Append what happens to it.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@knob_options("batch_size", "bundle_bytes", "large_threshold")
@conventions
@steers
def plan(call: Call, **given: Unpack[PlanGiven]) -> int:
    """Walk the source into the ledger.

    Once, in key order, read-only. Again: it goes on where it stopped; a plan that is whole takes
    over --strategy and --slice.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return 0
    from core.cli.run import Errand, Manner, Verdict, run_job
    from core.control.agree import check_agreement, check_slices
    from core.control.files import (
        refuse_existing,
        refuse_irregular,
        refuse_nowhere,
        refuse_place,
        replace_file,
    )
    from core.control.plan_shown import shown, text

    check_agreement(
        call.workspace,
        source_backend=given["source_backend"],
        source_path=given["source_path"],
        target_backend=given["target_backend"],
    )
    check_slices(call.workspace, given["slices"])
    output = given["output"]
    if output is not None:
        refuse_place(call.workspace, output)
        refuse_nowhere(output)
        refuse_irregular(output)
        if not given["force"]:
            refuse_existing(output)
    if given["dry_run"]:
        return _dry(call, given["knobs"])

    async def judge(client: Client, _last: wire.Snapshot) -> Verdict:
        made = await shown(client)
        if output is not None:
            replace_file(output, text(made))
        return Verdict(made, plan_lines(made), 0 if made.complete else _INCOMPLETE)

    args = {} if given["strategy"] is None else {"strategy": given["strategy"]}
    if given["slices"]:
        args["slices"] = " ".join(given["slices"])
    return run_job(
        call,
        Errand(kind="plan", args=args, knobs=given["knobs"], judge=judge),
        Manner(detach=given["detach"], foreground=given["foreground"], log_file=given["log_file"]),
    )


@plan.command()
@click.option("--strategy", type=click.Choice(STRATEGIES), help="Spell another one out.")
@click.option("--cannot-carry", is_flag=True, help="List, by name, what the target cannot show.")
@conventions
def show(call: Call, *, strategy: str | None, cannot_carry: bool) -> int:
    """Show the stored plan.

    Its counts, sizes and hash, what the target cannot show, and how its strategy goes.
    """
    import asyncio

    from core.cli.link import looking
    from core.cli.output import answer, listing
    from core.control.failures.cannot_carry import left_behind
    from core.control.plan_shown import shown

    if cannot_carry:
        rows = left_behind(call.workspace)
        listing(call, rows, (row.line() for row in rows))
        return 0

    async def look() -> int:
        async with looking(call) as client:
            made = await shown(client)
        answer(call, made, plan_lines(made, strategy or ""))
        return 0

    return asyncio.run(look())


def plan_lines(made: PlanShown, strategy: str = "") -> list[str]:
    """Return a plan as plain lines, with the way of its strategy or of another."""
    from core.control.crossing.strategies import course
    from core.display import count, counted, size

    lines = [
        f"plan       {made.hash}  of workspace {made.id}, {made.strategy}",
        f"source     {made.source}  {counted(made.buckets, 'bucket')}",
        f"target     {made.target}  profile {made.profile}, CIDs {made.cid_profile}"
        + ("" if made.replication is None else f", {made.replication} copies"),
        f"objects    {count(made.objects)}  {size(made.size_bytes)}",
        f"bundles    {count(made.bundles)}",
        f"history    {count(made.versions)} versions, {count(made.markers)} delete markers",
        f"skipped    {count(made.skipped)}",
    ]
    lines += [
        f"  {label:<10} {count(n):>15}  {size(n_bytes)}" for label, n, n_bytes in made.histogram
    ]
    lines += [
        f"! {name.removeprefix('integrity:')} sums in the source: {count(n)}"
        if name.startswith("integrity:")
        else f"! cannot carry {name}: {count(n)}"
        for name, n in sorted(made.unrepresentable.items())
        if n
    ]
    if not made.complete:
        lines.append(
            "! incomplete: not every entry of the source could be read; vgwm errors lists them"
        )
    return [*lines, *made.more(), *course(made, strategy).lines()]


def _dry(call: Call, knobs: dict[str, str]) -> int:
    import asyncio

    from core.cli.link import looking
    from core.cli.output import answer

    async def look() -> int:
        async with looking(call) as client:
            now = await client.snapshot()
        ws = now.workspace
        verb = "go on with" if ws.planned or now.totals.objects else "make"
        lines = [f"would {verb} the plan of workspace {ws.id}: walk {ws.source} once, read-only"]
        lines += [f"would set {name} to {value} first" for name, value in knobs.items()]
        answer(call, {"source": ws.source, "planned": ws.planned, "knobs": knobs}, lines)
        return 0

    return asyncio.run(look())
