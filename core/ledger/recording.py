"""The end of a bundle: its objects' rows, the ones that go round again, and the counters (I4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from core.errors import Broken
from core.ledger import bundles, counters
from core.ledger.failures import clear_requeued, note
from core.ledger.planning import insert_bundle
from core.ledger.rows import Disposition, FailureDraft
from core.model import BundleState, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from core.ledger.bundles import Range
    from core.ledger.rows import EntryRow, NewBundle, RecordRow

PHASE: Final = "copy"
_UPDATE_OBJECT: Final = (
    "UPDATE objects SET st=?,cid=?,etag=?,size=?,ino=?,mt=?,ct=?,mh=?"
    " WHERE bid=? AND key=? AND ver=? AND st IN (0,2)"
)
_MOVE_OBJECT: Final = (
    "UPDATE objects SET st=0,bun=?,size=?,ino=?,mt=?,ct=?"
    " WHERE bid=? AND key=? AND ver=? AND bun=? AND st IN (0,2)"
)
# S608: made from constants of this project only.
_SELECT_MEMBERS: Final = f"SELECT key,ver,size{bundles.MEMBERS}"
_FAIL_MEMBERS: Final = f"UPDATE objects SET st=5 WHERE{bundles.MEMBERS_WHERE}"  # noqa: S608
_STATE_NAMES: Final = {
    ObjectState.RECORDED: ("migrated", "migrated_bytes"),
    ObjectState.FAILED: ("failed", "failed_bytes"),
    ObjectState.GONE: ("gone", "gone_bytes"),
    ObjectState.GONE_APPLIED: ("gone", "gone_bytes"),
}

_state = itemgetter(0)
_size = itemgetter(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a bundle's members; see `Ledger.record`."""

    rows: Sequence[RecordRow]
    failures: Sequence[FailureDraft]
    requeued: Sequence[NewBundle]
    increments: Mapping[str, int]


def record(
    conn: sqlite3.Connection,
    bundle_id: int,
    outcome: Outcome,
    now_ns: int,
) -> None:
    """End a bundle: each member is in rows, or in one of the requeued bundles; else Broken.

    A recorded row needs the bundle pinned (I1). Counters follow from what the rows change.
    """
    rows = outcome.rows
    bundle = bundles.load(conn, bundle_id)
    states = Counter(map(_state, rows))
    if states[ObjectState.RECORDED]:
        bundles.require(bundle, BundleState.PINNED)
    else:
        bundles.require(
            bundle,
            BundleState.PLANNED,
            BundleState.COPYING,
            BundleState.COPIED,
            BundleState.PINNED,
        )
    leave(conn, bundle, outcome, now_ns)
    old = bundles.open_sizes(conn, bundle)
    changed = conn.executemany(_UPDATE_OBJECT, rows).rowcount if rows else 0
    if not changed == len(rows) == len(old):
        raise Broken(
            what=f"bundle {bundle_id} holds {len(old)} open objects, its record names"
            f" {len(rows)}, {changed} of them known",
            where="ledger",
            remedy="Nothing was recorded. This is a fault of vgwm: report it with engine.log.",
        )
    new = list(map(_size, rows))
    delta = _outcomes(rows, states)
    _resize(delta, old, new)
    delta.update(
        {n: v for n, v in outcome.increments.items() if n.startswith(counters.CLASS_PREFIX)}
    )
    delta["bundles_recorded"] += 1
    counters.add(conn, bundle.bucket_id, delta)
    conn.execute(
        "UPDATE bundles SET st=4,err=NULL,bytes=bytes+? WHERE id=?", (delta["bytes"], bundle_id)
    )
    if bundle.tries:
        clear_requeued(conn, bundle)
    note(conn, bundle, _of_rows(outcome), Disposition.FAILED, now_ns)


def leave(
    conn: sqlite3.Connection,
    bundle: Range,
    outcome: Outcome,
    now_ns: int,
) -> None:
    """Move objects that changed while they were read into bundles of their own, one try older."""
    moved: list[tuple[EntryRow, int]] = [
        (entry, new.id) for new in outcome.requeued for entry in new.entries
    ]
    if not moved:
        return
    bid = bundle.bucket_id
    old = [_old_size(conn, bundle, entry) for entry, _ in moved]
    conn.executemany(
        _MOVE_OBJECT,
        [(new, *entry[2:], bid, entry[0], entry[1], bundle.id) for entry, new in moved],
    )
    for new in outcome.requeued:
        size_bytes = sum(entry[2] or 0 for entry in new.entries)
        insert_bundle(conn, bid, new, size_bytes=size_bytes, tries=bundle.tries + 1)
    delta: Counter[str] = Counter(requeued=len(moved), bundles=len(outcome.requeued))
    _resize(delta, old, [entry[2] for entry, _ in moved])
    counters.add(conn, bid, delta)
    conn.execute(
        "UPDATE bundles SET n=n-?,bytes=bytes-? WHERE id=?",
        (len(moved), sum(size or 0 for size in old), bundle.id),
    )
    going = {entry[:2] for entry, _ in moved}
    told = [reason for reason in outcome.failures if (reason.key, reason.version) in going]
    note(conn, bundle, told, Disposition.REQUEUED, now_ns)


def fail(conn: sqlite3.Connection, bundle_id: int, code: str, text: str, now_ns: int) -> int:
    """Give a bundle up: every open member is failed; return how many."""
    bundle = bundles.load(conn, bundle_id)
    bundles.require(
        bundle, BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED, BundleState.PINNED
    )
    members = conn.execute(_SELECT_MEMBERS, bundle.bounds).fetchall()
    conn.execute(_FAIL_MEMBERS, bundle.bounds)
    drafts = [
        FailureDraft(key=key, version=version, phase=PHASE, code=code, text=text)
        for key, version, _ in members
    ]
    note(conn, bundle, drafts, Disposition.FAILED, now_ns)
    size_bytes = sum(size or 0 for _, _, size in members)
    delta = Counter(failed=len(members), failed_bytes=size_bytes)
    counters.add(conn, bundle.bucket_id, delta)
    conn.execute(
        "UPDATE bundles SET st=5,tries=tries+1,err=? WHERE id=?", (f"{code}: {text}", bundle_id)
    )
    return len(members)


def _outcomes(rows: Sequence[RecordRow], states: Mapping[int, int]) -> Counter[str]:
    delta: Counter[str] = Counter()
    for state, n in states.items():
        number, size_bytes = _STATE_NAMES[ObjectState(state)]
        delta[number] += n
        if n == len(rows):  # the usual case, without a Python step an object
            delta[size_bytes] += sum(filter(None, map(_size, rows)))
        else:
            delta[size_bytes] += sum(row[3] or 0 for row in rows if row[0] == state)
    return delta


def _resize(delta: Counter[str], old: list[int | None], new: list[int | None]) -> None:
    """Add to delta what changed sizes do to bytes, markers and histogram."""
    if old != new:
        delta.update(counters.shape(new))
        delta.subtract(counters.shape(old))


def _old_size(conn: sqlite3.Connection, bundle: Range, entry: EntryRow) -> int | None:
    row: tuple[int | None] | None = conn.execute(
        "SELECT size FROM objects WHERE bid=? AND key=? AND ver=? AND bun=? AND st IN (0,2)",
        (bundle.bucket_id, entry[0], entry[1], bundle.id),
    ).fetchone()
    if row is None:
        raise Broken(
            what=f"an object to be tried again is no open member of bundle {bundle.id}",
            where="ledger",
            remedy="Nothing was recorded. This is a fault of vgwm: report it with engine.log.",
        )
    return row[0]


def _of_rows(outcome: Outcome) -> list[FailureDraft]:
    if not outcome.failures:
        return []
    failed = {(row[9], row[10]) for row in outcome.rows if row[0] == ObjectState.FAILED}
    return [draft for draft in outcome.failures if (draft.key, draft.version) in failed]
