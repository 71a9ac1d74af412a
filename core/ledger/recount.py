"""Counting again: the kept counters against what objects and bundles hold (I4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.ledger.counters import ALL, CLASS_PREFIX, CLASSES, SIZE_BOUNDS, TALLIES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

MEMBERS: Final = "members of bundles"
MEMBERS_BYTES: Final = "bytes of bundles"

# Few sums a row: a scan of a million rows takes 0.2 s with these and 0.1 s for the end states,
# 0.4 s more for the histogram. The WHERE passes over the rows that most ledgers are full of.
_WHOLE: Final = (
    "SELECT bid,count(*),sum(size),count(size),count(bun),sum(ver<>x'' AND bun IS NOT NULL),"
    "sum(st=1),sum(size) FILTER (WHERE st=1) FROM objects GROUP BY bid"
)
_ENDED: Final = (
    "SELECT bid,sum(st=5),sum(size) FILTER (WHERE st=5),sum(st=4),"
    "sum(size) FILTER (WHERE st=4),sum(st IN (3,6)),sum(size) FILTER (WHERE st IN (3,6))"
    " FROM objects WHERE st>2 GROUP BY bid"
)
_BUNDLES: Final = "SELECT bid,count(*),sum(st=4),sum(n),sum(bytes) FROM bundles GROUP BY bid"

_ENDED_NAMES: Final = (
    "failed",
    "failed_bytes",
    "skipped",
    "skipped_bytes",
    "gone",
    "gone_bytes",
)


def _above() -> str:
    # Each class as the difference of two cumulative sums: one comparison a row and bound.
    return ",".join(
        f"count(*) FILTER (WHERE size>{bound}),sum(size) FILTER (WHERE size>{bound})"
        for bound in SIZE_BOUNDS
    )


# S608: bounds are constants of this project.
_SIZES: Final = f"SELECT bid,count(size),sum(size),{_above()} FROM objects GROUP BY bid"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A counter that does not equal what the ledger holds."""

    scope: int
    name: str
    kept: int
    counted: int


def told(found: Sequence[Difference]) -> str:
    """Say how many counters differ, and the first of them. found: not empty."""
    first = found[0]
    return (
        f"{len(found)} counters differ from the ledger's rows: {first.name} of scope {first.scope}"
        f" is {first.kept}, counted {first.counted}"
    )


def states(conn: sqlite3.Connection) -> list[Difference]:
    """Count states and bundles again; return where the kept counters differ."""
    counted = _Counted()
    kept = _kept(conn, histogram=False)
    for bid, n, size_bytes, sized, members, versions, migrated, migrated_bytes in conn.execute(
        _WHOLE
    ):
        counted.add(bid, "objects", n)
        counted.add(bid, "bytes", size_bytes)
        counted.add(bid, "markers", members - sized)
        counted.add(bid, "versions", versions)
        counted.add(bid, "migrated", migrated)
        counted.add(bid, "migrated_bytes", migrated_bytes)
        counted.add(bid, MEMBERS, members)
        counted.add(bid, MEMBERS_BYTES, size_bytes)
    for bid, *sums in conn.execute(_ENDED):
        for name, value in zip(_ENDED_NAMES, sums, strict=True):
            counted.add(bid, name, value)
    for bid, n, recorded, members, size_bytes in conn.execute(_BUNDLES):
        counted.add(bid, "bundles", n)
        counted.add(bid, "bundles_recorded", recorded)
        for scope in _scopes(bid):
            kept[scope, MEMBERS] += members
            kept[scope, MEMBERS_BYTES] += size_bytes
    return _compare(kept, counted.values)


def sizes(conn: sqlite3.Connection) -> list[Difference]:
    """Count the histogram again; return where the kept one differs."""
    counted = _Counted()
    for bid, n, size_bytes, *above in conn.execute(_SIZES):
        ends = [n, size_bytes or 0, *(value or 0 for value in above), 0, 0]
        for number in range(CLASSES):
            low, high = 2 * number, 2 * number + 2
            counted.add(bid, f"hist:{number}", ends[low] - ends[high])
            counted.add(bid, f"histb:{number}", ends[low + 1] - ends[high + 1])
    return _compare(_kept(conn, histogram=True), counted.values)


class _Counted:
    def __init__(self) -> None:
        self.values: Counter[tuple[int, str]] = Counter()

    def add(self, bid: int, name: str, n: int | None) -> None:
        for scope in _scopes(bid):
            self.values[scope, name] += n or 0


def _scopes(bid: int) -> Iterable[int]:
    return (ALL,) if bid == ALL else (ALL, bid)


def _kept(conn: sqlite3.Connection, *, histogram: bool) -> Counter[tuple[int, str]]:
    return Counter(
        {
            (scope, name): n
            for scope, name, n in conn.execute("SELECT scope,name,n FROM counters")
            if name not in TALLIES
            and not name.startswith(CLASS_PREFIX)
            and name.startswith("hist") == histogram
        }
    )


def _compare(
    kept: Mapping[tuple[int, str], int], counted: Mapping[tuple[int, str], int]
) -> list[Difference]:
    return [
        Difference(scope=place[0], name=place[1], kept=kept[place], counted=counted[place])
        for place in sorted({*kept, *counted})
        if kept[place] != counted[place]
    ]
