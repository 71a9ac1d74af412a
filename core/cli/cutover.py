"""`vgwm cutover`: clients brought from the old gateway to the new one, state by state."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import click

from core.cli.call import conventions, steers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Unpack

    from core.cli.call import Call
    from core.control.wire import cutover as wire_cutover

_FAILED = 1
_UNKNOWN = 4


class ActGiven(TypedDict):
    """The options of an act on traffic, as click hands them over."""

    slice_: str
    dry_run: bool
    confirm: str | None
    detach: bool
    foreground: bool


class StatusGiven(TypedDict):
    """The options of `vgwm cutover status`."""

    slice_: str
    acks: tuple[str, ...]


def slice_option(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command `--slice`."""
    text = "A slice of vgwm.yaml; else everything."
    return click.option("--slice", "slice_", default="", metavar="NAME", help=text)(function)


def act_options(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of an act on traffic."""
    for option in (
        click.option("--foreground", is_flag=True, help="Run the engine in this process."),
        click.option("--detach", is_flag=True, help="Print the job's id and leave it."),
        click.option("--confirm", metavar="HASH", help="Do it, if the plan is still this one."),
        click.option("--dry-run", is_flag=True, help="As without --confirm."),
        slice_option,
    ):
        function = option(function)
    return function


@click.group()
def cutover() -> None:
    """Bring clients from the old gateway to the new one."""


@cutover.command()
@slice_option
@conventions
def plan(call: Call, *, slice_: str) -> int:
    """Show the plan of a cutover: its steps, limits, means, and its hash.

    Whatever it says now has to hold when it starts: `cutover start --confirm HASH`.
    """
    return _act(call, "cutover", {**_nothing(), "slice_": slice_})


@cutover.command()
@act_options
@conventions
@steers
def rehearse(call: Call, **given: Unpack[ActGiven]) -> int:
    """Fence, carry the rest, prove it, and give writes back: the times of the real one.

    Clients' writes pause for as long as it takes. Alone it shows the plan and its hash.
    """
    return _act(call, "rehearse", given)


@cutover.command()
@act_options
@conventions
@steers
def start(call: Call, **given: Unpack[ActGiven]) -> int:
    """Fence the old side, carry the rest, prove it, switch reads, then writes.

    Alone it shows the plan and its hash; it acts with --confirm HASH only, and refuses with the
    difference if the world has moved, or with the gate that is shut (5). Ctrl-C leaves it running.
    """
    return _act(call, "cutover", given)


@cutover.command()
@act_options
@conventions
@steers
def abort(call: Call, **given: Unpack[ActGiven]) -> int:
    """Give writes back to the old side, while nothing was switched.

    Behind the switch of writes the way back is `vgwm rollback`.
    """
    return _act(call, "abort", given)


@cutover.command()
@act_options
@conventions
@steers
def commit(call: Call, **given: Unpack[ActGiven]) -> int:
    """End the watch: the new side stays. Lists what may be taken down, and removes nothing."""
    return _act(call, "commit", given)


@cutover.command()
@slice_option
@click.option("--ack", "acks", multiple=True, metavar="GATE=REASON", help="Take a warning on.")
@conventions
@steers
def status(call: Call, **given: Unpack[StatusGiven]) -> int:
    """Show where every slice stands, and the gates of one.

    1 if a gate fails, 4 if one is unknown or too old to count; `vgwm cutover plan` asks anew.
    What a run makes itself before its fence, its backups, is shown and not counted.
    """
    import asyncio

    return asyncio.run(_status(call, given))


def _nothing() -> ActGiven:
    return ActGiven(slice_="", dry_run=False, confirm=None, detach=False, foreground=False)


def _act(call: Call, act: str, given: ActGiven) -> int:
    import asyncio

    from core.cli.cutover_act import Confirmed
    from core.cli.cutover_act import act as run
    from core.control.wire.cutover import CutoverRequest

    request = CutoverRequest(actor=call.actor, act=act, slice=given["slice_"])
    confirmed = Confirmed(given["confirm"], given["dry_run"], given["detach"], given["foreground"])
    return asyncio.run(run(call, request, confirmed))


async def _status(call: Call, given: StatusGiven) -> int:
    from core.cli.link import looking, working
    from core.cli.output import answer

    wanted = [_ack(text) for text in given["acks"]]
    if wanted:
        async with working(call, foreground=False) as client:
            for gate, reason in wanted:
                await client.acknowledge(f"gate:{gate}", reason, actor=call.actor)
    async with looking(call) as client:
        now = await client.cutover(given["slice_"])
    answer(call, now, _lines(now))
    gates = [gate for gate in now.gates if not gate.spared]
    if any(gate.verdict == "fail" for gate in gates):
        return _FAILED
    return _UNKNOWN if any(map(_is_unknown, gates)) else 0


def _off(now: wire_cutover.Cutover) -> Iterator[str]:
    """Yield why a start is off; gates stand with their reasons above."""
    reasons = now.off.start.splitlines()
    yield from (f"start is off: {line}" for line in reasons if not line.startswith("gate "))
    shut = [gate.name for gate in now.gates if not gate.open and not gate.spared]
    if shut and any(line.startswith("gate ") for line in reasons):
        yield f"start is off: gates are shut (x): {', '.join(shut)}"


def _ack(text: str) -> tuple[str, str]:
    from core.display import safe
    from core.errors import BadInput

    gate, given, reason = text.partition("=")
    if not given or not gate or not reason.strip():
        raise BadInput(
            what=f"{safe(text)} names no gate and reason",
            where="--ack GATE=REASON",
            remedy="Write the gate's name, =, and why its warning may stand.",
        )
    return gate, reason


def _is_unknown(gate: wire_cutover.Gate) -> bool:
    stale = gate.age_s is None or gate.age_s > gate.limit_s
    return gate.verdict == "unknown" or stale


def _lines(now: wire_cutover.Cutover) -> Iterator[str]:
    from core.cli.cutover_act import risk_text, steps_lines
    from core.display import age, count, duration

    for one in now.slices:
        mark = ">" if one.name == now.slice else " "
        where = f"{one.number} {one.state}"
        step = f" {one.step}" if one.step else " (giving writes back)" if one.undoing else ""
        writes = f"  writes: {one.writable}" if one.writable else ""
        yield f"{mark} slice {one.name}  {where}{step}{writes}"
    refused = f"unknown: {now.across_why}" if now.across is None else count(now.across)
    yield f"copies between the sides refused  {refused}"
    freeze = "unknown" if now.forecast_s is None else duration(now.forecast_s)
    budget = "" if now.budget_s is None else f" of {duration(now.budget_s)}"
    lag = "unknown" if now.lag_s is None else duration(now.lag_s)
    strategy = f"strategy {now.strategy}   " if now.strategy else ""
    yield f"{strategy}forecast {freeze}{budget}   lag {lag}"
    for gate in now.gates:
        since = "never" if gate.age_s is None else age(gate.age_s)
        acked = f"  (taken on by {gate.acked})" if gate.acked else ""
        shut = "" if gate.open else "x"
        yield (
            f"{shut:1} {gate.name.ljust(12)} {gate.verdict.ljust(7)} {since.rjust(6)} of"
            f" {(age(gate.limit_s) if gate.limit_s else '-').ljust(5)} {gate.evidence}{acked}"
        )
        if not gate.open and gate.remedy:
            yield f"    do  {gate.remedy}"
    yield from steps_lines(now.steps)
    if now.risk is not None and now.risk.since_ns:
        yield f"at risk  {risk_text(now.risk)}"
    yield f"plan {now.hash}" if now.hash else "no plan can be made"
    yield from _off(now)
    for run in now.runs[:5]:
        took = "" if run.fence_s is None else f"  writes paused {duration(run.fence_s)}"
        yield f"run {run.run}  {run.kind} {run.slice}  {run.state}{took}  {run.why}"
