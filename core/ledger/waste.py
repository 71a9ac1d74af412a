"""What recorded bundles hold and no row names any more: counted, and the bundles that it ends.

A bundle is spent when no object of it is left: its root may go. It is wasteful when more of it is
dead than the limit: what is left is worth a root of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import WrongState
from core.ledger import bundles
from core.model import BundleState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

# One pass over the objects: a bundle that a round made has its members anywhere in its bucket.
# Tombstones are not applied, and what has moved is not recorded elsewhere yet: rows name the bundle
# still.
_HELD: Final = (
    "WITH live(bun,n,bytes,busy) AS (SELECT bun,count(*),sum(size),sum(st<>1) FROM objects"
    " WHERE st<4 AND bun IN (SELECT bun FROM waste) GROUP BY bun)"
    ", left_(bun,n,bytes) AS (SELECT bun,count(*),sum(bytes) FROM moved GROUP BY bun)"
    " SELECT w.bun,w.n,w.bytes,ifnull(live.n,0)+ifnull(left_.n,0),"
    "ifnull(live.bytes,0)+ifnull(left_.bytes,0),ifnull(live.busy,0)+ifnull(left_.n,0),"
    "ifnull(b.err,'')"
    " FROM waste w JOIN bundles b ON b.id=w.bun"
    " LEFT JOIN live ON live.bun=w.bun LEFT JOIN left_ ON left_.bun=w.bun"
    " WHERE b.st=4 AND b.root IS NOT NULL AND w.bun>? ORDER BY w.bun"
)
_ANY: Final = (
    "SELECT 1 FROM objects WHERE bid=? AND (key,ver)>=(?,?) AND (key,ver)<=(?,?)"
    " AND bun=? AND st<4 UNION ALL SELECT 1 FROM moved WHERE bun=? LIMIT 1"
)
_SPENT: Final = "spent since round "
_GONE: Final = "its root was let go: no object of it is left"


class Freed(NamedTuple):
    """Objects that a bundle's root holds, and that no row names from now on."""

    bundle: int
    objects: int
    size_bytes: int


class Held(NamedTuple):
    """A recorded bundle with waste.

    busy: of the live ones, those on their way to another bundle or off the target. since: the
    round that found it without objects, 0 for none.
    """

    bundle: int
    dead: int
    dead_bytes: int
    live: int
    live_bytes: int
    busy: int
    since: int

    @property
    def share(self) -> float:
        """How much of it is dead, of its bytes; of its objects where they have no bytes."""
        size_bytes = self.dead_bytes + self.live_bytes
        return self.dead_bytes / size_bytes if size_bytes else self.dead / (self.dead + self.live)


def add(conn: sqlite3.Connection, freed: Iterable[Freed]) -> None:
    """Count what bundles hold for nothing from now on."""
    conn.executemany(
        "INSERT INTO waste(bun,n,bytes) VALUES(?,?,?)"
        " ON CONFLICT(bun) DO UPDATE SET n=n+excluded.n,bytes=bytes+excluded.bytes",
        list(freed),
    )


def spent(conn: sqlite3.Connection, after: int, limit: int) -> list[Held]:
    """Return bundles without any object left, by number."""
    return _some(conn, after, limit, lambda held: not held.live)


def wasteful(conn: sqlite3.Connection, after: int, limit: int, share: float) -> list[Held]:
    """Return bundles with objects left, of which more than a share is dead, by number.

    Those with objects under way are left out.
    """
    return _some(conn, after, limit, lambda held: held.live > held.busy == 0 and held.share > share)


def note_spent(conn: sqlite3.Connection, numbers: Sequence[int], round_id: int) -> None:
    """Note since which round bundles have been without objects."""
    conn.executemany(
        "UPDATE bundles SET err=? WHERE id=? AND st=4",
        [(f"{_SPENT}{round_id}", number) for number in numbers],
    )


def destine(conn: sqlite3.Connection, number: int, new: int) -> None:
    """Note which number the new bundle of what is left of one has, before anything is made.

    No other bundle gets it, of this engine or the next.
    """
    conn.execute("UPDATE bundles SET err=? WHERE id=? AND st=4", (f"{bundles.MOVES}{new}", number))


def destined(conn: sqlite3.Connection, number: int) -> int:
    """Return the number that `destine` noted, 0 for none."""
    row = conn.execute("SELECT ifnull(err,'') FROM bundles WHERE id=?", (number,)).fetchone()
    said = "" if row is None else row[0]
    return int(said.removeprefix(bundles.MOVES)) if said.startswith(bundles.MOVES) else 0


def let_go(conn: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Note that the target holds the roots of bundles no more.

    Raises WrongState if one has objects; then nothing is stored.
    """
    for number in numbers:
        bundle = bundles.load(conn, number)
        bounds = (bundle.bucket_id, *bundle.first, *bundle.last, number, number)
        held = conn.execute(_ANY, bounds)
        if bundle.state is not BundleState.RECORDED or held.fetchone() is not None:
            raise WrongState(
                what=f"bundle {number} has objects left",
                where="ledger",
                remedy="Nothing was stored. The next round looks again.",
            )
        conn.execute(
            "UPDATE bundles SET root=NULL,allocs=NULL,blocks=NULL,err=? WHERE id=?",
            (_GONE, number),
        )
        conn.execute("DELETE FROM waste WHERE bun=?", (number,))


def _some(
    conn: sqlite3.Connection, after: int, limit: int, wanted: Callable[[Held], bool]
) -> list[Held]:
    found: list[Held] = []
    if conn.execute("SELECT 1 FROM waste LIMIT 1").fetchone() is None:
        return found  # the usual case costs no pass
    for number, dead, dead_bytes, live, live_bytes, busy, err in conn.execute(_HELD, (after,)):
        since = int(err.removeprefix(_SPENT)) if err.startswith(_SPENT) else 0
        held = Held(number, dead, dead_bytes, live, live_bytes, busy, since)
        if wanted(held):
            found.append(held)
            if len(found) == limit:
                break
    return found
