"""A bundle's states, read and changed: planned, copying, copied, pinned, recorded, failed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.errors import Broken, WrongState
from core.ledger import losses
from core.ledger.rows import EntryRow, Position, position_of
from core.model import BlockCounts, Bundle, BundleKind, BundleState, Cid

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from core.ledger.losses import LossRow

_BUNDLE: Final = (
    "SELECT b.id,b.bid,k.name,b.lo,b.hi,b.kind,b.n,b.bytes,b.st,b.tries,b.root,b.allocs"
    " FROM bundles b JOIN buckets k USING(bid)"
)
MOVES: Final = "what is left moves to bundle "
"""What a recorded bundle's `err` says while its survivors are on their way, before the number."""

MEMBERS_WHERE: Final = " bid=? AND (key,ver)>=(?,?) AND (key,ver)<=(?,?) AND bun=? AND st IN (0,2)"
"""Members without an end state. lo..hi may enclose others' keys: `bun` says who belongs."""

PICKED_WHERE: Final = (
    # the query in the query: without it SQLite looks at every key of the bucket
    " bid=? AND (key,ver) IN (SELECT key,ver FROM (SELECT key,ver FROM failures INDEXED BY"
    " failures_bundle WHERE bun=? UNION ALL SELECT key,ver FROM objects INDEXED BY objects_dirty"
    " WHERE bun=? AND st=2)) AND bun=? AND st IN (0,2)"
)
"""The same of a retry's or a sync's bundle: its range may enclose millions. A retry's members have
a row each in `failures` until they have come through, a sync's are dirty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What is needed of a bundle to change it."""

    id: int
    bucket_id: int
    first: Position
    last: Position
    kind: BundleKind
    state: BundleState
    tries: int
    objects: int
    round: int = 0

    @property
    def where(self) -> str:
        """The condition that its members without an end state meet."""
        return PICKED_WHERE if self.round else MEMBERS_WHERE

    @property
    def members(self) -> str:
        """Its members without an end state, as FROM and WHERE."""
        return f" FROM objects WHERE{self.where}"

    @property
    def bounds(self) -> tuple[int | bytes, ...]:
        """The parameters of `where`."""
        if self.round:
            return (self.bucket_id, self.id, self.id, self.id)
        return (self.bucket_id, *self.first, *self.last, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Where a bundle's blocks are: what the nodes counted, and under which root."""

    root: Cid
    allocations: Sequence[str]
    counts: BlockCounts
    losses: Sequence[LossRow] = ()
    tallies: Mapping[str, int] = field(default_factory=dict)


def load(conn: sqlite3.Connection, bundle_id: int) -> Range:
    """Return a bundle's range and state; Broken if there is none of this id."""
    row = conn.execute(
        "SELECT bid,lo,hi,kind,st,tries,n,rnd FROM bundles WHERE id=?", (bundle_id,)
    ).fetchone()
    if row is None:
        raise Broken(
            what=f"the ledger holds no bundle {bundle_id}",
            where="ledger",
            remedy="This is a fault of vgwm: keep ledger.db and report it.",
        )
    bid, low, high, kind, st, tries, n, made_by = row
    return Range(
        id=bundle_id,
        bucket_id=bid,
        first=position_of(low),
        last=position_of(high),
        kind=BundleKind(kind),
        state=BundleState(st),
        tries=tries,
        objects=n,
        round=made_by,
    )


def require(bundle: Range, *allowed: BundleState) -> None:
    """Raise WrongState unless the bundle is in one of these states."""
    if bundle.state not in allowed:
        raise WrongState(
            what=f"bundle {bundle.id} is {bundle.state.name.lower()}",
            where="ledger",
            remedy="An answer came twice or too late; it was dropped.",
        )


def in_states(
    conn: sqlite3.Connection,
    states: Sequence[BundleState],
    after_id: int,
    limit: int,
    made_by: int | None = None,
) -> list[Bundle]:
    """Return bundles of these states by id, after after_id; of one round, or of all."""
    found: list[Bundle] = []
    for state in sorted(states):
        # One state at a time: the partial index serves `st=` and the order by id together.
        rows = conn.execute(
            f"{_BUNDLE} WHERE b.st=? AND b.id>? AND (? IS NULL OR b.rnd=?) ORDER BY b.id LIMIT ?",
            (state, after_id, made_by, made_by, limit),
        )
        found += [_bundle(row) for row in rows]
    found.sort(key=lambda bundle: bundle.id)
    return found[:limit]


def get(conn: sqlite3.Connection, bundle_id: int) -> Bundle | None:
    """Return one bundle."""
    row = conn.execute(f"{_BUNDLE} WHERE b.id=?", (bundle_id,)).fetchone()
    return None if row is None else _bundle(row)


def entries(conn: sqlite3.Connection, bundle: Bundle) -> list[EntryRow]:
    """Return the members that have no end state yet, in key order."""
    return members(conn, bundle.id)


def members(conn: sqlite3.Connection, bundle_id: int) -> list[EntryRow]:
    """Return the same of a bundle by its number."""
    found = load(conn, bundle_id)
    return conn.execute(
        f"SELECT key,ver,size,ino,mt,ct{found.members} ORDER BY key,ver",
        found.bounds,
    ).fetchall()


def open_sizes(conn: sqlite3.Connection, bundle: Range) -> list[int | None]:
    """Return the sizes of the members without an end state, in key order."""
    query = f"SELECT size{bundle.members} ORDER BY key,ver"
    return [size for (size,) in conn.execute(query, bundle.bounds)]


def has_open(conn: sqlite3.Connection, bundle: Range) -> bool:
    """Tell whether a member has no end state."""
    query = f"SELECT 1{bundle.members} LIMIT 1"
    return conn.execute(query, bundle.bounds).fetchone() is not None


def copying(conn: sqlite3.Connection, ids: Iterable[int], worker: str, epoch: int) -> None:
    """Note that a worker has these bundles."""
    conn.executemany(
        "UPDATE bundles SET st=1,worker=?,epoch=? WHERE id=? AND st IN (0,1)",
        [(worker, epoch, bundle_id) for bundle_id in ids],
    )


def copied(conn: sqlite3.Connection, bundle_id: int, copy: Copy, epoch: int) -> None:
    """Note that every allocated node counted the bundle's blocks."""
    bundle = load(conn, bundle_id)
    require(bundle, BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED)
    counts = copy.counts
    blocks = dumps(
        [counts.sections, counts.section_bytes, counts.unique_blocks, counts.unique_bytes]
    )
    conn.execute(
        "UPDATE bundles SET st=2,root=?,allocs=?,blocks=?,epoch=? WHERE id=?",
        (copy.root, dumps(list(copy.allocations)), blocks, epoch, bundle_id),
    )
    losses.keep(conn, bundle.bucket_id, copy.losses)
    losses.tally(conn, bundle.bucket_id, bundle_id, copy.tallies)


def pinned(conn: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Note that every allocated peer was observed to say `pinned` (I1)."""
    for bundle_id in ids:
        require(load(conn, bundle_id), BundleState.COPIED, BundleState.PINNED)
        conn.execute("UPDATE bundles SET st=3 WHERE id=?", (bundle_id,))


def reset_copying(conn: sqlite3.Connection) -> int:
    """Return bundles that a dead engine's workers had to planned; return how many."""
    return conn.execute("UPDATE bundles SET st=0,worker=NULL WHERE st=1").rowcount


def requeue(conn: sqlite3.Connection, bundle_id: int, reason: str) -> int:
    """Return a whole bundle to planned, without root; return its tries so far."""
    bundle = load(conn, bundle_id)
    require(
        bundle, BundleState.PLANNED, BundleState.COPYING, BundleState.COPIED, BundleState.PINNED
    )
    conn.execute(
        "UPDATE bundles SET st=0,tries=tries+1,root=NULL,allocs=NULL,blocks=NULL,worker=NULL,"
        "err=? WHERE id=?",
        (reason, bundle_id),
    )
    return bundle.tries + 1


def next_id(conn: sqlite3.Connection) -> int:
    """Return the first number that no bundle has, nor is destined to have."""
    row: tuple[int | None, int | None] = conn.execute(
        "SELECT max(id),max(CAST(substr(err,?) AS INTEGER)) FILTER (WHERE err GLOB ?) FROM bundles",
        (len(MOVES) + 1, f"{MOVES}*"),
    ).fetchone()
    return max(row[0] or 0, row[1] or 0) + 1


def _bundle(
    row: tuple[int, int, bytes, bytes, bytes, int, int, int, int, int, bytes | None, str | None],
) -> Bundle:
    bundle_id, bid, name, low, high, kind, n, size, st, tries, root, allocs = row
    return Bundle(
        id=bundle_id,
        bucket_id=bid,
        bucket=name,
        first=position_of(low),
        last=position_of(high),
        kind=BundleKind(kind),
        objects=n,
        size_bytes=size,
        state=BundleState(st),
        tries=tries,
        root=None if root is None else Cid(root),
        allocations=tuple(json.loads(allocs)) if allocs else (),
    )
