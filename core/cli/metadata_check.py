"""`vgwm metadata check`: ledger, table, pins and cache held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from core.cli.call import Call
    from core.cli.run import Verdict
    from core.control.client import Client
    from core.control.wire import state as wire
    from core.control.wire import verify as wire_verify

_FOUND_SOMETHING = 1
_NO_VERDICT = 4
_SHOWN = 20


@click.command()
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def check(call: Call, *, detach: bool, foreground: bool) -> int:
    """Hold ledger, object table, pins and cache against each other; the source is not asked.

    Finds no_row, no_pin, wrong_cid, stale_cache, orphan_pin and orphan_row, and sizes, metadata and
    manifests that are others. Its lists stand in reports/check-JOB; metadata repair mends them.
    Exit 1 if something is found, 4 if somebody could not be asked and nothing was found.
    """
    from core.cli.run import Errand, Manner, run_job

    return run_job(
        call,
        Errand(kind="check", args={}, knobs={}, judge=_judge),
        Manner(detach=detach, foreground=foreground),
    )


def checked(call: Call, *, foreground: bool) -> None:
    """Check and see it through, for a command that goes on with what was found."""
    import asyncio

    from core.cli.follow import Follower, follow
    from core.cli.link import working
    from core.cli.output import note
    from core.control.client import running_job
    from core.model import JobKind

    async def whole() -> None:
        async with working(call, foreground=foreground) as client:
            now = await client.snapshot()
            at_work = running_job(now, kind=JobKind.CHECK)
            job = at_work.id if at_work else await client.start_job("check", {}, actor=call.actor)
            await follow(client, Follower(call, job), job)
            proof = await client.proof(job)
            for line in await _lines(client, proof):
                note(call, line)

    asyncio.run(whole())


async def _judge(client: Client, last: wire.Snapshot) -> Verdict:
    from core.cli.run import Verdict

    job = max((job for job in last.jobs if job.kind == "check"), key=lambda job: job.id)
    proof = await client.proof(job.id)
    return Verdict(proof, await _lines(client, proof), _code(proof))


async def _lines(client: Client, proof: wire_verify.Proof) -> list[str]:
    """Return what was compared, what was found by kind, and the first of it by name."""
    from core.display import count, counted

    sound = next((one.objects for one in proof.lists if one.name == "equal"), 0)
    rows, bundles = counted(sound, "row"), counted(proof.bundles, "bundle")
    told = [
        f"{rows} agree with the ledger, {bundles} looked at"
        if proof.kinds
        else f"{rows} and {bundles} agree with the ledger"
    ]
    told += [f"{one.kind:<16} {count(one.rows):>11}  in {one.name}.ndjson" for one in proof.kinds]
    left = _SHOWN
    for name in ("missing", "differ", "extra", "error"):
        if left and any(one.name == name for one in proof.kinds):
            page = await client.view(name, limit=left, job=proof.job)
            told += [_line(row) for row in page.rows]
            left -= len(page.rows)
    if any(one.kind != "unread" for one in proof.kinds):
        told.append(f"lists in {proof.folder}; what mends them: vgwm metadata repair --dry-run")
    return told


def _line(row: wire_verify.ViewRow) -> str:
    at = f" at {row.where}" if row.where else ""
    said = f": {row.field} {row.wanted or '-'}, found {row.found or '-'}" if row.field else ""
    return f"  {row.kind:<14} {row.object}{at}{said}"


def _code(proof: wire_verify.Proof) -> int:
    if any(one.kind != "unread" for one in proof.kinds):
        return _FOUND_SOMETHING
    return _NO_VERDICT if proof.kinds else 0
