"""The counters: what is shown at once, kept exact within the commit that changes it (I4).

A state counter can be counted again from objects and bundles (`core.ledger.recount`); a tally of
happenings (`requeued`, `class:...`) is only ever added to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.model import GIB, KIB, MIB

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

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

TALLIES: Final = ("requeued", "skips_made", "skips_undone")
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
    skipped_bytes: int
    gone: int
    gone_bytes: int
    markers: int
    versions: int
    requeued: int
    skips_made: int
    skips_undone: int
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
        ended = self.migrated_bytes + self.failed_bytes + self.skipped_bytes + self.gone_bytes
        return self.size_bytes - ended


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


def resize(delta: Delta, old: Sequence[int | None], new: Sequence[int | None]) -> None:
    """Add to delta what changed sizes do to bytes, markers and histogram."""
    if old != new:
        delta.update(shape(new))
        delta.subtract(shape(old))


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
        skipped_bytes=n["skipped_bytes"],
        gone=n["gone"],
        gone_bytes=n["gone_bytes"],
        markers=n["markers"],
        versions=n["versions"],
        requeued=n["requeued"],
        skips_made=n["skips_made"],
        skips_undone=n["skips_undone"],
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
