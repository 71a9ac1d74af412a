"""The wire types of the failures and of what is done about them: asked for, listed, planned.

A list is asked for by its rows' places (`at`) or by its cursors (`after`, `before`); either way an
answer costs what its page costs, however long the list is.
"""

from __future__ import annotations

from core.control.wire import state as wire


class FailureQuery(wire.Wire, frozen=True, kw_only=True):
    """Which failures, and which part of them: the query of `GET /v1/failures`.

    Empty members want all. prefix: of `bucket/key`, odd bytes percent-encoded. disposition: failed,
    skip (the walk's), waived (an operator's skip), requeued. bundle: of this one alone. At most one
    of at (a row's place from 0), after and before (cursors) says where the page is; else it is the
    first.
    """

    limit: int = 200
    at: int | None = None
    after: str = ""
    before: str = ""
    code: str = ""
    phase: str = ""
    disposition: str = ""
    prefix: str = ""
    bundle: int | None = None


class FailureCause(wire.Wire, frozen=True, kw_only=True):
    """Failures of one class in one phase. first, last: when it was seen, also by objects mended.

    share: of all failures that were asked for, from 0 to 1.
    """

    code: str
    phase: str
    disposition: str
    objects: int
    first_ns: int
    last_ns: int
    remedy: str
    share: float = 0.0
    example: wire.Failure | None = None


class FailureCauses(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/failures/causes?disposition=D`: the largest first."""

    causes: list[FailureCause]


class FailureBundle(wire.Wire, frozen=True, kw_only=True):
    """A bundle with failed objects. first, last: its range, as objects are written."""

    id: int
    bucket: str
    first: str
    last: str
    objects: int
    failed: int
    last_ns: int
    codes: list[str]


class FailureBundles(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/failures/bundles?at=ROW&limit=L`: by number. total: of all bundles with failures."""

    bundles: list[FailureBundle]
    total: int


class PlanRequest(wire.Wire, frozen=True, kw_only=True):
    """`POST /v1/plans`: what to do about which failures; nothing is done yet.

    act: retry, skip, unskip (undo an operator's skip). names: objects as they are written, all of
    them or none; else every one of code, phase and prefix. code `corrupt` reads the bytes of those
    whose class says corrupt again, and takes those that contradict their stored checksum now.
    reason: required for a skip. max_attempts: tries an object gets in a retry.
    """

    act: str
    actor: str
    names: tuple[str, ...] = ()
    code: str = ""
    phase: str = ""
    prefix: str = ""
    reason: str = ""
    max_attempts: int = 5


class ActShare(wire.Wire, frozen=True, kw_only=True):
    """The part of a plan that is of one class, in one phase."""

    code: str
    phase: str
    objects: int
    size_bytes: int


class ActPlan(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/plans/N`: what would be done, and the hash that `POST /v1/jobs` must carry (I8).

    The answer to `POST /v1/plans` too: a plan of many objects, or one that reads bytes again, is
    asked for until its state is `made` or `failed`. The job's args are {"plan": hash}.
    """

    id: int
    act: str
    state: str  # making, made, failed
    seen: int = 0  # objects looked at so far
    hash: str = ""  # 8 hex digits, empty until made
    objects: int = 0
    size_bytes: int = 0
    by_class: tuple[ActShare, ...] = ()
    spared: tuple[
        ActShare, ...
    ] = ()  # looked at and left alone: bytes that agree with their checksum
    reason: str = ""
    max_attempts: int = 0
    command: str = ""  # the command that does the same, without --confirm
    error: wire.ErrorBody | None = None
