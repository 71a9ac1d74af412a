"""`vgwm report`: the guide's validation list, each item with its state and evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from core.cli.call import Call


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write it there: report.html, report.json, not-carried.ndjson.",
)
@click.option("--offline", is_flag=True, help="Ask no server: from the ledger alone.")
@click.option("--force", is_flag=True, help="Replace an existing report; the old one is kept.")
@conventions
def report(call: Call, *, output: Path | None, offline: bool, force: bool) -> int:
    """Say what the migration came to.

    The guide's validation list, each item pass, fail or unknown with its evidence and age; counts,
    what proofs found, what was not carried, the timeline, versions, the chain of events. Read from
    the ledger, with or without an engine; servers are asked for their versions, and the target's
    gateways for a login. Exit 7 if the ledger contradicts itself, 1 if an item fails, 4 if none
    does but one is unknown.
    """
    import asyncio

    from core.cli.output import answer
    from core.cli.report_lines import code_of, report_lines
    from core.control.report.desk import report as make

    made, files = asyncio.run(make(call.workspace, output=output, offline=offline, force=force))
    lines = [*report_lines(made), *(f"wrote      {path}" for path in files)]
    answer(call, made, lines)
    return code_of(made)
