"""The gate `rehearsal`: a slice was rehearsed, by its own run, with each of its buckets.

What was tried with another slice says nothing of this one: other lines of the maps, other writers
to drain, another last round. May import the cutover's pure parts and the ledger.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from core.cutover.cutover_plan import CutoverPlan, Kind
from core.cutover.gate import Gate
from core.display import safe
from core.errors import Broken
from core.model import NS_PER_S
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.ledger.cutovers import CutoverLooks, CutoverRow

REHEARSED: Final = "rehearsed"
"""Why a rehearsal's fence was undone: it came to its end."""

_WEEK_S: Final = 7 * 24 * 3_600.0
_NOW_S: Final = 60.0
_REMEDY: Final = "Rehearse this slice by itself: vgwm cutover rehearse."


class Rehearsal(NamedTuple):
    """A rehearsal that came to its end. buckets: that it fenced, none for everything."""

    run: str
    slice: str
    buckets: tuple[str, ...]
    took_s: float
    at_ns: int

    def covers(self, buckets: Collection[str]) -> bool:
        """Tell whether it was one of these buckets; everything is a slice of its own."""
        if not buckets or not self.buckets:
            return not buckets and not self.buckets
        return set(buckets) <= set(self.buckets)


async def rehearsals(looks: CutoverLooks) -> list[Rehearsal]:
    """Return those that came to their end, the newest first."""
    runs = await looks.runs_like(f'"kind":"{Kind.REHEARSE}"', f'"{REHEARSED}"')
    return [one for first, last in runs if (one := _rehearsal(first, last)) is not None]


def rehearsed(found: Sequence[Rehearsal], buckets: Collection[str]) -> Gate:
    """Return the gate of a slice. buckets: of it, none for everything. Pure but for the clock."""
    mine = next((one for one in found if one.covers(buckets)), None)
    if mine is None:
        others = sorted({one.slice for one in found})
        text = "none has come to its end"
        text += f" with these buckets; of {safe(', '.join(others))} one has" if others else ""
        return _gate(Verdict.FAIL, text, time.time_ns(), _NOW_S, _REMEDY)
    text = f"run {mine.run} came to its end in {mine.took_s:.1f} s"
    return _gate(Verdict.PASS, text, mine.at_ns, _WEEK_S)


def _rehearsal(first: CutoverRow, last: CutoverRow) -> Rehearsal | None:
    """Return what two rows tell; None where nobody can say what was rehearsed."""
    try:
        plan = CutoverPlan.parse(first.plan or b"")
    except Broken:
        return None
    took_s = (last.at_ns - first.at_ns) / NS_PER_S
    return Rehearsal(first.run, plan.slice, plan.buckets, took_s, last.at_ns)


def _gate(verdict: Verdict, evidence: str, at_ns: int, limit_s: float, remedy: str = "") -> Gate:
    return Gate(
        name="rehearsal",
        verdict=verdict,
        evidence=evidence,
        at_ns=at_ns,
        limit_s=limit_s,
        remedy=remedy,
    )
