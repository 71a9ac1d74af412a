"""The wire types of `/v1`, shared by server and client.

JSON by msgspec; unknown members are ignored, so that an older client reads a newer engine. Outside
text (keys, error bodies) is already made safe to show by `core.display.safe` on the server's side.
Times are UTC nanoseconds, ages and waits are seconds.
"""

from __future__ import annotations

import msgspec

API_VERSION = 1


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


class Rate(Wire, frozen=True, kw_only=True):
    """Speed of the last minute and since the job began; None until it is earned."""

    objects_s: float | None = None
    bytes_s: float | None = None
    objects_s_mean: float | None = None
    bytes_s_mean: float | None = None
    history: list[int] = []  # objects/s, one a second, oldest first, at most 60


class Eta(Wire, frozen=True, kw_only=True):
    """When the job ends: a range, or why there is none. Exactly one of low_s, unknown, stalled."""

    low_s: float | None = None
    high_s: float | None = None
    unknown: str | None = None
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
    state: str  # ok, busy, unreachable, full, unknown
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


class Engine(Wire, frozen=True, kw_only=True):
    """The engine process itself."""

    pid: int
    epoch: int
    started_ns: int
    version: str
    rss_bytes: int = 0
    state: str = "ok"  # ok, stopping; "down" when the ledger alone was read


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


class Snapshot(Wire, frozen=True, kw_only=True):
    """The whole latest state: `GET /v1/snapshot`."""

    v: int = API_VERSION
    at_ns: int
    workspace: Workspace
    engine: Engine
    totals: Totals
    rate: Rate
    eta: Eta
    limit: str = ""  # the stage that bounds the whole, with its figures
    jobs: list[Job] = []
    workers: list[Worker] = []
    nodes: list[Node] = []
    knobs: list[Knob] = []
    events: list[Event] = []  # the last ten
    last_seq: int = 0
    unrepresentable: dict[str, int] = {}
    failed_by: dict[str, int] = {}  # failed objects by class, the largest first


class Events(Wire, frozen=True, kw_only=True):
    """`GET /v1/events?since=N`: the events after N, at most 1,000, oldest first."""

    events: list[Event]
    last_seq: int


class JobRequest(Wire, frozen=True, kw_only=True):
    """`POST /v1/jobs`. A repeated request_id gives the same answer."""

    kind: str
    actor: str
    request_id: str
    args: dict[str, str] = {}
    expected_epoch: int | None = None


class JobMade(Wire, frozen=True, kw_only=True):
    """The answer to `POST /v1/jobs`."""

    id: int


class Done(Wire, frozen=True, kw_only=True):
    """The answer to an act: it is on disk (I5)."""


class Act(Wire, frozen=True, kw_only=True):
    """`POST /v1/jobs/N/{pause,resume,cancel}` and `POST /v1/engine/stop`."""

    actor: str
    expected_epoch: int | None = None


class Refusal(Wire, frozen=True, kw_only=True):
    """The body of every answer that is no success."""

    error: ErrorBody


class KnobRequest(Wire, frozen=True, kw_only=True):
    """`PATCH /v1/knobs`: name to value, all or none."""

    values: dict[str, str]
    actor: str


class Failure(Wire, frozen=True, kw_only=True):
    """One object that failed or was skipped: `GET /v1/failures?after=N&limit=L`."""

    bucket: str
    key: str
    version: str
    phase: str
    code: str
    text: str
    tries: int
    last_ns: int
    remedy: str
    disposition: str  # failed, skip, requeued


class Failures(Wire, frozen=True, kw_only=True):
    """A page of failures; next is the cursor of the following page, empty at the end."""

    failures: list[Failure]
    next: str = ""


class Plan(Wire, frozen=True, kw_only=True):
    """The stored plan: `GET /v1/plan`."""

    id: str
    hash: str
    strategy: str
    source: str
    target: str
    profile: str
    replication: int | None
    made_ns: int
    complete: bool
    buckets: int
    objects: int
    size_bytes: int
    bundles: int
    versions: int
    markers: int
    skipped: int
    histogram: list[tuple[str, int, int]]  # class label, objects, bytes
    unrepresentable: dict[str, int]
    cid_profile: str
