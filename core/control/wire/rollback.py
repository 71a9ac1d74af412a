"""The wire types of the way back: its plan, made anew at each look, and what it would cost.

Served by a live engine and by a ledger at rest alike. Times are UTC nanoseconds, durations seconds;
None where nobody can say (I7). Texts are safe to show.
"""

from __future__ import annotations

from core.control.wire import cutover as wire_cutover
from core.control.wire import state as wire


class Rollback(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/rollback?slice=NAME&way=WAY`: the plan back to blue, as it is now.

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
