"""What stands over each part of the Verify screen: which proof it is, how old, the five counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import display
from core.control.fact import State
from core.model import ENDED, NS_PER_S, JobState
from tui.facts.proven import VERIFY, Pane
from tui.views.line import Line, Piece, Role, fitted, right, width_of
from tui.views.totals import labelled
from tui.views.words import job_word, stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.control.wire.state import Job, Snapshot
    from core.control.wire.verify import ListSize, Proof
    from tui.facts.proven import ProofWindow, Proven
    from tui.ui import Ui

OLD_S = 24 * 3_600.0
"""Older than this no verdict opens a gate: `cutover.md`, gate `verified`."""

_CHANGES = frozenset({"copy", "retry", "sync", "repair", "rebuild", "restore"})
"""Jobs that change what was verified."""
_FOUND = ("added", "changed", "attrs", "deleted")
"""Figures of a sync: what its rounds did."""

_LIST_ROLES = {
    "equal": Role.OK,
    "differ": Role.BAD,
    "missing": Role.BAD,
    "extra": Role.BAD,
    "error": Role.UNKNOWN,
}


def head(proof: Proof, proofs: Sequence[Proof], now_ns: int, width: int) -> Line:
    """Return `verify #15  = done  of all keys   9 min ago, took 41 min   1 of 3`."""
    what = "verify" if proof.kind == VERIFY else "metadata check"
    place = [one.job for one in proofs].index(proof.job) + 1
    line: Line = (
        Piece(f" {what} #{proof.job}  ", Role.TITLE),
        _state(proof),
        Piece(f"   {_scope(proof)}"),
    )
    beside = Piece(f"{_times(proof, now_ns)}   {place} of {len(proofs)}", Role.DIM)
    return fitted(right(line, width - 1, beside), width)


def _state(proof: Proof) -> Piece:
    """Return how its job stands; what ended before its end says so."""
    ended = proof.state in ENDED or proof.state == JobState.INTERRUPTED
    if proof.partial and ended:
        return stands(State.WARN, f"{proof.state}: a part only")
    return job_word(proof.state)


def _scope(proof: Proof) -> str:
    keys = "recorded keys" if proof.scope == "recorded" else "all keys"
    return f"of {keys}" + (f" in {', '.join(proof.buckets)}" if proof.buckets else "")


def _times(proof: Proof, now_ns: int) -> str:
    if proof.ended_ns is None:
        began_s = max(0.0, (now_ns - proof.began_ns) / NS_PER_S)
        over = proof.state in ENDED
        return f"began {display.age(began_s)} ago" if over else f"since {display.duration(began_s)}"
    took_s = max(0.0, (proof.ended_ns - proof.began_ns) / NS_PER_S)
    return f"{display.age(age_s(proof, now_ns))} ago, took {display.duration(took_s)}"


def age_s(proof: Proof, now_ns: int) -> float:
    """Return how old a verdict is by the clock of the screen: it ages though no engine answers."""
    return max(0.0, (now_ns - (proof.ended_ns or now_ns)) / NS_PER_S)


def stale(proof: Proof, now: Snapshot) -> str:
    """Return why a verdict says less than it did; empty if nothing does."""
    if proof.ended_ns is None:
        return ""
    since = [job for job in now.jobs if _changes(job) and _ends_ns(job) > proof.ended_ns]
    if since:
        last = max(since, key=lambda job: job.id)
        does = "changes" if last.ended_ns is None else "changed"
        return f"job {last.id} ({last.kind}) {does} the target since: B verifies again"
    if age_s(proof, now.at_ns) > OLD_S:
        return f"older than {OLD_S / 3_600:.0f} h: no gate opens for it; B verifies again"
    return ""


def _changes(job: Job) -> bool:
    """Tell whether a job changes the target; rounds that found nothing did not.

    A sync without rounds re-bundled.
    """
    rounds = job.kind == "sync" and job.state == JobState.DONE and job.figures.get("rounds")
    return job.kind in _CHANGES and not (rounds and not any(map(job.figures.get, _FOUND)))


def _ends_ns(job: Job) -> int:
    """Return when a job ended; one that has not changes things still."""
    return job.ended_ns if job.ended_ns is not None else 1 << 63


def join(proof: Proof, width: int) -> Line:
    """Return the five counts by their signs; closer together where they are large."""
    shown = {one.name: one for one in proof.lists}
    sizes = [shown[pane.value] for pane in _ORDER if pane.value in shown]
    line = labelled("join", *_counts(sizes, "  "))
    return line if width_of(line) <= width else fitted((Piece(" "), *_counts(sizes, " ")), width)


_ORDER = (Pane.EQUAL, Pane.DIFFER, Pane.MISSING, Pane.EXTRA, Pane.ERROR)


def _counts(sizes: Sequence[ListSize], gap: str) -> Line:
    return tuple(
        Piece(
            f"{gap if n else ''}{one.sign} {one.name} {display.count(one.objects)}",
            _LIST_ROLES.get(one.name, Role.TEXT) if one.objects else Role.DIM,
        )
        for n, one in enumerate(sizes)
    )


def tabs(wanted: Proven, window: ProofWindow | None, ui: Ui, width: int) -> Line:
    """Return the parts of the screen, the row under the cursor, and what is filtered by.

    Where the row does not fit behind all of that, the part alone that is shown stands there.
    """
    filtered: Line = ()
    if wanted.typed:
        filtered = (Piece("  only ", Role.DIM), Piece(wanted.typed, Role.WARN))
    line = (*_panes(wanted.pane, tuple(Pane)), *filtered)
    if window is None or not window.total:
        return fitted(line, width)
    at = f"row {display.count(ui.cursor + 1)} of {display.count(window.total)}"
    for shown in (line, (*_panes(wanted.pane, (wanted.pane,)), *filtered)):
        whole = right(shown, width - 1, Piece(at, Role.DIM))
        if whole is not shown:
            return whole
    return fitted(line, width)


def _panes(chosen: Pane, shown: Sequence[Pane]) -> Line:
    return (
        Piece(" "),
        *(
            Piece(f"[{pane}]", Role.KEY) if pane is chosen else Piece(f" {pane} ", Role.DIM)
            for pane in shown
        ),
    )
