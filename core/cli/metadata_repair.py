"""`vgwm metadata repair`: what a check or a verification found, mended by plan."""

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
    from core.control.wire import metadata as wire_metadata
    from core.control.wire import state as wire

_FOUND_SOMETHING = 1
_EVERY_S = 0.2
_LEFT_SHOWN = 5


class RepairGiven(TypedDict):
    """The options of `vgwm metadata repair`, as click hands them over."""

    report: Path | None
    unpin: tuple[str, ...]
    auto_fix: bool
    dry_run: bool
    confirm: str | None
    detach: bool
    foreground: bool


@click.command()
@click.option(
    "--from",
    "report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="REPORT",
    help="Lists of a check or a verification, such as reports/verify-12; else the newest check.",
)
@click.option(
    "--unpin",
    multiple=True,
    metavar="ROOT",
    help="Remove this orphan pin or file, too; repeatable.",
)
@click.option("--auto-fix", is_flag=True, help="Check first, and plan what mends that.")
@click.option("--dry-run", is_flag=True, help="As without --confirm.")
@click.option("--confirm", metavar="HASH", help="Do the plan that was shown under this hash.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def repair(call: Call, **given: Unpack[RepairGiven]) -> int:
    """Mend what a check or a verification found.

    Bundles get blocks, pins, files and manifests back, from other copies or from the source; rows
    are written again where the present one is ours or absent; cached rows are dropped. What green
    may own is never touched, and an orphan pin goes only by its name. What nothing gives back under
    its root is read from the source again, into new bundles. Alone it prints its plan and a hash;
    --confirm HASH does that plan and nothing else. What was replaced is kept in reports/repair-JOB.
    Exit 1 if something is left, 3 if the newest check ended early: it says nothing of the rest.
    """
    import asyncio

    from core.cli.output import answer, note
    from core.cli.run import Errand, Manner, run_job
    from core.errors import BadInput

    if given["auto_fix"] and given["report"] is not None:
        raise BadInput(
            what="--auto-fix checks anew, and --from names a report",
            where="vgwm metadata repair",
            remedy="Leave one out.",
        )
    if given["auto_fix"]:
        from core.cli.metadata_check import checked

        checked(call, foreground=given["foreground"])
    request = _request(call, given)
    confirm = given["confirm"]
    if confirm is None or given["dry_run"]:
        plan, since = asyncio.run(_looked(call, request))
        answer(call, plan, _lines(plan))
        if since:
            note(call, f"job {since} mended since this report: vgwm metadata check looks anew")
        if plan.steps:
            note(call, f"to do it: {plan.command} --confirm {plan.hash}")
        return 0

    async def confirmed(client: Client) -> Mapping[str, str]:
        return await _confirmed(client, request, confirm)

    return run_job(
        call,
        Errand(kind="repair", args={"plan": confirm}, knobs={}, judge=_judge, ask=confirmed),
        Manner(detach=given["detach"], foreground=given["foreground"]),
    )


def _request(call: Call, given: RepairGiven) -> wire_metadata.RepairRequest:
    from core.control.wire import metadata as wire_metadata

    named = given["report"]
    # a folder where the command stands, or one of the workspace's reports by its name
    report = "" if named is None else str(named.absolute() if named.is_dir() else named)
    return wire_metadata.RepairRequest(actor=call.actor, report=report, unpin=given["unpin"])


async def _looked(
    call: Call, request: wire_metadata.RepairRequest
) -> tuple[wire_metadata.RepairPlan, int]:
    """Return a plan, and the newest repair that wrote after its report; 0: none did."""
    from core.cli.link import looking

    async with looking(call) as client:
        plan = await _made(client, request)
        now = await client.snapshot()
    of = int(plan.report.rpartition("-")[2])
    return plan, max(
        (one.id for one in now.jobs if one.kind == "repair" and one.id > of), default=0
    )


async def _made(client: Client, request: wire_metadata.RepairRequest) -> wire_metadata.RepairPlan:
    """Return a plan once it is made. Raises what kept it from being made."""
    import asyncio

    from core.control.refusal import raised

    plan = await client.make_repair(request)
    while plan.state == "making":
        await asyncio.sleep(_EVERY_S)
        plan = await client.repair(plan.id)
    if plan.error is not None:
        raise raised(plan.error)
    return plan


async def _confirmed(
    client: Client, request: wire_metadata.RepairRequest, wanted: str
) -> Mapping[str, str]:
    """Return the job's args: the plan's hash, made anew by the engine that is to do it."""
    from core.display import safe
    from core.errors import Refused

    plan = await _made(client, request)
    if plan.hash != wanted:
        now = "; ".join(line.strip() for line in _lines(plan))
        raise Refused(
            what=f"--confirm {safe(wanted)} is not the plan as it is now: {now}; nothing was done",
            where="vgwm metadata repair",
            remedy="Look at the plan again, and confirm that one.",
        )
    return {"plan": plan.hash}


def _lines(plan: wire_metadata.RepairPlan) -> list[str]:
    """Return a plan as plain lines."""
    from core.display import count, counted

    part = ", which ended early: of what it did not look at it says nothing" if plan.partial else ""
    if not plan.steps and not plan.left:
        return [f"{plan.report}: nothing to mend{part}"]
    head = f"plan {plan.hash} of {plan.report}" if plan.steps else f"{plan.report}: no step"
    told = [f"{head}{part}"]
    for number, step in enumerate(plan.steps, 1):
        kinds = ", ".join(f"{count(n)} {kind}" for kind, n in step.kinds.items())
        where = f" in {counted(step.bundles, 'bundle')}" if step.bundles else ""
        told.append(f"  {number} {step.text}: {kinds}{where}")
    told += [f"  left alone: {count(one.count)} {one.kind}. {one.remedy}" for one in plan.left]
    told += [f"    orphan pin {root}" for root in plan.orphans]
    return told


async def _judge(client: Client, last: wire.Snapshot) -> Verdict:
    from core.cli.run import Verdict
    from core.display import figure

    del client
    job = max((job for job in last.jobs if job.kind == "repair"), key=lambda job: job.id)
    came = job.figures
    told = ", ".join(figure(n, name) for name, n in came.items() if n)
    lines = [f"repaired: {told or 'nothing was wrong any more'}"]
    if came.get("left"):
        folder = f"reports/repair-{job.id}"
        lines += _first_left(Path(last.workspace.path) / folder / "left.ndjson")
        lines.append(f"what is left, and why: {folder}/left.ndjson")
    return Verdict({"job": job.id, **came}, lines, _FOUND_SOMETHING if came.get("left") else 0)


def _first_left(path: Path) -> list[str]:
    """Return the first things that a repair left, with their reasons; none if nobody can look."""
    from itertools import islice
    from json import JSONDecodeError, loads

    try:
        with path.open("rb") as file:
            told = [loads(line) for line in islice(file, _LEFT_SHOWN)]
    except (OSError, JSONDecodeError):
        return []
    return [
        f"  {one['what']}: {one['why']}" for one in told
    ]  # both were made safe as they were written
