"""The wire types of the way back: its plan, made anew at each look, and what it would cost.

Served by a live engine and by a ledger at rest alike. Times are UTC nanoseconds, durations seconds;
None where nobody can say (I7). Texts are safe to show.
"""

from __future__ import annotations

from core.control import wire
from core.control.wire_cutover import Gate, Limit, Risk, Run, Step


class Uncarriable(wire.Wire, frozen=True, kw_only=True):
    """A key of green's that blue cannot hold. name: as objects are written."""

    name: str
    why: str


class BackupSet(wire.Wire, frozen=True, kw_only=True):
    """What a full rollback would put back. opened: read and hashed just now; why: of one not."""

    path: str
    made_ns: int = 0
    opened: bool = False
    why: str = ""


class Rollback(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/rollback?slice=NAME&way=WAY`: the plan back to blue, as it is now.

    hash: what `rollback start` takes, "" where there is no plan; off: why. word: what confirms it,
    typed. about_s: until blue serves; pause_s: of that, with writes refused. state: GREEN_LIVE, or
    FENCE_GREEN to SWITCH_BACK while one is under way. green: ok, dead, unknown; with green dead the
    load balancers alone are switched, and `lost` counts what stays behind. gates: of GREEN_LIVE.
    lost, uncarriable: the first 20; their totals beside them. job: that drives it now.
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
    risk: Risk | None = None
    uncarriable: tuple[Uncarriable, ...] = ()
    uncarriable_total: int = 0
    lost: tuple[str, ...] = ()
    lost_total: int = 0
    steps: tuple[Step, ...] = ()
    limits: tuple[Limit, ...] = ()
    gates: tuple[Gate, ...] = ()
    backups: tuple[BackupSet, ...] = ()
    runs: tuple[Run, ...] = ()
    job: int | None = None
    command: str = ""
