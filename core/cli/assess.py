"""`vgwm assess`: ask everything that must be known before the move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from typing import Unpack

    from core.cli.call import Call
    from core.control.client import Client
    from core.control.wire import checks as wire_checks

_FOUND_SOMETHING = 1
_NO_VERDICT = 4


class AssessGiven(TypedDict):
    """The options of `vgwm assess`, as click hands them over."""

    only: tuple[str, ...]
    measure: str | None
    acks: tuple[str, ...]
    notes: tuple[str, ...]
    report: Path | None
    last: bool
    force: bool
    detach: bool
    foreground: bool


class Said(NamedTuple):
    """A check or item, and what is said of it."""

    name: str
    text: str


@click.command()
@click.option("--only", multiple=True, metavar="ID", help="Ask this check alone; repeatable.")
@click.option(
    "--measure", metavar="TIME", help="Try a copy for so long, such as 60s: the estimate's rates."
)
@click.option(
    "--ack", "acks", multiple=True, metavar="ID=REASON", help="Take a warning on; repeatable."
)
@click.option(
    "--note", "notes", multiple=True, metavar="ITEM=TEXT", help="Answer a manual item; repeatable."
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the assessment there, as HTML and JSON.",
)
@click.option("--last", is_flag=True, help="Ask nothing: show what was answered last.")
@click.option("--force", is_flag=True, help="Replace an existing report; the old one is kept.")
@click.option("--detach", is_flag=True, help="Print the job's id and leave it to the engine.")
@click.option("--foreground", is_flag=True, help="Run the engine in this process.")
@conventions
@steers
def assess(call: Call, **given: Unpack[AssessGiven]) -> int:
    """Ask everything that must be known before the move.

    Each check: pass, warn, fail or unknown, with what was seen and what to do. A fail refuses plan,
    copy and retry (5) until it passes; a warning is taken on by name, with a reason. With --ack,
    --note, --report or --last alone nothing is asked again. Exit 1 if a check fails, 4 if one is
    unknown.
    """
    import asyncio

    from core.cli.output import note
    from core.control.assess.report import refuse_existing_report

    acks = [_said(text, "--ack ID=REASON") for text in given["acks"]]
    notes = [_said(text, "--note ITEM=TEXT") for text in given["notes"]]
    _refuse_clashes(given)
    report = given["report"]
    if report is not None and not given["force"]:
        refuse_existing_report(report)
    begun: list[int] = []
    try:
        return asyncio.run(_whole(call, given, acks, notes, begun))
    except KeyboardInterrupt:
        if begun and not given["foreground"]:
            note(call, f"\ndetached: job {begun[0]} goes on; vgwm watch {begun[0]} follows it")
        raise


async def _whole(
    call: Call, given: AssessGiven, acks: list[Said], notes: list[Said], begun: list[int]
) -> int:
    from core.cli.link import looking, working

    asks = bool(given["only"] or given["measure"] is not None or given["detach"])
    asks = asks or not (acks or notes or given["report"] or given["last"])
    if not asks and not acks and not notes:
        async with looking(call) as client:
            return await _tell(call, client, given, seen=False)
    async with working(call, foreground=given["foreground"]) as client:
        for one in notes:
            await client.note(one.name, one.text, actor=call.actor)
        if asks:
            begun.append(await _begin(client, call, given))
            if given["detach"]:
                return _detached(call, begun[0])
            await _follow(client, call, begun[0])
        for one in acks:
            await client.acknowledge(one.name, one.text, actor=call.actor)
        return await _tell(call, client, given, seen=asks)


async def _begin(client: Client, call: Call, given: AssessGiven) -> int:
    """Begin a run, or take up the one that is at work, if it asks the same."""
    from core.cli.output import note
    from core.control.client import running_job
    from core.control.job_wish import require_answers
    from core.model import JobKind

    # an empty word is handed on, to be refused: a script's unset variable does not mean all rows
    args = {"only": ",".join(given["only"])} if given["only"] else {}
    if given["measure"] is not None:
        args["measure"] = given["measure"]
    at_work = running_job(await client.snapshot(), kind=JobKind.ASSESS)
    if at_work is not None:
        require_answers(at_work, args, where="vgwm assess")
        note(call, f"job {at_work.id} (assess) is {at_work.state}: following it")
        return at_work.id
    return await client.start_job(JobKind.ASSESS, args, actor=call.actor)


async def _follow(client: Client, call: Call, job: int) -> None:
    """Print each row as it comes in. Raises what ended a failed run."""
    from core.cli.output import note
    from core.control.assess.lines import check_lines
    from core.control.client import job_of
    from core.control.refusal import raised
    from core.errors import Refused

    told: dict[str, int] = {}
    async for now in client.follow_job(job, every_s=0.25):
        assessed = await client.checks()
        began_ns = assessed.run.began_ns if assessed.run is not None else None
        for check in assessed.checks:
            measured = check.measured_ns
            if measured is None or began_ns is None or measured < began_ns:
                continue
            if told.get(check.id) != measured and not check.asked and not call.as_json:
                told[check.id] = measured
                note(call, "\n".join(check_lines(check, assessed.at_ns)))
        ended = job_of(now, job)
        if ended is not None and ended.result is not None:
            raise raised(ended.result)
        if ended is not None and ended.state == "cancelled":
            raise Refused(
                what=f"job {job} was cancelled: its rows are as they were before",
                where="assess",
                remedy="Ask again: vgwm assess.",
            )


async def _tell(call: Call, client: Client, given: AssessGiven, *, seen: bool) -> int:
    """Print the whole, write the report, and return the exit code. seen: rows were printed."""
    from core.cli.output import answer
    from core.control.assess.lines import (
        check_lines,
        estimate_lines,
        inventory_lines,
        sum_lines,
    )
    from core.control.assess.report import write_report

    assessed = await client.checks()
    lines: list[str] = []
    if not seen:
        lines += [line for one in assessed.checks for line in check_lines(one, assessed.at_ns)]
    lines += sum_lines(assessed)
    if assessed.inventory is not None:
        lines += inventory_lines(assessed.inventory)
    if assessed.estimate is not None:
        lines += estimate_lines(assessed.estimate)
    if given["report"] is not None:
        snapshot = await client.snapshot()
        for path in write_report(given["report"], snapshot.workspace, assessed):
            lines.append(f"wrote      {path}")
    answer(call, assessed, lines)
    return _code(assessed, given["only"])


def _code(assessed: wire_checks.Checks, only: tuple[str, ...]) -> int:
    """Return 1 if a check failed, 4 if one that a machine answers is unknown, else 0."""
    named = {name for word in only for name in word.split(",")}
    judged = [one for one in assessed.checks if not named or one.id in named]
    if any(one.state == "fail" for one in judged):
        return _FOUND_SOMETHING
    if any(one.state == "unknown" and not one.manual for one in judged):
        return _NO_VERDICT
    return 0


def _detached(call: Call, job: int) -> int:
    from core.cli.output import answer

    answer(call, {"job": job, "state": "queued"}, [str(job)])
    return 0


def _said(text: str, form: str) -> Said:
    from core.display import safe
    from core.errors import BadInput

    name, equals, said = text.partition("=")
    if not (equals and name.strip() and said.strip()):
        raise BadInput(
            what=f"{safe(text)} is not {form}", where="vgwm assess", remedy=f"Give {form}."
        )
    return Said(name.strip(), said.strip())


def _refuse_clashes(given: AssessGiven) -> None:
    from core.errors import BadInput

    if given["last"] and (given["only"] or given["measure"] is not None or given["detach"]):
        raise BadInput(
            what="--last asks nothing: it goes with none of --only, --measure and --detach",
            where="vgwm assess",
            remedy="Leave it out to ask.",
        )
    if given["detach"] and (given["foreground"] or given["acks"] or given["report"]):
        raise BadInput(
            what="--detach goes with none of --foreground, --ack and --report",
            where="vgwm assess",
            remedy="Leave one out: those need the answers.",
        )
