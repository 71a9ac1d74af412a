"""The wire types of the cutover: where each slice stands, its gates, its plan, its runs.

Served by a live engine and by a ledger at rest alike; a ledger at rest cannot ask the world, so the
gates that do are `unknown` then (I7). Times are UTC nanoseconds, ages and durations seconds; None
where nobody can say. Texts are safe to show. The way back: `core.control.wire.rollback`.
"""

from __future__ import annotations

import msgspec

from core.control.wire import state as wire


class Gate(wire.Wire, frozen=True, kw_only=True):
    """A condition, with what it rests on. verdict: pass, warn, fail, unknown.

    age_s: since it was measured, None if never; older than limit_s it counts for nothing. acked: by
    whom a warning was taken on. open: it lets a cutover pass; why: of one that does not. spared: no
    start waits for it, such as backups, which a run makes and opens itself before its fence.
    """

    name: str
    verdict: str
    evidence: str
    age_s: float | None
    limit_s: float
    remedy: str = ""
    acked: str = ""
    open: bool = False
    why: str = ""
    spared: bool = False


class Step(wire.Wire, frozen=True, kw_only=True):
    """A step of a plan. number: 1 to 13, R1 to R4. state: its word, as the ledger has it.

    undo: what undoes it, "" if nothing has to. expected_s: as the last rehearsal took.
    past_return: from here on the way back costs a reverse copy. done: of a run under way.
    """

    number: str
    state: str
    text: str
    undo: str = ""
    expected_s: float | None = None
    past_return: bool = False
    done: bool = False


class Limit(wire.Wire, frozen=True, kw_only=True):
    """What a plan may reach before it stops and asks again. text: with its figure and unit."""

    name: str
    text: str


class Slice(wire.Wire, frozen=True, kw_only=True):
    """Where a slice stands. name: `all`, or of vgwm.yaml. buckets: none for everything.

    state, number: where it stands, since_ns on, 0 before its first run. step: at work, "" without.
    undoing: writes are being given back. deadline_ns: until when they may be held back, 0 while
    they are not. writable: blue, green, none, both (an alarm), or unknown where not every load
    balancer answered; "" of a slice that was not asked about. why: how its last run left it.
    """

    name: str
    buckets: tuple[str, ...] = ()
    state: str = "PLANNED"
    number: str = "1"
    since_ns: int = 0
    run: str = ""
    job: int | None = None
    step: str = ""
    undoing: bool = False
    deadline_ns: int = 0
    writable: str = ""
    why: str = ""


class Run(wire.Wire, frozen=True, kw_only=True):
    """A run that was. kind: cutover, rehearse, rollback. ended_ns: of its newest row.

    state: its last one; why: how it came to that. fence_s: how long writes were refused, None if
    they never were.
    """

    run: str
    kind: str
    slice: str
    actor: str
    began_ns: int
    ended_ns: int
    state: str = ""
    why: str = ""
    fence_s: float | None = None


class Off(wire.Wire, frozen=True, kw_only=True):
    """Why an act cannot be begun now, a line each; "" where it can."""

    start: str = ""
    rehearse: str = ""
    abort: str = ""
    commit: str = ""
    rollback: str = ""


class Cutover(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/cutover?slice=NAME`: one slice in full (the first without a name), all in short.

    gates: of READY before the flip, of GREEN_LIVE after it. hash: of the plan as it is now, "" if
    it cannot be made; `start` takes no other. word: what confirms it, typed. job: that drives it
    now. live_until_ns: when the watch window ends, None before the flip. strategy: blue-green,
    rolling or big-bang. across: copies between the sides that load balancers refused since they
    started, None where not all count them, for the reason across_why. risk: of this slice's buckets
    alone.
    """

    slice: str
    slices: tuple[Slice, ...]
    strategy: str = ""
    across: int | None = None
    across_why: str = ""
    gates: tuple[Gate, ...] = ()
    hash: str = ""
    word: str = ""
    steps: tuple[Step, ...] = ()
    limits: tuple[Limit, ...] = ()
    expected_s: float | None = None
    fence_expected_s: float | None = None
    forecast_s: float | None = None
    budget_s: float | None = None
    lag_s: float | None = None
    round: int | None = None
    off: Off = Off()
    risk: wire.Risk | None = None
    runs: tuple[Run, ...] = ()  # the newest first, at most 20
    job: int | None = None
    live_until_ns: int | None = None


class CutoverRequest(wire.Wire, frozen=True, kw_only=True):
    """`POST /v1/cutovers`: what is wanted; nothing is done yet.

    act: cutover, rehearse, abort, commit, rollback. slice: "" for all. way: of a rollback: quick,
    full, data. origin: of data, the folder with a copy of blue's tree; to: the new one that it is
    restored to; both absolute.
    """

    actor: str
    act: str
    slice: str = ""
    way: str = "quick"
    origin: str = ""
    to: str = ""


class CutoverPlan(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/cutovers/N`: what would be done, and the hash that a job must carry (I8).

    state: making (the world is asked), made, failed. gates: as they were found for it. kind, args:
    of the job that does it; the hash is among them. word: what confirms it, typed. off: why it
    cannot be begun now, "" if it can. lost: names of keys that would be lost, the first 20;
    lost_total: of all. command: what does the same, without --confirm.
    """

    id: int
    act: str
    kind: str
    state: str
    slice: str
    args: dict[str, str] = msgspec.field(default_factory=dict)
    way: str = ""
    strategy: str = ""  # of a cutover or a rehearsal
    hash: str = ""
    word: str = ""
    off: str = ""
    about_s: float | None = None
    pause_s: float | None = None
    steps: tuple[Step, ...] = ()
    limits: tuple[Limit, ...] = ()
    acked: tuple[str, ...] = ()  # warnings taken on, by name
    warnings: tuple[str, ...] = ()
    risk: wire.Risk | None = None
    lost: tuple[str, ...] = ()
    lost_total: int = 0
    lines: tuple[str, ...] = ()  # what else it binds: load balancers, gateways, backups
    gates: tuple[Gate, ...] = ()
    command: str = ""
    runbook: str = ""  # of a rollback: the commands by which it is done by hand
    error: wire.ErrorBody | None = None
