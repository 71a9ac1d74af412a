"""What a round found in a bucket and has not stored yet. Pure.

May import the merge, the plan's cutter and the ledger's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.engine.planning.bundling import Cutter
from core.engine.syncing.merge import Differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.config.knobs import Knobs
    from core.engine.planning.bundling import Cut
    from core.engine.syncing.stretches import Stretch
    from core.ledger.rounds import Found
    from core.ledger.rows import EntryRow

MOST_SMALL: Final = 5_000
"""Differences without bytes that one commit takes."""

IDLE_KEYS: Final = 200_000
"""Keys without a difference behind which the cursor is stored: they are walked in a second."""


class Pending:
    """Differences in key order, until there are enough for a commit."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._bytes = 0
        self.found = Differences()
        self.upto = b""
        self.seen = 0

    def take(self, stretch: Stretch) -> None:
        """Add a stretch."""
        self.upto = stretch.upto
        self.seen += stretch.seen
        new = stretch.found
        if new.count:
            self.found.take(new)
            self._bytes += sum(entry[2] or 0 for entry in (*new.added, *new.again))
            self._bytes += sum(one.entry[2] or 0 for one in new.moved)

    @property
    def due(self) -> bool:
        """Tell whether it is time for a commit."""
        found = self.found
        carried = len(found.added) + len(found.again) + len(found.moved)
        if not found.count:
            return self.seen >= IDLE_KEYS
        return (
            carried >= self._knobs.batch_size
            or self._bytes >= self._knobs.bundle_bytes
            or found.count >= MOST_SMALL
        )

    def clear(self) -> None:
        """Begin anew behind what was stored."""
        self.found, self.seen, self._bytes = Differences(), 0, 0


def cut(entries: Iterable[EntryRow], knobs: Knobs) -> list[Cut]:
    """Cut entries into bundles, in key order."""
    cutter = Cutter(
        batch_size=knobs.batch_size,
        bundle_bytes=knobs.bundle_bytes,
        large_threshold=knobs.large_threshold,
        first_bytes=knobs.bundle_bytes,
        first_bundles=0,
    )
    ordered = sorted(entries, key=lambda entry: entry[:2])
    return [*cutter.feed(ordered), *cutter.rest()]


def told(found: Found) -> str:
    """Return what a walk found, as people read it."""
    return (
        f"{found.seen:,} keys, {found.added:,} added, {found.changed:,} changed,"
        f" {found.attrs:,} with other attributes, {found.deleted:,} deleted"
    )
