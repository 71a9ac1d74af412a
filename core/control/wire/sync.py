"""The wire types of the sync: its rounds, how far behind the target is, and what waits for a yes.

Served by a live engine and by a ledger at rest alike. Times are UTC nanoseconds, durations seconds;
None where nobody can say (I7). Texts are safe to show.
"""

from __future__ import annotations

from core.control.wire import state as wire


class SyncRound(wire.Wire, frozen=True, kw_only=True):
    """One round. kind: full, quick, last. state: walking, carrying, applying, done, stopped.

    seen: keys walked. added, changed, attrs (content the same), deleted: objects; versions and
    markers count as objects do. size_bytes: of what was added and changed. why: of a stop.
    """

    id: int
    job: int
    kind: str
    state: str
    began_ns: int
    walked_ns: int | None
    ended_ns: int | None
    seen: int
    added: int
    changed: int
    attrs: int
    deleted: int
    size_bytes: int
    why: str = ""


class SyncForecast(wire.Wire, frozen=True, kw_only=True):
    """How long writes would have to pause if the freeze came now, and of what that is made.

    carry_s: of what the last round found, waits for pins in it. ready: at most freeze_budget_s in
    two rounds running. outrun: three rounds did not halve.
    written_s, copied_s: objects a second that the source changes, and that rounds carry.
    """

    freeze_s: float | None
    freeze_budget_s: float
    drain_s: float
    round_s: float | None
    carry_s: float | None
    proof_s: float | None
    ready: bool = False
    outrun: bool = False
    written_s: float | None = None
    copied_s: float | None = None


class SyncDue(wire.Wire, frozen=True, kw_only=True):
    """Deletes that wait to be applied. hash: what `sync --accept` takes; "" where none wait.

    held: over the fuse, so nothing is deleted until somebody accepts them. buckets: vanished ones.
    emptied: those that are still there, of whose objects none is left.
    """

    objects: int
    limit: int
    hash: str = ""
    held: bool = False
    buckets: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    first: tuple[str, ...] = ()


class Sync(wire.Wire, frozen=True, kw_only=True):
    """`GET /v1/sync`: how the target keeps up. lag_s: now less the start of the last full round.

    pending: objects that changed and are not on the target yet. rounds: the newest first.
    """

    lag_s: float | None
    pending: int
    due: SyncDue
    forecast: SyncForecast
    rounds: tuple[SyncRound, ...] = ()
    job: int | None = None
