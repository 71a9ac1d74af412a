"""The end of a bundle: its objects' rows, the ones that go round again, and the counters (I4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from core.bulk import ManyRows
from core.errors import Broken
from core.ledger import bundles, counters, seals
from core.ledger.departures import settle
from core.ledger.failures import clear_requeued, follow, note
from core.ledger.moving import again
from core.ledger.rows import Disposition, FailureDraft
from core.model import BundleState, ObjectState, Unrepresentable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from core.ledger.bundles import Range
    from core.ledger.rows import NewBundle, RecordRow

PHASE: Final = "copy"
UNENDED: Final = (
    BundleState.PLANNED,
    BundleState.COPYING,
    BundleState.COPIED,
    BundleState.PINNED,
)
# Rows are the members, or nothing is kept (`_update`): none is ever inserted.
_OBJECTS: Final = ManyRows(
    "INSERT INTO objects(st,cid,etag,size,ino,mt,ct,mh,bid,key,ver)",
    "(?,?,?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT(bid,key,ver) DO UPDATE SET st=excluded.st,cid=excluded.cid,etag=excluded.etag,"
    "size=excluded.size,ino=excluded.ino,mt=excluded.mt,ct=excluded.ct,mh=excluded.mh"
    " WHERE st IN (0,2)",
)
_STATE_NAMES: Final = {
    ObjectState.RECORDED: ("migrated", "migrated_bytes"),
    ObjectState.FAILED: ("failed", "failed_bytes"),
    ObjectState.GONE: ("gone", "gone_bytes"),
    ObjectState.GONE_APPLIED: ("gone", "gone_bytes"),
}

_MARKER_CLASS: Final = f"{counters.CLASS_PREFIX}{Unrepresentable.DELETE_MARKER}"
_RECORDED: Final = int(ObjectState.RECORDED)
_state = itemgetter(0)
_position = itemgetter(9, 10)
_size = itemgetter(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a bundle's members; see `Ledger.record`."""

    rows: Sequence[RecordRow]
    failures: Sequence[FailureDraft]
    requeued: Sequence[NewBundle]


def record(conn: sqlite3.Connection, bundle_id: int, outcome: Outcome, now_ns: int) -> None:
    """End a bundle: each member is in rows, or in one of the requeued bundles; else Broken.

    A recorded row needs the bundle pinned (I1). Counters follow from what the rows change.
    """
    bundle = bundles.load(conn, bundle_id)
    rows = _due(outcome.rows) if bundle.round else outcome.rows
    states = Counter(map(_state, rows))
    if states[ObjectState.RECORDED]:
        bundles.require(bundle, BundleState.PINNED)
    else:
        bundles.require(bundle, *UNENDED)
    again(conn, bundle, outcome.requeued)
    old = _update(conn, bundle, rows)
    delta = _outcomes(rows, states)
    counters.resize(delta, old, list(map(_size, rows)))
    if delta["markers"]:  # what was planned as an object is a marker by now, or the other way
        delta[_MARKER_CLASS] += delta["markers"]
    delta["bundles_recorded"] += 1
    counters.add(conn, bundle.bucket_id, delta)
    conn.execute(
        "UPDATE bundles SET st=4,err=NULL,bytes=bytes+? WHERE id=?", (delta["bytes"], bundle_id)
    )
    seals.seal_recorded(conn, bundle_id, rows, summed=bool(bundle.round))
    if bundle.round:  # what the target held of them before is named by no row any more
        settle(conn, bundle.bucket_id, [_position(row) for row in rows if row[0] == _RECORDED])
    if bundle.tries or bundle.round:
        clear_requeued(conn, bundle)
    _explain(conn, bundle, outcome, states[ObjectState.FAILED], now_ns)
    follow(conn, bundle.bucket_id, outcome.requeued)


def _due(rows: Sequence[RecordRow]) -> list[RecordRow]:
    """Return the rows with tombstones that are due: a later round's object may be on the target."""
    due = int(ObjectState.GONE)
    return [(due, *row[1:]) if row[0] == ObjectState.GONE_APPLIED else row for row in rows]


def _update(conn: sqlite3.Connection, bundle: Range, rows: Sequence[RecordRow]) -> list[int | None]:
    """Write the rows; return the sizes that the members had. Broken unless rows are the members."""
    old = bundles.open_sizes(conn, bundle)
    changed = _OBJECTS.run(conn, rows)
    # All of them, once, and no other's: as many as were open are changed, and none is open now.
    if not changed == len(rows) == len(old) or bundles.has_open(conn, bundle):
        raise Broken(
            what=f"bundle {bundle.id} holds {len(old)} open objects, its record names"
            f" {len(rows)}, {changed} of them known",
            where="ledger",
            remedy="Nothing was recorded. This is a fault of vgwm: report it with engine.log.",
        )
    return old


def fail(conn: sqlite3.Connection, bundle_id: int, code: str, text: str, now_ns: int) -> int:
    """Give a bundle up: every open member is failed; return how many."""
    bundle = bundles.load(conn, bundle_id)
    bundles.require(bundle, *UNENDED)
    members = conn.execute(f"SELECT key,ver,size{bundle.members}", bundle.bounds).fetchall()
    # S608: `where` is one of two constants of this project.
    conn.execute(f"UPDATE objects SET st=5 WHERE{bundle.where}", bundle.bounds)  # noqa: S608
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
    seals.unseal(conn, bundle_id)
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


def _explain(
    conn: sqlite3.Connection, bundle: Range, outcome: Outcome, failed: int, now_ns: int
) -> None:
    """Store why members failed or go round again; a failed one without a reason is a fault."""
    if not failed and not outcome.failures:
        return
    ended = {(row[9], row[10]) for row in outcome.rows if row[0] == ObjectState.FAILED}
    going = {entry[:2] for new in outcome.requeued for entry in new.entries}
    told = {(draft.key, draft.version): draft for draft in outcome.failures}
    if not told.keys() >= ended:
        raise Broken(
            what=f"{len(ended - told.keys())} objects of bundle {bundle.id} failed for no reason",
            where="ledger",
            remedy="Nothing was recorded. This is a fault of vgwm: report it with engine.log.",
        )
    note(conn, bundle, [told[at] for at in ended], Disposition.FAILED, now_ns)
    note(conn, bundle, [told[at] for at in going & told.keys()], Disposition.REQUEUED, now_ns)
