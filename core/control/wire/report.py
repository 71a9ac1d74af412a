"""The report: what a migration came to, item by item, with every figure's place and age.

`vgwm report` prints it and writes it down; nothing of it is served. All figures are of one commit
of the ledger. Texts are safe to show. Times are UTC nanoseconds.
"""

from __future__ import annotations

from msgspec import field

from core.control.wire import state as wire
from core.control.wire import sync as wire_sync
from core.control.wire import verify as wire_verify


class ReportItem(wire.Wire, frozen=True, kw_only=True):
    """An item of the validation list (guide L536).

    state: pass, fail, unknown, not offered. evidence: why it is so. measured_ns: of the oldest of
    what it rests on; None where that was never looked at. remedy: empty for a pass.
    """

    id: str
    group: str
    text: str
    state: str
    evidence: str
    measured_ns: int | None = None
    remedy: str = ""


class ReportLedger(wire.Wire, frozen=True, kw_only=True):
    """Whether the ledger is to be believed. differences: counters that do not equal the rows.

    events: in the chain; head: the digest of its newest, 64 hex digits; broken_at: the first event
    that does not fit, None where all do. Kept elsewhere, head shows events that were cut off.
    """

    schema: int
    epoch: int
    profile_digest: str
    events: int
    head: str
    broken_at: int | None = None
    differences: int = 0
    difference: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing contradicts itself."""
        return self.broken_at is None and not self.differences


class ReportPlan(wire.Wire, frozen=True, kw_only=True):
    """The plan that was carried out. objects, size_bytes: as it found them."""

    hash: str
    strategy: str
    made_ns: int
    complete: bool
    objects: int
    size_bytes: int


class ReportCounts(wire.Wire, frozen=True, kw_only=True):
    """What the ledger's totals leave open. dirty: changed at the source, not carried yet.

    due: gone at the source, still on the target. failed_by, skipped_by: by class; the latter the
    walk's. source_sums: objects whose bytes do not fit a sum that the source stores, by class.
    """

    dirty: int = 0
    due: int = 0
    failed_by: dict[str, int] = field(default_factory=dict)
    skipped_by: dict[str, int] = field(default_factory=dict)
    source_sums: dict[str, int] = field(default_factory=dict)


class ReportLists(wire.Wire, frozen=True, kw_only=True):
    """Whether a proof's lists are on disk. state: there, gone, other (not as they were counted).

    A proof that was not made to its end has none.
    """

    job: int
    state: str


class ReportLeft(wire.Wire, frozen=True, kw_only=True):
    """What was not carried, of one class. n: objects if whole, else things that objects have.

    fate: never an object, kept in the manifest, not shown, left behind, given up, failed.
    first: the first names, at most 20; none where no file was asked for.
    """

    why: str
    whole: bool
    fate: str
    n: int
    first: tuple[str, ...] = ()


class ReportVersion(wire.Wire, frozen=True, kw_only=True):
    """A part's version. state: pass, warn, fail, or unknown where nobody said it (I7)."""

    component: str
    endpoint: str
    text: str
    state: str
    measured_ns: int


class ReportJobs(wire.Wire, frozen=True, kw_only=True):
    """The timeline: the newest jobs, oldest first. total: of all that there were."""

    total: int
    jobs: tuple[wire.Job, ...]


class ReportSync(wire.Wire, frozen=True, kw_only=True):
    """How the target kept up. lag_s: since the last full round began; None before the first."""

    rounds: int
    lag_s: float | None
    last: tuple[wire_sync.SyncRound, ...] = ()


class ReportAssessed(wire.Wire, frozen=True, kw_only=True):
    """What the assessment said last: rows by state, warnings that nobody took on."""

    counts: dict[str, int]
    open_warnings: int
    blocking: tuple[str, ...]
    measured_ns: int | None


class ReportFile(wire.Wire, frozen=True, kw_only=True):
    """The list beside the report: one JSON object a line. sha256: of its bytes."""

    name: str
    rows: int
    sha256: str


class Report(wire.Wire, frozen=True, kw_only=True):
    """All of it. verified: the newest verification that looked at everything to its end.

    newest: the newest proof of each kind, whatever it covered, where that is another one. lists: of
    all of these.
    changed_ns: when the target last changed; what was proved before says nothing of it since.
    states: items by state.
    """

    at_ns: int
    version: str
    workspace: wire.Workspace
    engine: str
    ledger: ReportLedger
    plan: ReportPlan | None
    totals: wire.Totals
    counts: ReportCounts
    items: tuple[ReportItem, ...]
    states: dict[str, int]
    changed_ns: int | None
    verified: wire_verify.Proof | None
    newest: tuple[wire_verify.Proof, ...]
    lists: tuple[ReportLists, ...]
    left: tuple[ReportLeft, ...]
    left_file: ReportFile | None
    assessed: ReportAssessed
    sync: ReportSync
    timeline: ReportJobs
    versions: tuple[ReportVersion, ...]
