"""The assessment as lines of text: a row each, then what was measured. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.fact import Fact, State
from core.display import age, count, duration, size
from core.model import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.control.wire import checks as wire_checks

_LARGEST_SHOWN = 5


def check_lines(check: wire_checks.Check, at_ns: int) -> list[str]:
    """Return a row: its state as glyph and word, what was seen and when, and what to do."""
    measured = check.measured_ns
    when = "never" if measured is None else f"{age((at_ns - measured) / NS_PER_S)} ago"
    lines = [
        f"{State(check.state).glyph} {check.state:<7} {check.id:<12} {check.evidence}  ({when})"
    ]
    if check.ack is not None:
        lines.append(f"  taken on by {check.ack.actor}: {check.ack.reason}")
    elif check.remedy:
        lines.append(f"  do      {check.remedy}")
    return lines


def sum_lines(assessed: wire_checks.Checks) -> list[str]:
    """Return what the rows come to, and what forbids to go on."""
    counts = ", ".join(f"{n} {state}" for state, n in assessed.counts.items() if n)
    lines = [f"checks     {counts or 'none'}; {assessed.open_warnings} warnings not taken on"]
    if assessed.blocking:
        lines.append(
            f"x refused   plan, copy and retry, until passed: {', '.join(assessed.blocking)}"
        )
    return lines


def inventory_lines(found: wire_checks.Inventory) -> list[str]:
    """Return what the source holds."""
    whole = "" if found.complete else "  (incomplete)"
    held = f"{count(found.objects)} objects, {size(found.size_bytes)}"
    lines = [
        f"source     {count(found.buckets)} buckets, {held}{whole}",
        f"history    {count(found.versions)} versions, {count(found.markers)} delete markers",
    ]
    lines += [
        f"  {label:<10} {count(objects):>15}  {size(n_bytes)}"
        for label, objects, n_bytes in found.histogram
        if objects
    ]
    lines += [f"large      {size(one.size_bytes):>8}  {one.name}" for one in _some(found.largest)]
    lines += [
        f"! cannot carry {name}: {count(n)}" for name, n in sorted(found.cannot_carry.items()) if n
    ]
    return lines


def estimate_lines(estimate: wire_checks.Estimate) -> list[str]:
    """Return how long a copy will take, with its terms."""
    if not estimate.low_s and estimate.high_s is None:
        whole = f"unknown: {estimate.unknown}"
    elif estimate.high_s is None:
        whole = f"at least {duration(estimate.low_s or 0.0)}; {estimate.unknown}"
    else:
        whole = f"{duration(estimate.low_s or 0.0)} to {duration(estimate.high_s)}"
    lines = [f"time       {whole}"]
    for term in estimate.terms:
        low = "?" if term.low_s is None else duration(term.low_s)
        high = "?" if term.high_s is None else duration(term.high_s)
        lines.append(f"  {term.name:<8} {low} to {high}  {term.text}")
    if estimate.left:
        lines.append(f"  {estimate.left}")
    return lines


def last_fact(assessed: wire_checks.Checks) -> Fact:
    """Return the last assessment as one fact."""
    run, label = assessed.run, "assessment"
    newest_ns = max((one.measured_ns or 0 for one in assessed.checks), default=0)
    if run is None or not newest_ns:
        return Fact(label=label, parts=("never made: vgwm assess",), state=State.UNKNOWN)
    counts = ", ".join(f"{n} {state}" for state, n in assessed.counts.items() if n)
    state = State.WARN if assessed.open_warnings else State.PASS
    return Fact(
        label=label,
        parts=(counts, f"{assessed.open_warnings} warnings not taken on", f"job {run.job}"),
        state=State.FAIL if assessed.blocking else state,
        reason=f"refused by {', '.join(assessed.blocking)}" if assessed.blocking else "",
        age_s=(assessed.at_ns - newest_ns) / NS_PER_S,
    )


def _some(largest: Iterable[wire_checks.LargeObject]) -> list[wire_checks.LargeObject]:
    return list(largest)[:_LARGEST_SHOWN]
