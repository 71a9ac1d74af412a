"""The wire types of the assessment: its answers, who took which warning on, what was measured.

Served by a live engine and by a ledger at rest alike: every answer is on disk before it is seen
(I5). Texts are safe to show and hold no secret (I9).
"""

from __future__ import annotations

from msgspec import field

from core.control.wire import state as wire


class Ack(wire.Wire, frozen=True, kw_only=True):
    """Who took a warning on, when and why. It is kept: a later run does not ask again."""

    actor: str
    at_ns: int
    reason: str


class Note(wire.Wire, frozen=True, kw_only=True):
    """What somebody says of a manual item, which no machine can answer."""

    actor: str
    at_ns: int
    text: str


class Check(wire.Wire, frozen=True, kw_only=True):
    """A row of the assessment, by its id.

    state: pass, warn, fail, unknown; of a row that has not been asked yet, unknown with measured_ns
    None. asked: a run waits for its new answer now; what stands here is the old one. ack: only
    ever beside warn; a fail cannot be taken on. blocks: plan, copy and retry are refused because
    of it. command: asks this row alone again.
    """

    id: str
    title: str = ""
    component: str  # source, cluster, kubo, metadata, cache, gateway, network, lb, host
    state: str
    evidence: str = ""
    remedy: str = ""
    endpoint: str = ""  # whom it was asked of; empty: nobody in particular, or several
    measured_ns: int | None = None
    took_s: float = 0.0
    asked: bool = False
    manual: bool = False  # answered by a note, not by a machine
    ack: Ack | None = None
    note: Note | None = None
    blocks: bool = False
    command: str = ""


class ChecksRun(wire.Wire, frozen=True, kw_only=True):
    """The newest run. state: as of a job (queued, running, .. done, failed, cancelled).

    only: the checks that it was restricted to; empty: all. rows: how many it asks, 0 until known.
    answered: how many of them have come in.
    """

    job: int
    state: str
    actor: str
    began_ns: int | None = None
    ended_ns: int | None = None
    only: list[str] = field(default_factory=list)
    rows: int = 0
    answered: int = 0
    measure_s: float = 0.0  # of the trial; 0: none was asked for
    text: str = ""  # what it is at, or why it failed


class LargeObject(wire.Wire, frozen=True, kw_only=True):
    """One of the largest objects. name: `bucket/key`, odd bytes percent-encoded."""

    name: str
    size_bytes: int


class Inventory(wire.Wire, frozen=True, kw_only=True):
    """What the source holds. complete: every entry could be read, and the walk came to its end."""

    measured_ns: int
    complete: bool
    buckets: int
    objects: int
    size_bytes: int
    versions: int = 0
    markers: int = 0
    histogram: list[tuple[str, int, int]] = field(
        default_factory=list
    )  # class label, objects, bytes
    largest: list[LargeObject] = field(default_factory=list)  # at most 20, the largest first
    cannot_carry: dict[str, int] = field(default_factory=dict)  # class: objects
    clients: list[str] = field(default_factory=list)  # accounts that own something, by access key


class EstimateTerm(wire.Wire, frozen=True, kw_only=True):
    """One bound of the time: the whole takes as long as its slowest term.

    low_s: at the rate's p90. high_s: at its p10. None: that rate is unknown, and text says why.
    """

    name: str  # bytes, objects, pins, rows
    low_s: float | None = None
    high_s: float | None = None
    text: str = ""


class Estimate(wire.Wire, frozen=True, kw_only=True):
    """How long a copy will take, as a range. unknown: why there is none."""

    measured_ns: int | None = None
    low_s: float | None = None
    high_s: float | None = None
    unknown: str = ""
    terms: list[EstimateTerm] = field(default_factory=list)
    trial_s: float = 0.0
    trial_objects: int = 0
    trial_bytes: int = 0
    left: str = ""  # what the trial leaves behind, in words


class Checks(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/checks`: the last answer of every row, in the order of the guide's table.

    run None: never assessed. counts: rows by state. open_warnings: warn rows nobody took on.
    blocking: ids of the checks that refuse plan, copy and retry.
    """

    at_ns: int
    run: ChecksRun | None = None
    checks: list[Check] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    open_warnings: int = 0
    blocking: list[str] = field(default_factory=list)
    inventory: Inventory | None = None
    estimate: Estimate | None = None


class AckRequest(wire.Command, frozen=True, kw_only=True):
    """`PUT /v1/acks/ID`: take a check's warning on. Refused (exit 5) unless its state is warn."""

    reason: str


class NoteRequest(wire.Command, frozen=True, kw_only=True):
    """`PUT /v1/notes/ITEM`: answer a manual item. Refused for what a machine answers."""

    text: str
