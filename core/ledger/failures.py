"""Objects that failed, were skipped, or wait after a failed try: a row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.config.redact import redact
from core.ledger.rows import Disposition, FailureDraft, FailureRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from core.ledger.bundles import Range

FailureCursor = tuple[int, bytes, bytes]
START: Final[FailureCursor] = (-1, b"", b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failures of one class: how many, and one of them."""

    code: str
    disposition: Disposition
    objects: int
    first_ns: int
    last_ns: int
    example: FailureRow


def note(
    conn: sqlite3.Connection,
    bundle: Range,
    drafts: Sequence[FailureDraft],
    disposition: Disposition,
    now_ns: int,
) -> None:
    """Store why objects of a bundle failed; a repeated failure keeps its first time."""
    conn.executemany(
        "INSERT INTO failures(bid,key,ver,phase,code,msg,tries,first,last,disp)"
        " VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(bid,key,ver) DO UPDATE SET"
        " phase=excluded.phase,code=excluded.code,msg=excluded.msg,tries=excluded.tries,"
        " last=excluded.last,disp=excluded.disp",
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
            )
            for draft in drafts
        ],
    )


def clear_requeued(conn: sqlite3.Connection, bundle: Range) -> None:
    """Drop the rows of members that waited for another try and came through, or are gone."""
    conn.execute(
        "DELETE FROM failures WHERE bid=? AND (key,ver)>=(?,?) AND (key,ver)<=(?,?)"
        " AND disp=? AND EXISTS(SELECT 1 FROM objects o WHERE o.bid=failures.bid"
        " AND o.key=failures.key AND o.ver=failures.ver AND o.bun=? AND o.st NOT IN (0,2,5))",
        (bundle.bucket_id, *bundle.first, *bundle.last, Disposition.REQUEUED, bundle.id),
    )


def page(
    conn: sqlite3.Connection, after: FailureCursor | None, limit: int, code: str, prefix: bytes
) -> list[FailureRow]:
    """Return failures behind a cursor, in order of bucket and key.

    code: a class, empty for all. prefix: of `bucket/key`, empty for all.
    """
    rows = conn.execute(
        f"{_SELECT} WHERE (f.bid,f.key,f.ver)>(?,?,?) AND (?='' OR f.code=?)"
        " AND substr(CAST(coalesce(k.name,x'')||x'2f'||f.key AS BLOB),1,length(?))=?"
        " ORDER BY f.bid,f.key,f.ver LIMIT ?",
        (*(after or START), code, code, prefix, prefix, limit),
    )
    return [_row(row) for row in rows]


def causes(conn: sqlite3.Connection) -> list[Cause]:
    """Return failures by class, the largest first."""
    found = []
    for code, disposition, n, first, last in conn.execute(
        "SELECT code,disp,count(*),min(first),max(last) FROM failures"
        " GROUP BY code,disp ORDER BY 3 DESC,1,2"
    ).fetchall():
        example = conn.execute(
            f"{_SELECT} WHERE f.code=? AND f.disp=? LIMIT 1", (code, disposition)
        ).fetchone()
        found.append(
            Cause(
                code=code,
                disposition=Disposition(disposition),
                objects=n,
                first_ns=first,
                last_ns=last,
                example=_row(example),
            )
        )
    return found


_SELECT: Final = (
    "SELECT f.bid,coalesce(k.name,x''),f.key,f.ver,f.phase,f.code,f.msg,f.tries,f.first,f.last,"
    "f.disp FROM failures f LEFT JOIN buckets k USING(bid)"
)


def _row(
    row: tuple[int, bytes, bytes, bytes, str, str, str, int, int, int, str],
) -> FailureRow:
    bid, bucket, key, version, phase, code, text, tries, first, last, disposition = row
    return FailureRow(
        bucket_id=bid,
        bucket=bucket,
        key=key,
        version=version,
        phase=phase,
        code=code,
        text=text,
        tries=tries,
        first_ns=first,
        last_ns=last,
        disposition=Disposition(disposition),
    )
