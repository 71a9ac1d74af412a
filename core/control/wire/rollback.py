"""The wire types of the way back: its plan, made anew at each look, and what it would cost.

Served by a live engine and by a ledger at rest alike. Times are UTC nanoseconds, durations seconds;
None where nobody can say (I7). Texts are safe to show.
"""

from __future__ import annotations

from core.control.wire import cutover as wire_cutover
from core.control.wire import state as wire


class Rollback(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/rollback?slice=NAME&way=WAY&origin=DIR&to=DIR`: the plan back to blue, as it is now.

    hash: what `rollback start` takes, "" where there is no plan; off: why. word: what confirms it,
    typed. about_s: until blue serves; pause_s: of that, with writes refused. state: GREEN_LIVE, or
    FENCE_GREEN to SWITCH_BACK while one is under way. green: alive, gateway-dead (its blocks and
    table answer), dead: then load balancers alone are switched, and `lost` counts what stays
    behind. notes: what has to be known first. gates: of GREEN_LIVE. lost, uncarriable: names, the
    first 20; their totals beside them. job: that drives it now.
    """

    slice: str
    way: str = "quick"
    state: str = ""
    number: str = ""
    hash: str = ""
    word: str = ""
    off: str = ""
    green: str = "unknown"
    about_s: float | None = None
    pause_s: float | None = None
    risk: wire.Risk | None = None
    uncarriable: tuple[str, ...] = ()
    uncarriable_total: int = 0
    lost: tuple[str, ...] = ()
    lost_total: int = 0
    steps: tuple[wire_cutover.Step, ...] = ()
    limits: tuple[wire_cutover.Limit, ...] = ()
    notes: tuple[str, ...] = ()
    gates: tuple[wire_cutover.Gate, ...] = ()
    job: int | None = None
    command: str = ""


class RollbackQuery(wire.Wire, frozen=True, kw_only=True):
    """The query of `GET /v1/rollback`: whose way back, and which. slice: "" for all.

    way: quick, full, data. origin, to: of data, as in CutoverRequest.
    """

    slice: str = ""
    way: str = "quick"
    origin: str = ""
    to: str = ""


class NamesQuery(wire.Wire, frozen=True, kw_only=True):
    """The query of `GET /v1/rollback/names`. what: at-risk, or cannot-carry for those alone.

    at: a row's place; after: instead, the `next` of a page, with which all are read in order.
    """

    slice: str = ""
    what: str = "at-risk"
    at: int = 0
    after: str = ""
    limit: int = 200


class RiskName(wire.Wire, frozen=True, kw_only=True):
    """A key that green changed and blue is not known to hold. object: as objects are written.

    op: put, del. size_bytes: None for deletes. seen_ns: when the oldest such change was heard of.
    cannot: blue cannot hold it; why: that, or what hindered its last try. tries: in vain so far.
    """

    object: str
    op: str
    size_bytes: int | None
    seen_ns: int
    cannot: bool = False
    why: str = ""
    tries: int = 0


class RiskNames(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/rollback/names`: what waits by bucket and key, then what blue cannot hold.

    at, total: the first row's place, and of how many; both None where `after` was given. next:
    the following page's `after`, "" at the end. silent_since_ns: from when on green's changes are
    not heard: there may be more then (I7).
    """

    slice: str
    what: str
    rows: tuple[RiskName, ...]
    as_of_ns: int
    at: int | None = None
    total: int | None = None
    next: str = ""
    silent_since_ns: int = 0
