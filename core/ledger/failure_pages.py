"""Failures by page, in order of bucket, key and version: both ways, by any filter.

A page costs what its rows cost, whatever the table holds: each class of a filter is a walk along
one index from a place on, and the walks are merged. Which classes there are, `causes` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from core.ledger.rows import Disposition, FailureRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

FailurePlace: TypeAlias = tuple[int, bytes, bytes]
"""Bucket id, key, version: where a failure stands in the list."""

START: Final[FailurePlace] = (-1, b"", b"")
END: Final[FailurePlace] = (2**62, b"", b"")
COUNTED: Final = 100_000
"""Rows below a key prefix are counted up to here: a count is no scan of a whole list."""

_ROW: Final = (
    "SELECT f.bid,coalesce(k.name,x''),f.key,f.ver,f.phase,f.code,f.msg,f.tries,f.first,f.last,"
    "f.disp,f.bun,f.who,f.why,o.size FROM failures f LEFT JOIN buckets k USING(bid)"
    " LEFT JOIN objects o USING(bid,key,ver) WHERE f.bid=? AND f.key=? AND f.ver=?"
)


STANDING: Final = (
    "SELECT o.bid,o.key,o.ver,o.st,o.size,coalesce(f.disp,''),coalesce(f.phase,''),"
    "coalesce(f.code,''),coalesce(f.tries,0),coalesce(f.last,0),"
    "coalesce(o.ino,0),coalesce(o.mt,0),coalesce(o.ct,0)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureFilter:
    """Which failures are wanted; what is empty wants all.

    prefix: of `bucket/key`, as bytes. bundle: members of this one alone.
    """

    code: str = ""
    phase: str = ""
    disposition: str = ""
    prefix: bytes = b""
    bundle: int | None = None

    @property
    def whole(self) -> bool:
        """Whether no class, phase or disposition is left out."""
        return not (self.code or self.phase or self.disposition)


class Stretch(NamedTuple):
    """A part of the list: from begins on, up to and without ends."""

    begins: FailurePlace
    ends: FailurePlace


class _Kind(NamedTuple):
    """What a walk along the index of classes keeps to."""

    disposition: str
    code: str
    phase: str


def places(
    conn: sqlite3.Connection,
    wanted: FailureFilter,
    *,
    limit: int,
    after: FailurePlace | None = None,
    before: FailurePlace | None = None,
) -> list[FailurePlace]:
    """Return up to limit places in order: the first behind `after`, or the last before `before`."""
    kinds = _kinds(conn, wanted)
    found: list[FailurePlace] = []
    stretches = _stretches(conn, wanted.prefix) if kinds else []
    for stretch in reversed(stretches) if before is not None else stretches:
        part = _within(stretch, after, before)
        if part is None:
            continue
        query, values = _merged(wanted, kinds, part, back=before is not None)
        found += conn.execute(f"{query} LIMIT ?", (*values, limit - len(found)))
        if len(found) == limit:
            break
    return found[::-1] if before is not None else found


def nth(
    conn: sqlite3.Connection, wanted: FailureFilter, n: int, *, after: FailurePlace | None = None
) -> FailurePlace | None:
    """Return the n-th place behind `after`, n from 1 on; None if there are fewer.

    SQLite walks over the n in its indexes, some 0.3 s a million.
    """
    kinds = _kinds(conn, wanted)
    for stretch in _stretches(conn, wanted.prefix) if kinds else []:
        part = _within(stretch, after, None)
        if part is None:
            continue
        query, values = _merged(wanted, kinds, part, back=False)
        found: FailurePlace | None = conn.execute(
            f"{query} LIMIT 1 OFFSET ?", (*values, n - 1)
        ).fetchone()
        if found is not None:
            return found
        n -= sum(_counted(conn, wanted, kind, part, n) for kind in kinds)
    return None


def standing(
    conn: sqlite3.Connection, wanted: FailureFilter, *, limit: int, after: FailurePlace | None
) -> list[tuple[Any, ...]]:
    """Return how the next objects behind a place stand, as `STANDING` selects them.

    A step of a long look at all: it walks over what the filter leaves out, once in all its steps.
    """
    found: list[tuple[Any, ...]] = []
    for stretch in _stretches(conn, wanted.prefix):
        part = _within(stretch, after, None)
        if part is None:
            continue
        found += conn.execute(
            f"{STANDING} FROM failures f CROSS JOIN objects o USING(bid,key,ver)"
            " WHERE (f.bid,f.key,f.ver)>=(?,?,?) AND (f.bid,f.key,f.ver)<(?,?,?)"
            " AND (?='' OR f.disp=?) AND (?='' OR f.code=?) AND (?='' OR f.phase=?)"
            " ORDER BY f.bid,f.key,f.ver LIMIT ?",
            (*part.begins, *part.ends, *_thrice(wanted), limit - len(found)),
        )
        if len(found) == limit:
            break
    return found


def rows(conn: sqlite3.Connection, at: Iterable[FailurePlace]) -> list[FailureRow]:
    """Return the failures at these places; a place without one is passed over."""
    found = (conn.execute(_ROW, place).fetchone() for place in at)
    return [_row(row) for row in found if row is not None]


def count(conn: sqlite3.Connection, wanted: FailureFilter) -> tuple[int, bool]:
    """Return how many failures there are, and whether that is exact: else at least so many."""
    slash = b"/" in wanted.prefix
    if wanted.bundle is None and not slash:
        scopes = [0] if not wanted.prefix else _buckets_like(conn, wanted.prefix)
        return sum(_tally(conn, wanted, scope) for scope in scopes), True
    n = 0
    for stretch in _stretches(conn, wanted.prefix):
        for kind in _kinds(conn, wanted):
            n += _counted(conn, wanted, kind, stretch, COUNTED - n)
    return n, n < COUNTED


def statement(conn: sqlite3.Connection, wanted: FailureFilter, *, back: bool) -> str:
    """Return the SQL of a page: for the test that asks SQLite how it would go about it."""
    query, _ = _merged(wanted, _kinds(conn, wanted), Stretch(START, END), back=back)
    return f"{query} LIMIT ?"


def _merged(
    wanted: FailureFilter, kinds: Sequence[_Kind | None], stretch: Stretch, *, back: bool
) -> tuple[str, tuple[object, ...]]:
    """Return the walks of all kinds as one query, in order, and its parameters.

    Each walk comes in the order of its index, so that SQLite merges them row by row, unsorted.
    """
    walks = [_query(wanted, kind, stretch) for kind in kinds]
    text = " UNION ALL ".join(f"SELECT bid,key,ver{query}" for query, _ in walks)
    order = " ORDER BY 1 DESC,2 DESC,3 DESC" if back else " ORDER BY 1,2,3"
    return text + order, tuple(value for _, values in walks for value in values)


def _counted(
    conn: sqlite3.Connection,
    wanted: FailureFilter,
    kind: _Kind | None,
    stretch: Stretch,
    most: int,
) -> int:
    """Count a walk's rows, up to most."""
    query, values = _query(wanted, kind, stretch)
    within = f"SELECT count(*) FROM (SELECT 1{query} LIMIT ?)"  # noqa: S608 - our own text
    row: tuple[int] = conn.execute(within, (*values, most)).fetchone()
    return row[0]


def _query(
    wanted: FailureFilter, kind: _Kind | None, stretch: Stretch
) -> tuple[str, tuple[object, ...]]:
    """Return FROM and WHERE of a walk, and its parameters."""
    keeps: list[str] = []
    values: list[object] = []
    index = ""
    if wanted.bundle is not None:
        index = " INDEXED BY failures_bundle"
        keeps.append("bun=? AND (?='' OR disp=?) AND (?='' OR code=?) AND (?='' OR phase=?)")
        values += (wanted.bundle, *_thrice(wanted))
    elif kind is not None:
        index = " INDEXED BY failures_class"
    if kind is not None:
        keeps.append("disp=? AND code=? AND phase=?")
        values += kind
    keeps.append("(bid,key,ver)>=(?,?,?) AND (bid,key,ver)<(?,?,?)")
    values += (*stretch.begins, *stretch.ends)
    return f" FROM failures{index} WHERE {' AND '.join(keeps)}", tuple(values)


def _within(
    stretch: Stretch, after: FailurePlace | None, before: FailurePlace | None
) -> Stretch | None:
    """Return the part of a stretch that is behind `after` and before `before`."""
    begins, ends = stretch
    if after is not None:
        # the next place there can be: no version sorts between it and the one with a NUL behind
        begins = max(begins, (after[0], after[1], after[2] + b"\0"))
    if before is not None:
        ends = min(ends, before)
    return Stretch(begins, ends) if begins < ends else None


def _kinds(conn: sqlite3.Connection, wanted: FailureFilter) -> Sequence[_Kind | None]:
    """Return the classes that a filter keeps, as `causes` knows them; None: no walk by class.

    A bundle's few failures are walked over once.
    """
    if wanted.whole or wanted.bundle is not None:
        return [None]
    found = conn.execute(
        "SELECT disp,code,phase FROM causes WHERE scope=0 AND n>0"
        " AND (?='' OR disp=?) AND (?='' OR code=?) AND (?='' OR phase=?)",
        _thrice(wanted),
    )
    return [_Kind(*row) for row in found]


def _thrice(wanted: FailureFilter) -> tuple[str, ...]:
    return tuple(
        value for part in (wanted.disposition, wanted.code, wanted.phase) for value in (part, part)
    )


def _tally(conn: sqlite3.Connection, wanted: FailureFilter, scope: int) -> int:
    row: tuple[int] = conn.execute(
        "SELECT coalesce(sum(n),0) FROM causes WHERE scope=?"
        " AND (?='' OR disp=?) AND (?='' OR code=?) AND (?='' OR phase=?)",
        (scope, *_thrice(wanted)),
    ).fetchone()
    return row[0]


def _stretches(conn: sqlite3.Connection, prefix: bytes) -> list[Stretch]:
    """Return the parts of the list in which `bucket/key` begins so, in order."""
    if not prefix:
        return [Stretch(START, END)]
    bucket, slash, key = prefix.partition(b"/")
    if not slash:
        return [
            Stretch((bid, b"", b""), (bid + 1, b"", b"")) for bid in _buckets_like(conn, bucket)
        ]
    bid = 0  # keys outside of any bucket are shown without one
    if bucket:
        row = conn.execute("SELECT bid FROM buckets WHERE name=?", (bucket,)).fetchone()
        if row is None:
            return []
        bid = row[0]
    behind = successor(key)
    ends = (bid + 1, b"", b"") if behind is None else (bid, behind, b"")
    return [Stretch((bid, key, b""), ends)]


def _buckets_like(conn: sqlite3.Connection, begins: bytes) -> list[int]:
    """Return the buckets with failures whose name begins so, in order of their number."""
    behind = successor(begins)
    rows = conn.execute(
        "SELECT k.bid FROM buckets k WHERE k.name>=? AND (? IS NULL OR k.name<?)"
        " AND EXISTS(SELECT 1 FROM causes c WHERE c.scope=k.bid AND c.n>0) ORDER BY k.bid",
        (begins, behind, behind),
    )
    return [bid for (bid,) in rows]


def successor(prefix: bytes) -> bytes | None:
    """Return the first value behind all that begin so; None if there is none."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes([stem[-1] + 1]) if stem else None


_Stored: TypeAlias = tuple[
    int, bytes, bytes, bytes, str, str, str, int, int, int, str, int | None, str | None, str | None,
    int | None,
]  # fmt: skip


def _row(row: _Stored) -> FailureRow:
    """Return a failure as `_ROW` selects it."""
    bid, bucket, key, version, phase, code, text, tries, first, last, disp, bun, who, why, size = (
        row
    )
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
        disposition=Disposition(disp),
        bundle_id=bun,
        who=who or "",
        why=why or "",
        size_bytes=size,
    )
