"""What is left of a wasteful bundle, given to a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.dag.canonical import dumps
from core.errors import WrongState
from core.ledger import bundles, counters, seals, waste
from core.ledger.rows import position_bytes
from core.model import BundleKind, BundleState, Cid

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.ledger.bundles import Copy, Range
    from core.ledger.rows import RecordRow


class Survivor(NamedTuple):
    """An object of a bundle that stays. cid, size: None of a marker. mh: of its metadata."""

    key: bytes
    version: bytes
    cid: Cid | None
    size_bytes: int | None
    ino: int
    mtime_ns: int
    ctime_ns: int
    mh: int | None


def survivors(conn: sqlite3.Connection, number: int) -> list[Survivor]:
    """Return the recorded members of a bundle, in key order."""
    return [
        Survivor(key, version, None if cid is None else Cid(cid), size, ino, mtime_ns, ctime_ns, mh)
        for _, cid, _, size, ino, mtime_ns, ctime_ns, mh, _, key, version in _rows(
            conn, bundles.load(conn, number)
        )
    ]


def recorded(conn: sqlite3.Connection, bucket_id: int, keys: Sequence[bytes]) -> dict[bytes, Cid]:
    """Return the content of those current objects that are recorded."""
    found: dict[bytes, Cid] = {}
    for key in keys:
        row: tuple[Cid] | None = conn.execute(
            "SELECT cid FROM objects WHERE bid=? AND key=? AND ver=x'' AND st=1 AND cid NOT NULL",
            (bucket_id, key),
        ).fetchone()
        if row is not None:
            found[key] = row[0]
    return found


def move(  # noqa: PLR0913, PLR0917 - what a bundle is stored with
    conn: sqlite3.Connection, old: int, new: int, moved: Sequence[Survivor], copy: Copy, job: int
) -> None:
    """Give a bundle's survivors to a new one that is pinned already (I1); the old one is spent.

    moved: all of them, in key order, not empty. Raises WrongState if others are left of it.
    """
    bundle = bundles.load(conn, old)
    bundles.require(bundle, BundleState.RECORDED)
    if list(moved) != survivors(conn, old):
        raise WrongState(
            what=f"the objects of bundle {old} are others than were moved",
            where="ledger",
            remedy="Nothing was stored. Look at the plan again.",
        )
    size_bytes = sum(one.size_bytes or 0 for one in moved)
    counts = copy.counts
    blocks = [counts.sections, counts.section_bytes, counts.unique_blocks, counts.unique_bytes]
    first, last = moved[0][:2], moved[-1][:2]
    conn.execute(
        "INSERT INTO bundles(id,bid,lo,hi,kind,rnd,n,bytes,st,root,allocs,blocks,worker,tries)"
        # its bytes are those that the old one's worker carried, in as many tries
        " SELECT ?,?,?,?,?,?,?,?,?,?,?,?,worker,tries FROM bundles WHERE id=?",
        (
            *(new, bundle.bucket_id, position_bytes(first), position_bytes(last)),
            *(BundleKind.RANGE, job, len(moved), size_bytes, BundleState.RECORDED),
            *(copy.root, dumps(list(copy.allocations)), dumps(blocks), old),
        ),
    )
    rows = _rows(conn, bundle)
    conn.executemany(
        "UPDATE objects SET bun=? WHERE bid=? AND key=? AND ver=?",
        [(new, bundle.bucket_id, one.key, one.version) for one in moved],
    )
    conn.execute("UPDATE bundles SET n=n-?,bytes=bytes-? WHERE id=?", (len(moved), size_bytes, old))
    counters.add(conn, bundle.bucket_id, {"bundles": 1, "bundles_recorded": 1})
    waste.add(conn, [waste.Freed(old, len(moved), size_bytes)])
    seals.seal_recorded(conn, new, rows, summed=True)
    seals.amend(conn, old, rows, ())


def _rows(conn: sqlite3.Connection, bundle: Range) -> list[RecordRow]:
    """Return the recorded members of a bundle as they stand, in key order."""
    return conn.execute(
        "SELECT st,cid,etag,size,ino,mt,ct,mh,bid,key,ver FROM objects WHERE bid=?"
        " AND (key,ver)>=(?,?) AND (key,ver)<=(?,?) AND bun=? AND st=1 ORDER BY key,ver",
        (bundle.bucket_id, *bundle.first, *bundle.last, bundle.id),
    ).fetchall()
