"""A report in lines: each item with its state and evidence, then the figures beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.display import age, count, counted, size
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.control.wire.report import Report, ReportItem

_GLYPHS: Final = {"pass": "=", "fail": "x", "unknown": "?", "not offered": "-"}


def report_lines(made: Report) -> list[str]:
    """Return the whole, a screen and a half."""
    return list(_lines(made))


def code_of(made: Report) -> int:
    """Return 7 where the ledger contradicts itself, 1 if an item fails, 4 if one is unknown."""
    if not made.ledger.sound:
        return 7
    if made.states["fail"]:
        return 1
    return 4 if made.states["unknown"] else 0


def _lines(made: Report) -> Iterator[str]:
    for item in made.items:
        yield from _item_lines(item, made.at_ns)
    yield "items      " + ", ".join(f"{n} {state}" for state, n in made.states.items())
    totals = made.totals
    yield (
        f"objects    {count(totals.migrated)} migrated, {count(totals.failed)} failed,"
        f" {count(totals.skipped)} skipped, {count(totals.gone)} gone,"
        f" {count(totals.remaining)} remaining of {count(totals.objects)},"
        f" {size(totals.size_bytes)}"
    )
    for one in made.left:
        noun = "object" if one.n == 1 else "objects"
        of = f" {noun}" if one.whole else ""  # else things that objects have
        yield f"  {one.fate:<20} {one.why:<20} {count(one.n):>12}{of}"
    plan = "none" if made.plan is None else made.plan.hash
    jobs, rounds = counted(made.timeline.total, "job"), counted(made.sync.rounds, "round")
    yield f"plan       {plan}; {jobs}, {rounds}"
    for version in made.versions:
        yield f"version    {version.component} {version.endpoint}: {version.text}"
    ledger = made.ledger
    chain = "the chain holds" if ledger.broken_at is None else f"broken at {ledger.broken_at}"
    agree = ledger.difference or "all counts agree with the rows"
    yield f"events     {count(ledger.events)}, {chain}, head {ledger.head}"
    yield f"ledger     schema {ledger.schema}, epoch {ledger.epoch}; {agree}"


def _item_lines(item: ReportItem, at_ns: int) -> Iterator[str]:
    seen = item.measured_ns
    when = "" if seen is None else f"  ({age(max(0.0, (at_ns - seen) / NS_PER_S))} ago)"
    yield f"{_GLYPHS[item.state]} {item.state:<11} {item.text}: {item.evidence}{when}"
    if item.remedy:
        yield f"    do: {item.remedy}"
