"""`vgwm rollback`: clients brought back to the old gateway, with what the new one has accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers
from core.cli.cutover import act_options, slice_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Unpack

    from core.cli.call import Call
    from core.control.wire import cutover as wire_cutover
    from core.control.wire import rollback as wire_rollback

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_FAILED = 1
_UNKNOWN = 4
_PAGE = 500


class WayGiven(TypedDict):
    """How far back, as click hands it over."""

    slice_: str
    full: bool
    data: bool
    backup_location: Path | None
    to: Path | None


class PlanGiven(WayGiven):
    """The options of `vgwm rollback plan`."""

    config_backup: Path | None
    output: Path | None
    force: bool


class StartGiven(WayGiven):
    """The options of `vgwm rollback start`."""

    target: str
    dry_run: bool
    confirm: str | None
    detach: bool
    foreground: bool


def _ways(function: Callable[..., int]) -> Callable[..., int]:
    for option in (
        click.option("--to", type=_FOLDER, metavar="DIR", help="Of --data: the new folder."),
        click.option(
            "--backup-location", type=_FOLDER, metavar="D", help="Of --data: the copy of the tree."
        ),
        click.option("--data", is_flag=True, help="Restore the tree from a copy, too."),
        click.option(
            "--full", is_flag=True, help="Bring back configuration, unit and binary, too."
        ),
    ):
        function = option(function)
    return function


@click.group()
def rollback() -> None:
    """Bring clients back to the old gateway, with what the new one has accepted."""


@rollback.command()
@slice_option
@_ways
@click.option("--config-backup", type=_FILE, metavar="F", help="Must be in the newest backups.")
@click.option("--output", type=_FILE, metavar="F", help="Write plan and runbook there.")
@click.option("--force", is_flag=True, help="Replace that file; the old one is kept beside it.")
@conventions
def plan(call: Call, **given: Unpack[PlanGiven]) -> int:
    """Show the way back as it is now: steps, time, data at risk, and its hash.

    --output writes it with a runbook: the commands by which it is done by hand. With --full the
    newest backups are opened and hashed: 5 if they are missing, 7 if one was changed.
    """
    import asyncio

    return asyncio.run(_plan(call, given))


@rollback.command()
@click.option(
    "--target", type=click.Choice(["old-system"]), default="old-system", help="Where to go back."
)
@_ways
@act_options
@conventions
@steers
def start(call: Call, **given: Unpack[StartGiven]) -> int:
    """Go back: fence the new side, bring its writes to the old one, compare them, switch.

    Alone it shows the plan and its hash; it acts with --confirm HASH only. It works with the new
    side dead: what stays behind is listed before. It may always take the lease over.
    """
    import asyncio

    from core.cli.cutover_act import Confirmed, act

    request = _request(call, given)
    _require_used(given)
    confirmed = Confirmed(given["confirm"], given["dry_run"], given["detach"], given["foreground"])
    return asyncio.run(act(call, request, confirmed))


@rollback.command()
@slice_option
@conventions
def status(call: Call, *, slice_: str) -> int:
    """Show what would speak for going back: gates of the watch, data at risk, the plan's hash.

    1 if a gate fails, 4 if one is unknown or the feed of changes is silent.
    """
    import asyncio

    return asyncio.run(_status(call, slice_))


@rollback.command()
@slice_option
@click.option("--cannot-carry", is_flag=True, help="Only what the old side cannot hold.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many lines.")
@conventions
def names(call: Call, *, slice_: str, cannot_carry: bool, limit: int | None) -> int:
    """List what the new side has accepted and the old one is not known to hold.

    What waits by bucket and key, then what the old side cannot hold, with the reason. Also without
    an engine; under --json one object a line. 4 if the feed of changes is silent: more may wait.
    """
    import asyncio

    return asyncio.run(_names(call, slice_, "cannot-carry" if cannot_carry else "at-risk", limit))


async def _names(call: Call, slice_: str, what: str, limit: int | None) -> int:
    from core.cli.cutover_act import silent_text
    from core.cli.link import looking
    from core.cli.output import listing, note

    after, left, silent_ns = "", limit, 0
    async with looking(call) as client:
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = await client.risk_names(what, slice_, after=after, limit=size)
            listing(call, page.rows, map(_name_line, page.rows))
            silent_ns, after = page.silent_since_ns, page.next
            left = None if left is None else left - len(page.rows)
            if not after:
                break
    if silent_ns:
        note(call, f"vgwm: warning: {silent_text(silent_ns)}")
    return _UNKNOWN if silent_ns else 0


def _name_line(one: wire_rollback.RiskName) -> str:
    from core.display import clock_s, size

    sized = "-" if one.size_bytes is None else size(one.size_bytes)
    state = "cannot" if one.cannot else "waits"
    tried = f"  tried {one.tries}" if one.tries else ""
    why = f"  {one.why}" if one.why else ""
    return (
        f"{state:<7} {one.op:<4}{sized:>9}  {one.object}  since {clock_s(one.seen_ns)}{tried}{why}"
    )


async def _plan(call: Call, given: PlanGiven) -> int:
    from core.cli.cutover_act import made, plan_lines
    from core.cli.link import looking
    from core.cli.output import answer
    from core.control.crossing.rollback_file import refuse_place, require_kept, require_set, write
    from core.display import safe

    request = _request(call, given)
    if given["output"] is not None:
        refuse_place(call.workspace, given["output"], force=given["force"])
    if given["config_backup"] is not None:
        require_kept(call.workspace, given["config_backup"])
    elif given["full"]:
        require_set(call.workspace)
    async with looking(call) as client:
        found = await made(client, request)
    lines = plan_lines(found)
    warnings = list(found.warnings)
    if given["backup_location"] is not None and not given["data"]:
        warnings.append("--backup-location is of --data alone: blue's tree is left as it is")
    if given["output"] is not None:
        kept = write(given["output"], found, lines)
        lines.append(f"written  {safe(str(given['output']))}")
        lines += [f"kept     {safe(str(kept))}"] if kept is not None else []
    answer(call, found, lines, warnings)
    return 0


async def _status(call: Call, slice_: str) -> int:
    from core.cli.link import looking
    from core.cli.output import answer

    async with looking(call) as client:
        now = await client.rollback(slice_)
    answer(call, now, _lines(now))
    if any(gate.verdict == "fail" for gate in now.gates):
        return _FAILED
    silent = now.risk is not None and now.risk.silent_since_ns
    unknown = any(gate.verdict == "unknown" for gate in now.gates)
    return _UNKNOWN if silent or unknown else 0


def _require_used(given: StartGiven) -> None:
    """Raise BadInput for a copy that nothing would be restored from: an act drops no option."""
    from core.errors import BadInput

    if given["backup_location"] is not None and not given["data"]:
        raise BadInput(
            what="--backup-location is of --data alone",
            where="vgwm rollback start",
            remedy="Add --data and --to DIR, or leave it out.",
        )


def _request(call: Call, given: WayGiven) -> wire_cutover.CutoverRequest:
    from core.cli.keeping_plan import path_text
    from core.control.wire.cutover import CutoverRequest
    from core.errors import BadInput

    origin, to = given["backup_location"], given["to"]
    if given["full"] and given["data"]:
        raise BadInput(
            what="--full and --data are two ways back",
            where="vgwm rollback",
            remedy="Leave one out; the files of --full can be put back by its runbook.",
        )
    if to is not None and not given["data"]:
        raise BadInput(
            what="--to is of --data alone: nothing else makes a folder",
            where="vgwm rollback",
            remedy="Add --data and --backup-location D, or leave --to out.",
        )
    if given["data"] and (origin is None or to is None):
        raise BadInput(
            what="--data needs the copy of the tree, and a new folder for it",
            where="--data",
            remedy="Name them with --backup-location D and --to DIR.",
        )
    return CutoverRequest(
        actor=call.actor,
        act="rollback",
        slice=given["slice_"],
        way="data" if given["data"] else "full" if given["full"] else "quick",
        origin=path_text(origin) if given["data"] and origin is not None else "",
        to=path_text(to) if given["data"] and to is not None else "",
    )


def _lines(now: wire_rollback.Rollback) -> Iterator[str]:
    from core.cli.cutover_act import risk_text, steps_lines
    from core.display import count, duration

    about = "unknown" if now.about_s is None else f"about {duration(now.about_s)}"
    pause = "unknown" if now.pause_s is None else duration(now.pause_s)
    yield f"slice {now.slice}  {now.number} {now.state}   green {now.green}"
    yield f"back to blue  plan {now.hash or '-'}  {about}, writes pause {pause}"
    yield f"at risk  {risk_text(now.risk)}"
    if now.uncarriable_total:
        yield f"cannot carry  {count(now.uncarriable_total)} keys"
        yield from (f"  {name}" for name in now.uncarriable)
        if now.uncarriable_total > len(now.uncarriable):
            yield "  all of them: vgwm rollback names --cannot-carry"
    if now.lost_total:
        yield f"LOST  {count(now.lost_total)} keys would stay behind on green"
        yield from (f"  {name}" for name in now.lost)
    yield from (f"note  {line}" for line in now.notes)
    for gate in now.gates:
        shut = "" if gate.open else "x"
        yield f"{shut:1} {gate.name.ljust(12)} {gate.verdict.ljust(7)} {gate.evidence}"
    yield from steps_lines(now.steps)
    yield from (f"limit  {one.name}: {one.text}" for one in now.limits)
    yield from (f"off: {line}" for line in now.off.splitlines())
    if now.hash and not now.off:
        yield f"{now.command} --confirm {now.hash} does this and nothing else"
