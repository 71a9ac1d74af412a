"""`vgwm missing`: name what is on one side only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.cli.run import Verdict
    from core.control.client import Client
    from core.control.wire import state as wire

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOUND_SOMETHING = 1
_SIDES = (
    ("missing", "missing on the target"),
    ("extra", "extra on the target"),
    ("error", "could not be looked at"),
)


@click.command()
@click.option("--plan", type=_FILE, metavar="FILE", help="Must be the workspace's plan.")
@click.option(
    "--write",
    "output",
    type=_FILE,
    metavar="F",
    help="Write those that failed, for retry --from F.",
)
@click.option("--force", is_flag=True, help="Replace an existing F; the old one is kept.")
@click.option("--bucket", "buckets", multiple=True, metavar="B", help="Only this; repeatable.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def missing(  # noqa: PLR0913 - the options of one command
    call: Call,
    *,
    plan: Path | None,
    output: Path | None,
    force: bool,
    buckets: tuple[str, ...],
    foreground: bool,
) -> int:
    """Name what is on one side only: the join of `verify`, both ways, without its bytes.

    Missing on the target: not copied yet, failed, changed since, or its row is gone. Extra there:
    deleted at the source, or a row that no copy made. Exit 1 if there is any, or one that could
    not be looked at: of it nothing is said.
    """
    from core.cli.run import Errand, Manner, run_job
    from core.control.agree import check_plan_file
    from core.control.files import refuse_existing, refuse_irregular, refuse_nowhere, refuse_place

    if plan is not None:
        check_plan_file(call.workspace, plan)
    if output is not None:
        refuse_place(call.workspace, output)
        refuse_nowhere(output)
        refuse_irregular(output)
        if not force:
            refuse_existing(output)

    async def judge(client: Client, last: wire.Snapshot) -> Verdict:
        return await _judge(client, last, output)

    async def ask(client: Client) -> dict[str, str]:
        from core.control.slice_buckets import buckets_of

        named = await buckets_of(client, buckets, ())
        return {"sample": "0"} | ({"bucket": ",".join(named)} if named else {})

    errand = Errand(kind="verify", args=None, knobs={}, judge=judge, ask=ask, like=ask)
    return run_job(call, errand, Manner(foreground=foreground))


async def _judge(client: Client, last: wire.Snapshot, output: Path | None) -> Verdict:
    from core.cli.proof_lines import row_line, sizes
    from core.cli.run import Verdict
    from core.control.proof.missing_names import write_failed
    from core.control.proof.next_steps import next_steps
    from core.display import count

    job = max((job for job in last.jobs if job.kind == "verify"), key=lambda job: job.id)
    proof = await client.proof(job.id)
    lines: list[str] = []
    for name, words in _SIDES:
        size = sizes(proof)[name]
        lines.append(f"{size.sign} {count(size.objects)} {words}")
        if size.rows:
            page = await client.view(name, limit=20, job=proof.job)
            lines += [row_line(row) for row in page.rows]
            if page.total > len(page.rows):
                lines.append(f"  {count(page.total)} in {proof.folder}/{name}.ndjson")
    lines += next_steps(proof, [name for name, _ in _SIDES])
    written = None
    if output is not None:
        written = await write_failed(client, proof.job, output)
        lines.append(
            f"{count(written)} that failed are in {output}: vgwm retry --from {output}"
            if written
            else "none of the missing failed: nothing is written. What is planned comes with"
            " vgwm copy, what came or changed since with vgwm sync, a lost row with vgwm metadata"
            " repair."
        )
    # rows, for a key that differs and could not be read in full counts as different alone
    unread = sizes(proof)["error"].rows
    if unread:
        lines.append(
            "Whether these are missing is unknown: vgwm missing looks again, vgwm errors lists"
            " what failed to copy."
        )
    found = unread + sum(sizes(proof)[name].objects for name in ("missing", "extra"))
    code = _FOUND_SOMETHING if found or proof.partial else 0
    return Verdict({"proof": proof, "written": written}, lines, code)
