"""What an operator wants done about objects that did not come over, before it is planned.

The engine plans it and carries the plan out by its hash (I8); the screen shows what was planned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from core.control.wire.failures import FailureCause
from core.control.wire.state import Failure
from tui.facts.listing import Filter, Tab, name_of

if TYPE_CHECKING:
    from tui.facts.listing import Listing, Row

WAIVED = "waived"
"""The disposition of what an operator skipped: that alone can be undone."""


class Verb(StrEnum):
    """What can be done; the values are the API's."""

    RETRY = "retry"
    SKIP = "skip"
    UNSKIP = "unskip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What is asked for. names: of single objects; without them all failures of the filter."""

    verb: Verb
    filter: Filter = field(default_factory=Filter)
    names: tuple[str, ...] = ()
    reason: str = ""


def why_not(verb: Verb, listing: Listing, row: Row | None, *, opened: bool) -> str:
    """Return why nothing can be mended from here; empty if something can."""
    if row is None:
        return "there is no row under the cursor"
    if not opened and (listing.tab is Tab.BUNDLES or listing.bundle is not None):
        return "a bundle is not mended as a whole: Enter goes to its objects, then to one"
    disposition = row.disposition if isinstance(row, Failure | FailureCause) else ""
    if isinstance(row, FailureCause) or opened:
        if disposition == "skip":
            return "the walk skipped it: mend the source, then plan anew"
        if disposition == "requeued":
            return "it waits for its next try already"
        if disposition == WAIVED and verb is Verb.RETRY:
            return "an operator skipped it: S takes that back"
    return ""


def mend_of(verb: Verb, listing: Listing, row: Row, *, opened: bool) -> Mend:
    """Return what is meant: the opened object, the class under the cursor, or what is listed."""
    waived = isinstance(row, Failure | FailureCause) and row.disposition == WAIVED
    if isinstance(row, FailureCause):
        verb = Verb.UNSKIP if waived else verb
        return Mend(verb=verb, filter=Filter(code=row.code, phase=row.phase))
    if isinstance(row, Failure) and opened:
        return Mend(verb=Verb.UNSKIP if waived else verb, names=(name_of(row),))
    return Mend(verb=verb, filter=listing.filter)
