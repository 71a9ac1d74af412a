"""How long the copy will take: each bound as a range, and the whole as long as its slowest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.display import clock_s
from tui.views.line import EMPTY, Line, Piece, Role, column, text, wrapped
from tui.views.totals import labelled

if TYPE_CHECKING:
    from core.control.wire.checks import Estimate, EstimateTerm

NO_TRIAL = "no trial was measured: g a, Tab to [time], B"


def span(low_s: float | None, high_s: float | None) -> str:
    """Return a range of time: `3 h 10 m .. 4 h 05 m`; unknown without both ends."""
    if low_s is None or high_s is None:
        return "unknown"
    low, high = display.duration(low_s), display.duration(high_s)
    return low if low == high else f"{low} .. {high}"


def is_known(estimate: Estimate | None) -> bool:
    """Whether there is a range."""
    return estimate is not None and estimate.low_s is not None and estimate.high_s is not None


def one_line(estimate: Estimate | None) -> Line:
    """Return the terms' upper ends and the range on one row."""
    if estimate is None or not is_known(estimate):
        why = NO_TRIAL if estimate is None else estimate.unknown or NO_TRIAL
        return (Piece(" time  ", Role.DIM), Piece("? unknown", Role.UNKNOWN), Piece(f": {why}"))
    terms = "  ".join(
        f"{term.name} {'?' if term.high_s is None else display.duration(term.high_s)}"
        for term in estimate.terms
    )
    whole = span(estimate.low_s, estimate.high_s)
    return (
        Piece(" time  ", Role.DIM),
        Piece(f"{terms}  ->  "),
        Piece(whole, Role.TITLE),
    )


def short_line(estimate: Estimate | None) -> Line:
    """Return the range alone, where the terms have no room."""
    if estimate is None or not is_known(estimate):
        said = Piece(": Tab to [time] says why")
        return (Piece(" time  ", Role.DIM), Piece("? unknown", Role.UNKNOWN), said)
    whole = span(estimate.low_s, estimate.high_s)
    return (Piece(" time  ", Role.DIM), Piece(whole, Role.TITLE), Piece("   Tab: its terms"))


def view(estimate: Estimate | None, width: int) -> list[Line]:
    """Return the whole estimate: the range, its terms, and the trial that it rests on."""
    if estimate is None or not is_known(estimate):
        why = NO_TRIAL if estimate is None else estimate.unknown or NO_TRIAL
        head, *more = wrapped(f"? unknown: {why}", max(8, width - 12))
        lines = [labelled("time", Piece(head, Role.UNKNOWN))]
        lines += [labelled("", Piece(part, Role.UNKNOWN)) for part in more]
        return [*lines, *_terms(estimate, width)]
    slowest = _slowest(estimate)
    bound = f"   bounded by {slowest.name}" if slowest is not None else ""
    return [
        labelled("time", Piece(span(estimate.low_s, estimate.high_s), Role.TITLE), Piece(bound)),
        *_terms(estimate, width),
        EMPTY,
        labelled("trial", Piece(_trial(estimate))),
        labelled("", Piece("low at the rates' p90, high at their p10 of the trial", Role.DIM)),
    ]


def _terms(estimate: Estimate | None, width: int) -> list[Line]:
    if estimate is None or not estimate.terms:
        return []
    lines: list[Line] = [EMPTY, text(f"   {'term':<10} {'low .. high':<24} why", Role.DIM)]
    slowest = _slowest(estimate)
    for term in estimate.terms:
        known = term.low_s is not None and term.high_s is not None
        mark = Piece(" > " if term is slowest else "   ", Role.KEY)
        said = wrapped(term.text, max(8, width - 40))
        took = Piece(
            column(span(term.low_s, term.high_s), 24) + " ", Role.TEXT if known else Role.UNKNOWN
        )
        lines.append((mark, Piece(f"{term.name:<10} "), took, Piece(said[0], Role.DIM)))
        lines += [(Piece(" " * 39), Piece(part, Role.DIM)) for part in said[1:]]
    return lines


def _slowest(estimate: Estimate) -> EstimateTerm | None:
    """Return the term that bounds the whole; None while one of them is unknown."""
    if any(term.high_s is None for term in estimate.terms):
        return None
    return max(estimate.terms, key=lambda term: term.high_s or 0.0, default=None)


def _trial(estimate: Estimate) -> str:
    at = "" if estimate.measured_ns is None else f", {clock_s(estimate.measured_ns)} UTC"
    return (
        f"{display.count(estimate.trial_objects)} objects, {display.size(estimate.trial_bytes)} "
        f"in {display.duration(estimate.trial_s)}{at}"
    )
