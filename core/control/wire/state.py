"""The wire types of `/v1`, shared by server and client.

JSON by msgspec; unknown members are ignored, so that an older client reads a newer engine. Outside
text (keys, error bodies) is already made safe to show by `core.display.safe` on the server's side.
Times are UTC nanoseconds, ages and waits are seconds.
"""

from __future__ import annotations

import msgspec

API_VERSION = 1
ACTOR_HEADER = "vgwm-actor"
"""Whose look it is, percent-encoded: a look of the lease's holder keeps it."""


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the API. Each class repeats both options: mypy does not see them inherited."""


class ErrorBody(Wire, frozen=True, kw_only=True):
    """An error, as stderr and screens show it."""

    code: str
    what: str
    where: str
    remedy: str
    exit_code: int = 70


class Totals(Wire, frozen=True, kw_only=True):
    """Counters of the ledger: objects = migrated + failed + skipped + gone + remaining (I4)."""

    objects: int = 0
    migrated: int = 0
    failed: int = 0
    skipped: int = 0
    gone: int = 0
    remaining: int = 0
    size_bytes: int = 0
    migrated_bytes: int = 0
    requeued: int = 0
    bundles: int = 0
    bundles_recorded: int = 0
    pins_waiting: int = 0
    markers: int = 0
    versions: int = 0
    waived: int = 0  # of the skipped: by an operator, now
    skips_made: int = 0  # by operators, ever
    skips_undone: int = 0
    gone_bytes: int = 0

    @property
    def wanted(self) -> int:
        """Objects that the target is to have, or was: what the source has no more is not owed."""
        return self.objects - self.gone

    @property
    def wanted_bytes(self) -> int:
        """Bytes of those."""
        return self.size_bytes - self.gone_bytes


class Rate(Wire, frozen=True, kw_only=True):
    """Speed of the last minute and since the job began; None until it is earned."""

    objects_s: float | None = None
    bytes_s: float | None = None
    objects_s_mean: float | None = None
    bytes_s_mean: float | None = None
    history: list[int] = []  # objects/s, one a second, oldest first, at most 60


class Eta(Wire, frozen=True, kw_only=True):
    """When the job ends. Exactly one of low_s, unknown, stalled_s, ending.

    age_s: of the newest record that the range rests on. ending: the end is near, in words.
    """

    low_s: float | None = None
    high_s: float | None = None
    age_s: float | None = None
    unknown: str | None = None
    ending: str | None = None
    stalled_s: float | None = None
    stalled_reason: str | None = None


class Worker(Wire, frozen=True, kw_only=True):
    """One worker process, read from its board."""

    slot: int
    pid: int
    state: str  # idle, copy, waiting, stalled, paused, silent, gone
    objects_s: float = 0.0
    bytes_s: float = 0.0
    bundle: int | None = None
    step: str = ""  # "hash 12 %", "send kubo-2", "pins: 64 of 64"
    since_s: float = 0.0
    history: list[int] = []  # bytes/s, one a second, oldest first, at most 60


class Job(Wire, frozen=True, kw_only=True):
    """A job of the engine."""

    id: int
    kind: str
    state: str
    actor: str
    made_ns: int
    began_ns: int | None = None
    ended_ns: int | None = None
    reason: str = ""  # why it is paused, failed or stalled
    done: int = 0  # objects
    total: int | None = None  # None while the plan is walking
    result: ErrorBody | None = None
    figures: dict[str, int] = {}  # retry: queued, recovered, still_failed, gone; skip: objects
    args: dict[str, str] = {}  # what it was asked, as `POST /v1/jobs` had it


class ErrorCount(Wire, frozen=True, kw_only=True):
    """How often an object failed of one class in one phase; it only grows."""

    phase: str
    code: str
    times: int


class Event(Wire, frozen=True, kw_only=True):
    """A durable event; seq has no gaps."""

    seq: int
    ts_ns: int
    kind: str
    level: str  # info, warn, error
    who: str
    text: str
    job: int | None = None


class Node(Wire, frozen=True, kw_only=True):
    """A Kubo node or cluster peer as the engine last saw it."""

    name: str
    url: str
    state: str  # ok, busy, slow, full, failing, denied, unreachable, unknown
    reason: str = ""
    age_s: float | None = None
    free_bytes: int | None = None
    in_flight: int = 0
    sent_bytes: int = 0


class Knob(Wire, frozen=True, kw_only=True):
    """A live setting: its value, bounds, and who set it."""

    name: str
    value: str
    default: str
    bounds: str
    actor: str = ""
    set_ns: int | None = None
    effect: str = ""


HISTOGRAM_S = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""The upper bounds of every histogram's buckets; one more bucket holds what is above them."""


class Histogram(Wire, frozen=True, kw_only=True):
    """How long recorded bundles took in one phase, since this engine began."""

    phase: str  # read, send, pin, record, all
    counts: list[int]  # one bucket each, not summed up
    sum_s: float


class Engine(Wire, frozen=True, kw_only=True):
    """The engine process itself."""

    pid: int
    epoch: int
    started_ns: int
    version: str
    rss_bytes: int = 0
    state: str = "ok"  # ok, stopping; "down" when the ledger alone was read
    kept_by: str = ""  # who restarts it after a crash: "pid 4242", "systemd"; nobody if empty
    restarts: int = 0  # after crashes, by that one


class Lease(Wire, frozen=True, kw_only=True):
    """Who steers: others' acts are refused until it is free, unless they take it over."""

    holder: str
    since_ns: int
    heard_s: float  # since the holder's last contact
    free_s: float  # until it is free without another


class Workspace(Wire, frozen=True, kw_only=True):
    """What the workspace joins: fixed for its life."""

    id: str
    name: str
    path: str
    source: str
    target: str
    table: str
    profile: str
    replication: int | None = None
    planned: bool = False
    plan_hash: str = ""
    buckets: int = 0


class SliceShort(Wire, frozen=True, kw_only=True):
    """Where a slice of a cutover stands. writable: blue, green, none, both, or unknown.

    across: copies between the sides that load balancers refused, None where not all count them.
    """

    name: str
    state: str
    number: str
    since_ns: int = 0
    writable: str = "unknown"
    across: int | None = None
    risk: Risk | None = None  # of its buckets alone, while green serves it and slices are named


class Risk(Wire, frozen=True, kw_only=True):
    """What green took since T_flip (since_ns, 0: no flip) and blue is not known to hold.

    silent_since_ns: from when on nothing is heard of green: all figures are unknown then, never 0.
    """

    since_ns: int
    writes: int = 0
    deletes: int = 0
    size_bytes: int = 0
    oldest_s: float | None = None
    uncarriable: int = 0
    carried: int = 0
    silent_since_ns: int = 0


class Snapshot(Wire, frozen=True, kw_only=True):
    """The whole latest state: `GET /v1/snapshot`."""

    v: int = API_VERSION
    at_ns: int
    workspace: Workspace
    engine: Engine
    lease: Lease | None = None  # None: nobody holds it
    totals: Totals
    rate: Rate
    eta: Eta
    limit: str = ""  # the stage that bounds the whole, with its figures
    jobs: list[Job] = []  # the newest 20, and the newest of each kind
    workers: list[Worker] = []
    nodes: list[Node] = []
    knobs: list[Knob] = []
    events: list[Event] = []  # the last ten
    last_seq: int = 0
    unrepresentable: dict[str, int] = {}
    failed_by: dict[str, int] = {}  # failed objects by class, the largest first
    histograms: list[Histogram] = []
    read_bytes: int = 0  # of recorded bundles, since this engine began
    failed_phases: dict[str, int] = {}  # failed objects by phase
    errors: list[ErrorCount] = []  # ever, retries included
    sync_lag_s: float | None = None  # since the last full round began; None: there was none
    sync_pending: int = 0  # objects that changed and are not on the target yet
    slices: list[SliceShort] = []  # those of which a cutover was begun
    risk: Risk | None = None  # once a slice was switched


class Events(Wire, frozen=True, kw_only=True):
    """`GET /v1/events?since=N`: the events after N, at most 1,000, oldest first."""

    events: list[Event]
    last_seq: int


class Command(Wire, frozen=True, kw_only=True):
    """What every act carries; `PUT /v1/lease` takes or renews the lease with nothing else.

    request_id: a repeated one gives the same answer and does nothing. expected_epoch: of the engine
    that is meant; another refuses. takeover: why the lease is taken from its holder.
    """

    actor: str
    request_id: str = ""
    expected_epoch: int | None = None
    takeover: str = ""


class JobRequest(Command, frozen=True, kw_only=True):
    """`POST /v1/jobs`."""

    kind: str
    args: dict[str, str] = {}


class JobMade(Wire, frozen=True, kw_only=True):
    """The answer to `POST /v1/jobs`."""

    id: int


class Done(Wire, frozen=True, kw_only=True):
    """The answer to an act: it is on disk (I5)."""


class Act(Command, frozen=True, kw_only=True):
    """`POST /v1/jobs/N/{pause,resume,cancel}` and `POST /v1/engine/stop`."""


class Refusal(Wire, frozen=True, kw_only=True):
    """The body of every answer that is no success."""

    error: ErrorBody


class KnobRequest(Command, frozen=True, kw_only=True):
    """`PATCH /v1/knobs`: name to value, all or none."""

    values: dict[str, str]


class Failure(Wire, frozen=True, kw_only=True):
    """One object that failed, was skipped, or waits for another try: `GET /v1/failures`.

    who, why: of an operator's skip. cursor: this row's place for `after` and `before`.
    """

    bucket: str
    key: str
    version: str
    phase: str
    code: str
    text: str
    tries: int
    last_ns: int
    remedy: str
    disposition: str  # failed, skip (the walk's), waived (an operator's), requeued
    first_ns: int = 0
    size_bytes: int | None = None
    bundle: int | None = None
    who: str = ""
    why: str = ""
    cursor: str = ""


class Failures(Wire, frozen=True, kw_only=True):
    """A page of failures. next, prev: cursors for `after` and `before`, empty at either end.

    total: of all that were asked for; not exact: at least so many. at: the first row's place, None
    in a page that a cursor asked for.
    """

    failures: list[Failure]
    next: str = ""
    prev: str = ""
    total: int = 0
    exact: bool = True
    at: int | None = None
    as_of_ns: int = 0
