"""The rows of an assessment as the screen lists them: which are shown, and in what order.

The worst stands first. What passed, and what nobody has asked yet, is one row each until it is
opened or filtered for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from core.control.wire.checks import Check

if TYPE_CHECKING:
    from core.control.wire.checks import Checks


class Pane(StrEnum):
    """What the Assess screen shows; the value is what its head says."""

    CHECKS = "checks"
    INVENTORY = "inventory"
    TIME = "time"


class Kind(StrEnum):
    """How a row stands; the values are what the filter takes, the worst first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WARN = "warn"
    TAKEN = "taken"  # a warning that somebody took on
    ASKED = "asking"  # for the first time: there is no answer yet
    PASS = "pass"  # noqa: S105 - a verdict, no password
    IDLE = "not asked"


_LEAST_OF_KIND = 3
"""So many letters of a state's name mean it, where a text follows."""
_FOLDED = (Kind.PASS, Kind.IDLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is shown of it. kind None: all. text: a part of a check's name, place or evidence."""

    pane: Pane = Pane.CHECKS
    kind: Kind | None = None
    text: str = ""

    @property
    def typed(self) -> str:
        """The filter as it is typed."""
        return " ".join(word for word in (self.kind or "", self.text) if word)


class Fold(NamedTuple):
    """Rows of one kind that stand as one."""

    kind: Kind
    checks: int


Row: TypeAlias = "Check | Fold"


def kind_of(check: Check) -> Kind:
    """Return how a row stands. A state of a newer engine is unknown (I7)."""
    if check.measured_ns is None and check.note is None and not check.manual:
        return Kind.ASKED if check.asked else Kind.IDLE
    match check.state:
        case "fail":
            return Kind.FAIL
        case "warn":
            return Kind.WARN if check.ack is None else Kind.TAKEN
        case "pass":
            return Kind.PASS
        case _:
            return Kind.UNKNOWN


def rows(checks: Checks | None, wanted: Wanted) -> tuple[Row, ...]:
    """Return the rows that are listed, the worst first, else in the engine's order."""
    if checks is None:
        return ()
    kinds = list(Kind)
    ordered = sorted(checks.checks, key=lambda check: kinds.index(kind_of(check)))
    fit = [check for check in ordered if _fits(check, wanted)]
    if wanted.kind is not None or wanted.text:
        return tuple(fit)
    folds = (Fold(kind, sum(kind_of(check) is kind for check in fit)) for kind in _FOLDED)
    shown = [check for check in fit if kind_of(check) not in _FOLDED]
    return (*shown, *(fold for fold in folds if fold.checks))


def _fits(check: Check, wanted: Wanted) -> bool:
    if wanted.kind is not None and kind_of(check) is not wanted.kind:
        return False
    text = wanted.text.lower()
    return any(text in part.lower() for part in (check.id, check.endpoint, check.evidence))


def identity(row: Row) -> tuple[str, str]:
    """Return what a row is about, whatever its answer is."""
    return (row.id, row.endpoint) if isinstance(row, Check) else ("", row.kind)


def named(check: Check) -> str:
    """Return a check's name and, where several are asked, of whom."""
    return f"{check.id} {check.endpoint}".rstrip()


def parse_wanted(typed: str, pane: Pane) -> Wanted:
    """Read `KIND TEXT`, each may be left out; a word that begins a kind's name means it."""
    word, _, rest = typed.strip().partition(" ")
    whole = next((kind for kind in Kind if typed.strip() == kind), None)
    if whole is not None:
        return Wanted(pane=pane, kind=whole)
    least = _LEAST_OF_KIND if rest else 1
    means = len(word) >= least
    kind = next((kind for kind in Kind if means and kind.startswith(word.lower())), None)
    return Wanted(pane=pane, kind=kind, text=typed.strip() if kind is None else rest.strip())


def next_kind(typed: str) -> str:
    """Return the kind after the one that is typed, around; the first after anything else."""
    kinds = [str(kind) for kind in Kind]
    return kinds[(kinds.index(typed) + 1) % len(kinds)] if typed in kinds else kinds[0]
