"""What the Verify screen shows, as values: a proof, one of its lists, and rows of that.

A list does not change once it is written: its rows stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from core.model import ENDED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from core.control.wire.verify import IllCount, Proof, ViewRow
    from tui.facts.window import Window

VERIFY = "verify"
"""The kind of proof that looks at the source, too; the other is a check of the metadata."""


class Pane(StrEnum):
    """The parts of the screen; the value is what its head says, and but for the first a list's."""

    FIGURES = "figures"
    DIFFER = "differ"
    MISSING = "missing"
    EXTRA = "extra"
    ERROR = "error"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What is shown. job: of the proof, None for the newest verification. kind, bucket: "" all."""

    pane: Pane = Pane.FIGURES
    job: int | None = None
    kind: str = ""
    bucket: str = ""

    @property
    def typed(self) -> str:
        """The filter as it is typed."""
        return " ".join(word for word in (self.kind, self.bucket) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofList:
    """A list that can be asked for. ended_ns: when its proof ended; another end, another list."""

    job: int
    ended_ns: int
    name: str
    kind: str = ""
    bucket: str = ""


ProofWindow: TypeAlias = "Window[ProofList, ViewRow]"


def shown(proofs: Sequence[Proof], wanted: Proven) -> Proof | None:
    """Return the proof that is shown: the one that was chosen, else the newest verification."""
    chosen = (proof for proof in proofs if proof.job == wanted.job)
    newest = (proof for proof in proofs if proof.kind == VERIFY)
    return next(chosen, None) or next(newest, None) or next(iter(proofs), None)


def list_of(proof: Proof | None, wanted: Proven) -> ProofList | None:
    """Return the list that is shown; None where there is none: the figures, or not made yet."""
    if proof is None or wanted.pane is Pane.FIGURES or proof.ended_ns is None:
        return None
    return ProofList(
        job=proof.job,
        ended_ns=proof.ended_ns,
        name=wanted.pane,
        kind=wanted.kind,
        bucket=wanted.bucket,
    )


def why_no_lists(proof: Proof) -> str:
    """Return why a proof has no lists; empty if it has them."""
    if proof.ended_ns is not None:
        return ""
    if proof.state in ENDED:
        return f"#{proof.job} is {proof.state} and left no lists: B verifies again"
    return f"#{proof.job} has not ended: its lists are made at the end"


def kinds(proof: Proof | None) -> tuple[IllCount, ...]:
    """Return the kinds of what was found, list by list, the most first."""
    if proof is None:
        return ()
    order = [pane.value for pane in Pane]
    return tuple(sorted(proof.kinds, key=lambda one: (order.index(one.name), -one.rows)))


def parse_wanted(typed: str, wanted: Proven, known: Collection[str]) -> Proven:
    """Read `KIND BUCKET`, in any order; each may be left out. known: the kinds there are."""
    kind = bucket = ""
    for word in typed.split():
        if word in known and not kind:
            kind = word
        else:
            bucket = word
    return Proven(pane=wanted.pane, job=wanted.job, kind=kind, bucket=bucket)


def beside(window: ProofWindow, place: int) -> tuple[ViewRow, ...]:
    """Return all rows of the object at a place that are here: an attribute each, in order.

    The rows of an object stand together.
    """
    row = window.row(place)
    if row is None:
        return ()
    first = last = place
    while (near := window.row(first - 1)) is not None and near.object == row.object:
        first -= 1
    while (near := window.row(last + 1)) is not None and near.object == row.object:
        last += 1
    found = (window.row(at) for at in range(first, last + 1))
    return tuple(one for one in found if one is not None)
