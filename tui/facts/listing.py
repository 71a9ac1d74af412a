"""The lists of the Errors screen as values: which rows are asked for, and how they are told apart.

Only a window of them is ever here (`tui.facts.window`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from core.control.wire.failures import FailureBundle, FailureCause
from core.control.wire.state import Failure

if TYPE_CHECKING:
    from collections.abc import Collection

    from tui.facts.window import Window


class Tab(StrEnum):
    """What the Errors screen lists; the value is what its head says."""

    FAILED = "failed"
    ALL = "all"
    CAUSES = "by cause"
    BUNDLES = "by bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which failures are wanted. Empty members want all. prefix: of `bucket/key`, as shown."""

    code: str = ""
    phase: str = ""
    prefix: str = ""

    @property
    def typed(self) -> str:
        """The filter as it is typed."""
        marks = {"class": self.code, "phase": self.phase}
        words = [f"{mark}:{value}" for mark, value in marks.items() if value]
        return " ".join([*words, self.prefix] if self.prefix else words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list that can be asked for: a tab and its filter. bundle: of this one only."""

    tab: Tab = Tab.FAILED
    filter: Filter = field(default_factory=Filter)
    bundle: int | None = None


Row: TypeAlias = "Failure | FailureCause | FailureBundle"


FailureWindow: TypeAlias = "Window[Listing, Row]"


def place_of(window: FailureWindow, row: Row) -> int | None:
    """Return where the same object, class or bundle is now; None if it is not here."""
    wanted = identity(row)
    found = (n for n, other in enumerate(window.rows) if identity(other) == wanted)
    place = next(found, None)
    return None if place is None else window.begins + place


def identity(row: Row) -> tuple[str | int, ...]:
    """Return what a row is about, whatever else of it has changed."""
    match row:
        case Failure():
            return (row.bucket, row.key, row.version)
        case FailureCause():
            return (row.code, row.phase, row.disposition)
        case FailureBundle():
            return (row.id,)


def fitting(listing: Listing) -> Listing:
    """Return the listing without what its tab cannot be filtered by.

    A filter that is shown and not kept to would let an act take more than is seen.
    """
    match listing.tab:
        case Tab.CAUSES:
            return replace(listing, filter=replace(listing.filter, prefix=""), bundle=None)
        case Tab.BUNDLES:
            return Listing(tab=Tab.BUNDLES)
        case _:
            return listing


def next_tab(tab: Tab) -> Tab:
    """Return the tab after this one, around."""
    tabs = list(Tab)
    return tabs[(tabs.index(tab) + 1) % len(tabs)]


def parse_filter(typed: str, classes: Collection[str]) -> Filter:
    """Read `class:C phase:P PREFIX` in any order; a class that is known needs no mark.

    A prefix may hold blanks: everything that is no mark belongs to it.
    """
    found = Filter()
    rest: list[str] = []
    for word in typed.strip().split(" "):
        mark, colon, value = word.partition(":")
        if colon and mark in {"class", "c"}:
            found = replace(found, code=value)
        elif colon and mark in {"phase", "p"}:
            found = replace(found, phase=value)
        elif word in classes and not found.code:
            found = replace(found, code=word)
        else:
            rest.append(word)
    return replace(found, prefix=" ".join(rest).strip())


def name_of(failure: Failure) -> str:
    """Return an object's name as the command line takes it."""
    version = f"?versionId={failure.version}" if failure.version else ""
    return f"{failure.bucket}/{failure.key}{version}"
