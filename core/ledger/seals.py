"""Digests of what the ledger holds, kept in the commit that changes it.

SQLite sees a page that is no page; it cannot see a value that became another one on the disk. So a
bundle's members have a digest, and every row of the small tables has one, by triggers: whoever
writes, the digest follows. After an unclean end all are computed again (`docs/ledger.md`).
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from core.ledger.counters import CLASS_PREFIX, TALLIES
from core.ledger.rows import position_of
from core.model import BundleState, ObjectState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from core.ledger.rows import EntryRow, RecordRow

DIGEST_BYTES: Final = 16
FUNCTION: Final = "vgwm_seal"
BUNDLE: Final = "bundle"

_MARSHAL: Final = 2
"""The format without references: equal lists of bytes and numbers have equal bytes. A test pins
them, so that another Python's would not go unseen."""

_SMALL: Final = {
    "meta": ("k", "v"),
    "buckets": ("bid", "name", "st", "cursor", "attrs"),
    "jobs": (
        *("id", "kind", "st", "args", "plan", "cursor"),
        *("actor", "made", "began", "ended", "result"),
    ),
    "bundles": (
        *("id", "bid", "lo", "hi", "kind", "rnd", "n", "bytes"),
        *("st", "tries", "worker", "epoch", "root", "allocs", "blocks", "err"),
    ),
    "knobs": ("name", "val", "actor", "ts"),
    "cutover": (
        *("seq", "run", "slice", "state", "step"),
        *("phase", "ts", "actor", "plan", "data"),
    ),
    "answers": ("id", "chk", "ep", "comp", "st", "ev", "fix", "at", "took", "job", "place"),
    "said": ("id", "kind", "name", "who", "ts", "why"),
    "tallies": ("bun", "name", "n"),
    "losses": ("bid", "key", "ver", "why", "what"),
    "rounds": (
        *("id", "job", "kind", "st", "began", "walked", "ended", "bid", "cursor"),
        *("seen", "added", "changed", "attrs", "deleted", "bytes", "why"),
    ),
    "proofs": ("job", "kind", "scope", "st", "began", "ended", "args", "cursor", "figures", "dir"),
    "waste": ("bun", "n", "bytes"),
    "moved": ("bid", "key", "ver", "bun", "bytes"),
    "greenlog": (
        *("bid", "key", "ver", "op", "seen", "cid", "size", "st"),
        *("why", "h", "tries", "ino", "mt", "ct"),
    ),
}
"""Tables of few rows, for a bundle has many objects, and few objects lose anything; the first
column is the key, unless `_KEYS` names more."""

_KEYS: Final = {
    "tallies": ("bun", "name"),
    "losses": ("bid", "key", "ver", "why", "what"),
    "moved": ("bid", "key", "ver"),
    "greenlog": ("bid", "key", "ver"),
}

# Tallies of happenings cannot be counted again; all other counters are.
_TALLY: Final = " OR ".join(
    ["name GLOB '" + CLASS_PREFIX + "*'", *(f"name='{name}'" for name in TALLIES)]
)
_SUM: Final = b"+"
"""Before a digest that is a sum of its rows' own: a round's changes are added and taken away, and
cost what they change. A bundle's first change turns its digest into one."""

_ENDED: Final = frozenset({ObjectState.RECORDED, ObjectState.GONE, ObjectState.GONE_APPLIED})
_ROOM: Final = 1 << (8 * DIGEST_BYTES)
_NOTHING: Final = b"?"
_NONE: Final = b""
_state = itemgetter(0)
_position = itemgetter(9, 10)


def triggers_of(table: str) -> tuple[str, ...]:
    """Return the triggers that keep the digests of a small table's rows."""
    columns = _SMALL[table]
    seal = f"{FUNCTION}({','.join(f'NEW.{column}' for column in columns)})"
    return tuple(_three(table, _id(table, "NEW."), _id(table, "OLD."), seal, ("", "")))


def _id(table: str, row: str) -> str:
    """Return what names a row of a small table, as SQL. row: `NEW.`, `OLD.` or nothing."""
    keys = _KEYS.get(table)
    if keys is None:
        return f"{row}{_SMALL[table][0]}"
    return "||' '||".join(f"hex({row}{key})" for key in keys)


def _triggers() -> Iterator[str]:
    for table in _SMALL:
        yield from triggers_of(table)
    new, old = (_TALLY.replace("name", f"{row}.name") for row in ("NEW", "OLD"))
    yield from _three(
        "counters",
        "NEW.scope||' '||NEW.name",
        "OLD.scope||' '||OLD.name",
        f"{FUNCTION}(NEW.scope,NEW.name,NEW.n)",
        (f" WHEN {new}", f" WHEN {old}"),
    )


def _three(table: str, new: str, old: str, seal: str, when: tuple[str, str]) -> Iterator[str]:
    # not OR REPLACE: the clause of the statement that fires a trigger would stand in its place
    put = (
        f"INSERT INTO seals(what,id,h) VALUES('{table}',{new},{seal})"
        " ON CONFLICT(what,id) DO UPDATE SET h=excluded.h;"
    )
    drop = f"DELETE FROM seals WHERE what='{table}' AND id={old};"  # noqa: S608 - our own names
    yield f"CREATE TRIGGER seal_{table}_in AFTER INSERT ON {table}{when[0]} BEGIN {put} END"
    yield (f"CREATE TRIGGER seal_{table}_changed AFTER UPDATE ON {table}{when[0]} BEGIN {put} END")
    yield f"CREATE TRIGGER seal_{table}_out AFTER DELETE ON {table}{when[1]} BEGIN {drop} END"


TABLES: Final = (
    "CREATE TABLE seals(what TEXT, id, h BLOB NOT NULL, PRIMARY KEY(what,id)) WITHOUT ROWID",
    *_triggers(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsealed:
    """A row, or a bundle's members, that are not as they were written."""

    what: str
    id: str


def register(conn: sqlite3.Connection) -> None:
    """Give the connection the function that the triggers call."""
    conn.create_function(FUNCTION, -1, lambda *row: _digest(repr(row).encode()), deterministic=True)


def seal_planned(conn: sqlite3.Connection, bundle_id: int, entries: Sequence[EntryRow]) -> None:
    """Keep the digest of a planned bundle's members. entries: all of them, in any order."""
    _put(conn, bundle_id, _planned(entries))


def seal_recorded(
    conn: sqlite3.Connection, bundle_id: int, rows: Sequence[RecordRow], *, summed: bool = False
) -> None:
    """Keep the digest of a recorded bundle. rows: its members; failed ones, which may move, too.

    summed: of a round's bundle, whose range may enclose millions: nobody looks for its members.
    """
    _put(conn, bundle_id, _summed(rows) if summed else _recorded(rows))


def amend(
    conn: sqlite3.Connection,
    bundle_id: int,
    was: Sequence[RecordRow],
    now: Sequence[RecordRow],
) -> None:
    """Let a recorded bundle's digest follow members that became others, came or left.

    Called behind the change. was, now: the members' rows before and after; those without an end
    state count for nothing. A bundle without a digest gets none.
    """
    row = conn.execute("SELECT h FROM seals WHERE what=? AND id=?", (BUNDLE, bundle_id)).fetchone()
    if row is None:
        return
    kept: bytes = row[0]
    if len(kept) == DIGEST_BYTES:
        _put(conn, bundle_id, _summed(_members(conn, bundle_id)))
        return
    total = int.from_bytes(kept[1:], "big") - _sum_of(was) + _sum_of(now)
    _put(conn, bundle_id, _SUM + (total % _ROOM).to_bytes(DIGEST_BYTES, "big"))


def unseal(conn: sqlite3.Connection, bundle_id: int) -> None:
    """Forget a bundle's digest: all its members failed, and may move."""
    conn.execute("DELETE FROM seals WHERE what=? AND id=?", (BUNDLE, bundle_id))


def reseal(conn: sqlite3.Connection) -> None:
    """Compute every digest anew, for a ledger that had none."""
    conn.execute("DELETE FROM seals")
    conn.executemany("INSERT INTO seals(what,id,h) VALUES(?,?,?)", list(_found(conn)))


def broken(conn: sqlite3.Connection) -> list[Unsealed]:
    """Compute every digest again; return what differs, what has none, and what is no more.

    Memory: the bundles whose ranges lie over each other. 3 s a million objects.
    """
    kept: dict[tuple[str, int | str], bytes] = {
        (what, number): digest
        for what, number, digest in conn.execute("SELECT what,id,h FROM seals")
    }
    found = [
        Unsealed(what=what, id=str(number))
        for what, number, digest in _found(conn)
        if kept.pop((what, number), b"") != digest
    ]
    return [*found, *(Unsealed(what=what, id=str(number)) for what, number in kept)]


def _found(conn: sqlite3.Connection) -> Iterator[tuple[str, int | str, bytes]]:
    """Yield (what, id, digest) of everything that has a digest, as the tables say now."""
    for table, columns in _SMALL.items():
        # S608: names are constants of this project
        rows = conn.execute(f"SELECT {_id(table, '')},{','.join(columns)} FROM {table}")  # noqa: S608
        for number, *row in rows:
            yield table, number, _digest(repr(tuple(row)).encode())
    for row in conn.execute(f"SELECT scope,name,n FROM counters WHERE {_TALLY}"):  # noqa: S608
        yield "counters", f"{row[0]} {row[1]}", _digest(repr(row).encode())
    yield from _bundles(conn)


@dataclass(slots=True)
class _Kept:
    """A bundle's state, and how many members its row says."""

    state: int
    n: int


def _bundles(conn: sqlite3.Connection) -> Iterator[tuple[str, int, bytes]]:
    """Yield the digests of all bundles' members, by one pass over the objects.

    A bundle with fewer or more members than its row says has the digest of nothing.
    """
    kept = {
        number: _Kept(state, n)
        for number, state, n in conn.execute("SELECT id,st,n FROM bundles NOT INDEXED")
    }
    summed = {
        number
        for (number,) in conn.execute(
            "SELECT id FROM seals WHERE what=? AND length(h)>?", (BUNDLE, DIGEST_BYTES)
        )
    }
    members: dict[int, list[RecordRow]] = {}
    ended: dict[int, bytes] = {}
    for number, *row in conn.execute(
        "SELECT bun,st,cid,etag,size,ino,mt,ct,mh,bid,key,ver FROM objects"
        " WHERE bun IS NOT NULL ORDER BY bid,key,ver"
    ):
        if number in ended or number not in kept:
            ended[number] = _NOTHING
            continue
        mine = members.setdefault(number, [])
        mine.append(tuple(row))
        if len(mine) == kept[number].n:
            state, rows = kept[number].state, members.pop(number)
            ended[number] = _of(state, rows, summed=number in summed)
    for number, bundle in kept.items():
        if number not in ended:
            empty = _of(bundle.state, [], summed=number in summed)
            ended[number] = _NOTHING if bundle.n else empty
    # without a seal: a failed bundle, whose members are vouched for by their reasons
    yield from ((BUNDLE, number, digest) for number, digest in ended.items() if digest != _NONE)


def _of(state: int, rows: list[RecordRow], *, summed: bool) -> bytes:
    if state == BundleState.FAILED:
        return _NONE
    if state == BundleState.RECORDED:
        return _summed(rows) if summed else _recorded(rows)
    return _planned([(r[9], r[10], r[3], r[4], r[5], r[6]) for r in rows])


def _planned(entries: Sequence[EntryRow]) -> bytes:
    # whole tuples: no two are alike in key and version, so the rest is never compared
    return _digest(marshal.dumps(sorted(map(tuple, entries)), _MARSHAL))


def _recorded(rows: Sequence[RecordRow]) -> bytes:
    if not _ENDED.issuperset(map(_state, rows)):  # the usual case costs no line an object
        rows = [row for row in rows if row[0] in _ENDED]
    return _digest(marshal.dumps(sorted(rows, key=_position), _MARSHAL))


def _summed(rows: Sequence[RecordRow]) -> bytes:
    return _SUM + _sum_of(rows).to_bytes(DIGEST_BYTES, "big")


def _sum_of(rows: Sequence[RecordRow]) -> int:
    ended = (row for row in rows if row[0] in _ENDED)
    digests = (_digest(marshal.dumps(tuple(row), _MARSHAL)) for row in ended)
    return sum(int.from_bytes(digest, "big") for digest in digests) % _ROOM


def _members(conn: sqlite3.Connection, bundle_id: int) -> list[RecordRow]:
    """Return a bundle's members, looked for in its range."""
    bid, low, high = conn.execute(
        "SELECT bid,lo,hi FROM bundles WHERE id=?", (bundle_id,)
    ).fetchone()
    return conn.execute(
        "SELECT st,cid,etag,size,ino,mt,ct,mh,bid,key,ver FROM objects"
        " WHERE bid=? AND (key,ver)>=(?,?) AND (key,ver)<=(?,?) AND bun=?",
        (bid, *position_of(low), *position_of(high), bundle_id),
    ).fetchall()


def _put(conn: sqlite3.Connection, bundle_id: int, digest: bytes) -> None:
    conn.execute(
        "INSERT OR REPLACE INTO seals(what,id,h) VALUES(?,?,?)", (BUNDLE, bundle_id, digest)
    )


def _digest(content: bytes) -> bytes:
    return sha256(content).digest()[:DIGEST_BYTES]  # by the CPU's own instructions: twice blake2b
