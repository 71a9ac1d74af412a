"""The counters: what is shown at once, kept exact within the commit that changes it (I4).

A state counter can be counted again from objects and bundles (`recount`); a tally of happenings
(`requeued`, `class:...`) is only ever added to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from core.model import GIB, KIB, MIB

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

ALL: Final = 0
"""The scope of the whole migration; a bucket's scope is its id. Strays outside buckets: 0 alone."""

SIZE_BOUNDS: Final = (
    0,
    KIB,
    16 * KIB,
    256 * KIB,
    MIB,
    16 * MIB,
    100 * MIB,
    GIB,
    10 * GIB,
)
"""Upper ends of the size classes; the last class has none, so there is one class more."""

CLASSES: Final = len(SIZE_BOUNDS) + 1

STATE_COUNTERS: Final = (
    "objects",
    "bytes",
    "migrated",
    "migrated_bytes",
    "failed",
    "failed_bytes",
    "skipped",
    "gone",
    "gone_bytes",
    "markers",
    "versions",
    "bundles",
    "bundles_recorded",
)
TALLIES: Final = ("requeued",)
CLASS_PREFIX: Final = "class:"

_UPSERT = (
    "INSERT INTO counters(scope,name,n) VALUES(?,?,?)"
    " ON CONFLICT(scope,name) DO UPDATE SET n=n+excluded.n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """The ledger's counters of one scope.

    objects = migrated + failed + skipped + gone + remaining, and holds versions and markers.
    histogram: (objects, bytes) per class of SIZE_BOUNDS. classes: what the target cannot represent.
    """

    objects: int
    size_bytes: int
    migrated: int
    migrated_bytes: int
    failed: int
    failed_bytes: int
    skipped: int
    gone: int
    gone_bytes: int
    markers: int
    versions: int
    requeued: int
    bundles: int
    bundles_recorded: int
    histogram: tuple[tuple[int, int], ...]
    classes: tuple[tuple[str, int], ...]

    @property
    def remaining(self) -> int:
        """Objects that have no end state yet."""
        return self.objects - self.migrated - self.failed - self.skipped - self.gone

    @property
    def remaining_bytes(self) -> int:
        """Bytes of the objects that have no end state yet."""
        return self.size_bytes - self.migrated_bytes - self.failed_bytes - self.gone_bytes


Delta = Counter[str]
"""Counter name to what it grows by; may be negative."""


def shape(sizes: Sequence[int | None]) -> Delta:
    """Return what keys of these sizes add to bytes, markers and histogram.

    sizes: None for a delete marker. Sorted once and cut by class: no Python step an object.
    """
    known = sorted(size for size in sizes if size is not None)
    delta = Delta(bytes=sum(known), markers=len(sizes) - len(known))
    start = 0
    for number in range(CLASSES):
        last = number == CLASSES - 1
        end = len(known) if last else bisect_right(known, SIZE_BOUNDS[number], start)
        if end > start:
            delta[f"hist:{number}"] = end - start
            delta[f"histb:{number}"] = sum(known[start:end])
        start = end
    return delta


def add(conn: sqlite3.Connection, bucket_id: int, delta: Mapping[str, int]) -> None:
    """Add to the counters of a bucket and of all, in the caller's transaction."""
    scopes = (ALL,) if bucket_id == ALL else (ALL, bucket_id)
    conn.executemany(_UPSERT, [(s, name, n) for s in scopes for name, n in delta.items() if n])


def read(conn: sqlite3.Connection, scope: int) -> Counters:
    """Return the counters of a scope; 0 where nothing was counted."""
    n = Counter(dict(conn.execute("SELECT name,n FROM counters WHERE scope=?", (scope,))))
    return Counters(
        objects=n["objects"],
        size_bytes=n["bytes"],
        migrated=n["migrated"],
        migrated_bytes=n["migrated_bytes"],
        failed=n["failed"],
        failed_bytes=n["failed_bytes"],
        skipped=n["skipped"],
        gone=n["gone"],
        gone_bytes=n["gone_bytes"],
        markers=n["markers"],
        versions=n["versions"],
        requeued=n["requeued"],
        bundles=n["bundles"],
        bundles_recorded=n["bundles_recorded"],
        histogram=tuple((n[f"hist:{i}"], n[f"histb:{i}"]) for i in range(CLASSES)),
        classes=tuple(
            sorted(
                (name.removeprefix(CLASS_PREFIX), count)
                for name, count in n.items()
                if name.startswith(CLASS_PREFIX) and count
            )
        ),
    )


_OBJECT_SUMS: Final = {
    "objects": "count(*)",
    "bytes": "sum(size)",
    "migrated": "sum(st=1)",
    "migrated_bytes": "sum(size) FILTER (WHERE st=1)",
    "failed": "sum(st=5)",
    "failed_bytes": "sum(size) FILTER (WHERE st=5)",
    "skipped": "sum(st=4)",
    "gone": "sum(st IN (3,6))",
    "gone_bytes": "sum(size) FILTER (WHERE st IN (3,6))",
    "markers": "sum(size IS NULL AND st<>4)",
    "versions": "sum(ver<>x'' AND st<>4)",
}


def _class_sums() -> dict[str, str]:
    # Each class as the difference of two cumulative sums: one comparison a row and bound.
    sums = {}
    for number, bound in enumerate(SIZE_BOUNDS):
        sums[f">{number}"] = f"count(*) FILTER (WHERE size>{bound})"
        sums[f">b{number}"] = f"sum(size) FILTER (WHERE size>{bound})"
    return sums


_SUMS: Final = {**_OBJECT_SUMS, **_class_sums(), "sized": "count(size)"}
# S608: column expressions made from constants of this file only.
_RECOUNT: Final = f"SELECT bid,{','.join(_SUMS.values())} FROM objects GROUP BY bid"  # noqa: S608
_RECOUNT_BUNDLES: Final = "SELECT bid,count(*),sum(st=4) FROM bundles GROUP BY bid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A counter that does not equal what the ledger holds."""

    scope: int
    name: str
    kept: int
    counted: int


def recount(conn: sqlite3.Connection) -> list[Difference]:
    """Count objects and bundles again, and return where the kept counters differ."""
    counted: Counter[tuple[int, str]] = Counter()
    for bid, *values in conn.execute(_RECOUNT):
        sums = {name: value or 0 for name, value in zip(_SUMS, values, strict=True)}
        _count(counted, bid, ((name, sums[name]) for name in _OBJECT_SUMS))
        _count(counted, bid, _histogram(sums))
    for bid, bundles, recorded in conn.execute(_RECOUNT_BUNDLES):
        _count(counted, bid, (("bundles", bundles), ("bundles_recorded", recorded)))
    kept = Counter(
        {
            (scope, name): n
            for scope, name, n in conn.execute("SELECT scope,name,n FROM counters")
            if name not in TALLIES and not name.startswith(CLASS_PREFIX)
        }
    )
    return [
        Difference(scope=scope, name=name, kept=kept[scope, name], counted=counted[scope, name])
        for scope, name in sorted(set(chain(kept, counted)))
        if kept[scope, name] != counted[scope, name]
    ]


def _histogram(sums: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    above, above_bytes = sums["sized"], sums["bytes"]
    for number in range(len(SIZE_BOUNDS)):
        higher, higher_bytes = sums[f">{number}"], sums[f">b{number}"]
        yield f"hist:{number}", above - higher
        yield f"histb:{number}", above_bytes - higher_bytes
        above, above_bytes = higher, higher_bytes
    yield f"hist:{CLASSES - 1}", above
    yield f"histb:{CLASSES - 1}", above_bytes


def _count(counted: Counter[tuple[int, str]], bid: int, values: Iterable[tuple[str, int]]) -> None:
    for name, n in values:
        counted[ALL, name] += n
        if bid != ALL:
            counted[bid, name] += n
