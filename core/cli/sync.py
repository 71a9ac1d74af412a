"""`vgwm sync`: bring over what changed at the source since the copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers
from core.cli.knobs import knob_options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from core.cli.call import Call
    from core.cli.run import Verdict
    from core.control.client import Client
    from core.control.wire import state as wire

_FILE = click.Path(path_type=Path, dir_okay=False)
_SOME_FAILED = 1


class SyncGiven(TypedDict):
    """The options of `vgwm sync`, as click hands them over."""

    plan: Path | None
    since: str
    full: bool
    watch: bool
    once: bool
    dry_run: bool
    accept: str
    rebundle: bool
    confirm: str | None
    detach: bool
    foreground: bool
    knobs: dict[str, str]


@click.command()
@click.option("--plan", type=_FILE, metavar="FILE", help="Must be the workspace's plan.")
@click.option(
    "--since", default="", metavar="T", help="Read what changed since T again, too: a time, or 24h."
)
@click.option("--full", is_flag=True, help="Read every object again, whatever its stamps say.")
@click.option("--watch", is_flag=True, help="Go on with rounds until the job is cancelled.")
@click.option("--once", is_flag=True, help="One round.")
@click.option("--dry-run", is_flag=True, help="Look what a round would find, and write nothing.")
@click.option("--accept", default="", metavar="HASH", help="Do the deletes that wait, as shown.")
@click.option("--rebundle", is_flag=True, help="Give what is left of wasteful bundles a new root.")
@click.option("--confirm", metavar="HASH", help="Do it, if the plan of --rebundle is this one.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@knob_options("round_interval", "freeze_budget", "max_delete", "workers")
@conventions
@steers
def sync(call: Call, **given: Unpack[SyncGiven]) -> int:
    """Walk the source against the ledger, and carry what differs: adds, changes, deletes.

    Rounds go on until a pause of writes would be short; each finds what came since the last.
    Many deletes, and a bucket that vanished or lost its last object, wait for --accept. Exit 1 if
    objects failed.
    """
    from core.cli.run import Errand, Manner, run_job
    from core.control.agree import check_plan_file

    if given["plan"] is not None:
        check_plan_file(call.workspace, given["plan"])
    _require_sense(given)
    manner = Manner(detach=given["detach"], foreground=given["foreground"])
    if given["rebundle"]:
        from core.cli.sync_rebundle import rebundle

        return rebundle(call, given["confirm"], manner)
    args = _args(given)
    return run_job(call, Errand(kind="sync", args=args, knobs=given["knobs"], judge=_judge), manner)


def _require_sense(given: SyncGiven) -> None:
    """Raise BadInput for options that contradict each other."""
    from core.errors import BadInput

    said = [name for name, value in given.items() if value]
    rounds = [name for name in said if name in {"watch", "once", "dry_run"}]
    looks = [name for name in said if name in {"since", "full", "accept", *rounds}]
    if given["rebundle"] and looks:
        wrong = ["rebundle", looks[0]]
    elif given["confirm"] is not None and not given["rebundle"]:
        wrong = ["confirm"]
    elif given["since"] and given["full"]:
        wrong = ["since", "full"]
    elif len(rounds) > 1:
        wrong = rounds[:2]
    elif given["dry_run"] and given["accept"]:
        wrong = ["dry_run", "accept"]
    else:
        return
    options = " with ".join(f"--{name.replace('_', '-')}" for name in wrong)
    raise BadInput(
        what=f"{options}: these do not go together" if wrong[1:] else f"{options} without its plan",
        where="vgwm sync",
        remedy="--confirm goes with --rebundle." if not wrong[1:] else "Leave one out.",
    )


def _args(given: SyncGiven) -> dict[str, str]:
    """Return what the job is asked."""
    import time

    from core.control.since import since_ns

    args = {"mode": "watch" if given["watch"] else "once" if given["once"] else "ready"}
    if given["full"]:
        args["since_ns"] = "0"
    elif given["since"]:
        args["since_ns"] = str(since_ns(given["since"], time.time_ns()))
    if given["accept"]:
        args["accept"] = given["accept"]
    if given["dry_run"]:
        args["dry_run"] = "1"
    return args


async def _judge(client: Client, last: wire.Snapshot) -> Verdict:
    from core.cli.run import Verdict
    from core.display import count, counted, duration, size

    job = max((job for job in last.jobs if job.kind == "sync"), key=lambda job: job.id)
    now = await client.sync()
    dry = job.args.get("dry_run") == "1"
    names = ("rounds", "seen", "added", "changed", "attrs", "deleted", "size_bytes")
    came = {name: job.figures.get(name, 0) for name in names}
    freeze_s = now.forecast.freeze_s
    result = {
        "job": job.id,
        **came,
        "failed": last.totals.failed,
        "pending": now.pending,
        "lag_s": now.lag_s,
        "freeze_s": freeze_s,
        "ready": now.forecast.ready,
    }
    would = "a round would find " if dry else ""
    found = (
        f"{would}{count(came['added'])} added, {_changed(came, dry=dry)}, {count(came['deleted'])}"
        f" deleted, in {counted(came['rounds'], 'round')} over {counted(came['seen'], 'key')}"
        f" ({size(came['size_bytes'])})"
    )
    lag = "unknown" if now.lag_s is None else duration(now.lag_s)
    freeze = "an unknown time" if freeze_s is None else duration(freeze_s)
    lines = [found, f"lag {lag}; a freeze now would take {freeze}"]
    if dry and came["deleted"]:
        lines.append(_deletes(came["deleted"], now.due.limit))
    if last.totals.failed:
        lines.append(f"{counted(last.totals.failed, 'object')} failed: vgwm errors lists them")
    return Verdict(result, lines, _SOME_FAILED if last.totals.failed else 0)


def _deletes(objects: int, limit: int) -> str:
    """Say what becomes of deletes that a dry run found; whose last object goes it does not know."""
    from core.display import count

    if objects > limit:
        return f"a round would stop there and ask: at most {count(limit)} are deleted without a yes"
    return "a round deletes these; but if a bucket vanished or lost its last object, it asks first"


def _changed(came: Mapping[str, int], *, dry: bool) -> str:
    """Say what changed; a dry run opens no object, so it cannot tell attributes from bytes."""
    from core.display import count

    if dry:
        return f"{count(came['changed'])} changed in bytes or attributes (a round tells which)"
    return f"{count(came['changed'])} changed, {count(came['attrs'])} with other attributes"
