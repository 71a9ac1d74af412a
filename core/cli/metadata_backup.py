"""`vgwm metadata backup`: the object table written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call

_FOLDER = "backups"


class BackupGiven(TypedDict):
    """The options of `vgwm metadata backup`, as click hands them over."""

    output: Path | None
    force: bool
    dry_run: bool
    detach: bool
    foreground: bool


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="F",
    help="Where; else a dated file in backups/ of the workspace.",
)
@click.option("--force", is_flag=True, help="Replace an existing file; the old one is kept.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def backup(call: Call, **given: Unpack[BackupGiven]) -> int:
    """Write the object table to a file that a restore takes.

    NDJSON: a line that says whose it is, a line a row, a line with the count and the hash of all
    before. Mode 0600; written beside, read back, then named. Other jobs may run meanwhile.
    """
    import asyncio

    from core.control.files import refuse_existing, refuse_nowhere, refuse_place

    output = _place(call, given["output"])
    if given["output"] is not None:
        refuse_nowhere(output)
        refuse_place(call.workspace, output)
    if not given["force"]:
        refuse_existing(output)
    return asyncio.run(_run(call, output, given))


def _place(call: Call, named: Path | None) -> Path:
    from datetime import UTC, datetime

    if named is not None:
        return named.absolute()
    stamp = datetime.now(tz=UTC).strftime("%Y%m%dT%H%M%SZ")
    return call.workspace / _FOLDER / f"metadata-{stamp}.ndjson"


async def _run(call: Call, output: Path, given: BackupGiven) -> int:
    import os

    from core import display
    from core.cli.keeping_plan import followed, made, path_text, told
    from core.cli.link import looking, working
    from core.cli.output import answer
    from core.control.wire.keeping import KeepingRequest
    from core.errors import BadInput
    from core.model import JobKind

    shown = display.safe(os.fsencode(output))
    if given["dry_run"]:
        async with looking(call) as client:
            plan = await made(client, KeepingRequest(actor=call.actor, act="backup"))
        if plan.present is None:
            raise BadInput(
                what="there is no object table to keep",
                where=plan.table,
                remedy="vgwm check metadata says what is there.",
            )
        rows = plan.present
        result = {"output": shown, "rows": rows, "dry_run": True}
        answer(call, result, [f"{display.count(rows)} rows of {plan.table} would go to {shown}"])
        return 0
    async with working(call, foreground=given["foreground"]) as client:
        args = {"output": path_text(output), "force": "1" if given["force"] else ""}
        job = await client.start_job(JobKind.BACKUP, args, actor=call.actor)
        if given["detach"]:
            answer(call, {"job": job}, [f"job {job}: vgwm watch {job} follows it"])
            return 0
        ended = await followed(call, client, job)
    rows = ended.figures.get("rows", 0)
    answer(call, {"output": shown, **told(ended)}, [f"{display.count(rows)} rows kept in {shown}"])
    return 0
