"""`vgwm diagnose log`: what a log tells of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli.call import conventions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.cli.call import Call
    from core.control.log.diagnosis import Diagnosis

_LEVELS = ".-=+*#"


@click.group()
def diagnose() -> None:
    """Find out why a run went as it did."""


@diagnose.command("log")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@conventions
def log(call: Call, *, file: Path | None) -> int:
    """Read a log and tell what happened.

    Rate over time, stalls, errors by class, slowest bundles with their steps, restarts, workers
    lost. FILE: a --log-file or an engine.log, its rotated files included; else the workspace's.
    """
    import msgspec

    from core.cli.output import answer
    from core.control.log.diagnosis import diagnose as read
    from core.control.log.reading import Odd, read_log

    odd = Odd()
    found = read(read_log(file or call.workspace / "engine.log", odd))
    found = msgspec.structs.replace(
        found, torn=odd.torn, other_lines=odd.other, first_other=odd.first_other
    )
    answer(call, found, report(found))
    return 0


def report(found: Diagnosis) -> Iterator[str]:
    """Yield the lines for people."""
    from core.display import count, size

    yield f"log        {found.begin} .. {found.until}   {count(found.lines)} lines"
    yield (
        f"recorded   {count(found.objects)} objects, {size(found.bytes)}, "
        f"in {count(found.bundles)} bundles"
    )
    for place in found.torn:
        yield f"torn       {place} broke off, and is left out"
    if found.other_lines:
        yield f"other      {count(found.other_lines)} lines are not the log's: {found.first_other}"
    yield from _rate(found)
    yield from _steps(found)
    yield from _stalls(found)
    yield from _errors(found)
    yield from _slowest(found)
    yield f"restarts   {count(len(found.restarts))}"
    yield from (f"  {one.at}  epoch {one.epoch}, pid {one.pid}" for one in found.restarts)
    yield f"workers lost   {count(found.workers_lost)}"
    yield f"jobs       {count(len(found.jobs))} changes"
    yield from (f"  {_shown(line)}" for line in found.jobs[-10:])


def _rate(found: Diagnosis) -> Iterator[str]:
    from core.display import count, duration, size

    if not found.rate:
        yield "rate       no bundle was recorded"
        return
    yield f"rate       {spark([row.objects_s for row in found.rate])}"
    width = duration(found.row_s)
    yield f"  {'from':<24}  {'obj/s':>10}  {'bytes/s':>12}  bundles   each row {width}"
    for row in found.rate:
        yield (
            f"  {row.at:<24}  {count(round(row.objects_s)):>10}  {size(row.bytes_s) + '/s':>12}"
            f"  {count(row.bundles):>7}"
        )


def _steps(found: Diagnosis) -> Iterator[str]:
    whole_s = sum(found.step_s.values())
    if whole_s:
        parts = (f"{name} {100 * s / whole_s:.0f} %" for name, s in found.step_s.items())
        yield f"time went  {'  '.join(parts)}"


def _stalls(found: Diagnosis) -> Iterator[str]:
    from core.display import count, duration

    yield f"stalls     {count(len(found.stalls))}"
    for one in found.stalls:
        until = one.until or "not seen to end"
        yield f"  {one.begin} .. {until}  {duration(one.for_s)}  {_shown(one.reason)}"


def _errors(found: Diagnosis) -> Iterator[str]:
    from core.display import count

    yield f"errors     {count(sum(found.errors.values()))} objects"
    yield from (f"  {count(n):>10}  {_shown(code)}" for code, n in found.errors.items())
    if found.said:
        yield f"warnings   {count(sum(found.said.values()))}"
        yield from (f"  {count(n):>10}  {_shown(kind)}" for kind, n in found.said.items())


def _slowest(found: Diagnosis) -> Iterator[str]:
    from core.display import count

    if not found.slowest:
        return
    heads = ("bundle", "all s", "wait", "read", "send", "pin", "record", "objects", "worker")
    yield "slowest bundles"
    yield "  " + "".join(f"{head:>9}" for head in heads) + "  nodes"
    for one in found.slowest:
        steps = (one.all_s, one.wait_s, one.read_s, one.send_s, one.pin_s, one.record_s)
        cells = [count(one.bundle), *(f"{s:.2f}" for s in steps), count(one.objects)]
        worker = "-" if one.worker < 0 else str(one.worker)
        yield (
            "  "
            + "".join(f"{cell:>9}" for cell in [*cells, worker])
            + f"  {_shown(one.nodes or '-')}"
        )


def _shown(text: str) -> str:
    """Return text of the file as a terminal may have it: the file may be anybody's."""
    from core.display import safe

    return text if text.isprintable() else safe(text)


def spark(values: Sequence[float]) -> str:
    """Return a character for each value, by its share of the largest."""
    top = max(values, default=0.0)
    last = len(_LEVELS) - 1
    return "".join(
        _LEVELS[0 if not top or value <= 0 else min(last, 1 + int(value / top * (last - 1)))]
        for value in values
    )
