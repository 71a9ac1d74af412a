"""Objects that failed, were skipped, or wait after a failed try: a row each, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.ledger.failure_pages import FailureFilter, places, rows
from core.ledger.rows import Disposition, FailureDraft, FailureRow, position_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from core.ledger.bundles import Range
    from core.ledger.rows import NewBundle, Position

LOOKED_AT: Final = 100
"""Failures of a bundle whose classes are named: a page of bundles walks over no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failures of one class in one phase: how many, and one of them.

    first_ns, last_ns: when it was seen, also by objects that have come through since.
    """

    code: str
    phase: str
    disposition: Disposition
    objects: int
    first_ns: int
    last_ns: int
    example: FailureRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedBundle:
    """A bundle with failed objects. codes: of the first of them, the most frequent first."""

    id: int
    bucket: bytes
    first: Position
    last: Position
    objects: int
    failed: int
    last_ns: int
    codes: tuple[str, ...]


def note(
    conn: sqlite3.Connection,
    bundle: Range,
    drafts: Sequence[FailureDraft],
    disposition: Disposition,
    now_ns: int,
) -> None:
    """Store why objects of a bundle failed; a repeated failure keeps its first time.

    Its tries go on counting, through retries by an operator too.
    """
    conn.executemany(
        "INSERT INTO failures(bid,key,ver,phase,code,msg,tries,first,last,disp,bun)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(bid,key,ver) DO UPDATE SET"
        " phase=excluded.phase,code=excluded.code,msg=excluded.msg,tries=tries+1,"
        " last=excluded.last,disp=excluded.disp,bun=excluded.bun",
        [
            (
                bundle.bucket_id,
                draft.key,
                draft.version,
                draft.phase,
                draft.code,
                redact(draft.text),
                bundle.tries + 1,
                now_ns,
                now_ns,
                disposition,
                bundle.id,
            )
            for draft in drafts
        ],
    )


def follow(conn: sqlite3.Connection, bucket_id: int, new: Sequence[NewBundle]) -> None:
    """Let the rows of objects that moved name their new bundle."""
    conn.executemany(
        "UPDATE failures SET bun=? WHERE bid=? AND key=? AND ver=?",
        [(each.id, bucket_id, *entry[:2]) for each in new for entry in each.entries],
    )


def clear_requeued(conn: sqlite3.Connection, bundle: Range) -> None:
    """Drop the rows of members that waited for another try and came through, or are gone."""
    conn.execute(
        "DELETE FROM failures WHERE bun=?"
        " AND disp=? AND EXISTS(SELECT 1 FROM objects o WHERE o.bid=failures.bid"
        " AND o.key=failures.key AND o.ver=failures.ver AND o.bun=? AND o.st NOT IN (0,2,5))",
        (bundle.id, Disposition.REQUEUED, bundle.id),
    )


def causes(conn: sqlite3.Connection, disposition: str = "") -> list[Cause]:
    """Return failures by class and phase, the largest first. disposition: of this one alone."""
    found = []
    for code, phase, kept, n, first, last in conn.execute(
        "SELECT code,phase,disp,n,first,last FROM causes WHERE scope=0 AND n>0"
        " AND (?='' OR disp=?) ORDER BY n DESC,code,phase,disp",
        (disposition, disposition),
    ).fetchall():
        alike = FailureFilter(code=code, phase=phase, disposition=kept)
        example = rows(conn, places(conn, alike, limit=1))
        found.append(
            Cause(
                code=code,
                phase=phase,
                disposition=Disposition(kept),
                objects=n,
                first_ns=first,
                last_ns=last,
                example=example[0] if example else None,
            )
        )
    return found


def tallies(conn: sqlite3.Connection) -> Mapping[tuple[str, str, str], int]:
    """Return (disposition, phase, class) to objects, of all buckets."""
    return {
        (disp, phase, code): n
        for disp, phase, code, n in conn.execute(
            "SELECT disp,phase,code,n FROM causes WHERE scope=0 AND n>0"
        )
    }


def ever(conn: sqlite3.Connection) -> Mapping[tuple[str, str], int]:
    """Return (phase, class) to how often an object failed so, of all buckets; it only grows."""
    return {
        (phase, code): n
        for phase, code, n in conn.execute(
            "SELECT phase,code,ever FROM causes WHERE scope=0 AND disp=? AND ever>0",
            (Disposition.FAILED,),
        )
    }


def bundle_page(conn: sqlite3.Connection, at: int, limit: int) -> tuple[list[FailedBundle], int]:
    """Return bundles with failed objects by number, from the at-th on, and how many there are."""
    (total,) = conn.execute("SELECT count(*) FROM failed_bundles").fetchone()
    found = conn.execute(
        "SELECT f.bun,k.name,b.lo,b.hi,b.n,f.n,f.last FROM"
        " (SELECT bun,n,last FROM failed_bundles ORDER BY bun LIMIT ? OFFSET ?) f"
        " JOIN bundles b ON b.id=f.bun JOIN buckets k USING(bid) ORDER BY f.bun",
        (limit, at),
    ).fetchall()
    return [
        FailedBundle(
            id=number,
            bucket=name,
            first=position_of(low),
            last=position_of(high),
            objects=objects,
            failed=failed,
            last_ns=last,
            codes=_codes(conn, number),
        )
        for number, name, low, high, objects, failed, last in found
    ], total


def _codes(conn: sqlite3.Connection, bundle_id: int) -> tuple[str, ...]:
    rows = conn.execute(
        "SELECT code FROM (SELECT code FROM failures INDEXED BY failures_bundle"
        " WHERE bun=? AND disp=? LIMIT ?) GROUP BY code ORDER BY count(*) DESC,code",
        (bundle_id, Disposition.FAILED, LOOKED_AT),
    )
    return tuple(code for (code,) in rows)
