"""What a stretch of the source says against the ledger's rows of it. Pure.

A change is any difference of inode, size, mtime and ctime, tested by inequality: clock jumps do not
matter. Source: cutover.md 3. May import the model and the ledger's rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.ledger.rows import RACY
from core.model import ObjectState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.ledger.rows import EntryRow, Position
    from core.ledger.sync_looks import StoredObject
    from core.model import Skip

_OPEN = frozenset({ObjectState.PLANNED, ObjectState.DIRTY})


class Moved(NamedTuple):
    """A recorded object whose fingerprint is another one: its content may be the same."""

    entry: EntryRow
    stored: StoredObject

    @property
    def only_racy(self) -> bool:
        """Tell whether nothing is known to differ: it had changed just before it was read."""
        stored = self.stored
        return stored.ctime_ns == RACY and self.entry[2:5] == stored[3:6]


@dataclass(slots=True)
class Differences:
    """What is not as the ledger has it, in key order.

    added: not known, or gone before. moved: recorded, and of another fingerprint. again: without a
    content that the target holds, to be read. gone: at the source no more. back: gone, and there
    again as it was, before anything was removed. skips: keys that no gateway serves, new ones.
    """

    added: list[EntryRow] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    again: list[EntryRow] = field(default_factory=list)
    gone: list[Position] = field(default_factory=list)
    back: list[EntryRow] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many objects differ."""
        entries = len(self.added) + len(self.moved) + len(self.again) + len(self.back)
        return entries + len(self.gone) + len(self.skips)

    def take(self, other: Differences) -> None:
        """Append what comes behind this."""
        self.added += other.added
        self.moved += other.moved
        self.again += other.again
        self.gone += other.gone
        self.back += other.back
        self.skips += other.skips


def compare(
    entries: Iterable[EntryRow],
    skips: Iterable[Skip],
    stored: Sequence[StoredObject],
    *,
    since_ns: int | None = None,
) -> Differences:
    """Hold whole keys of the walk against the ledger's rows of the same stretch.

    since_ns: what changed at or after it counts as moved whatever its fingerprint says; it only
    widens.
    """
    found = Differences()
    rows = {(row.key, row.version): row for row in stored}
    for entry in entries:
        row = rows.pop(entry[:2], None)
        if row is None:
            found.added.append(entry)
        else:
            _there(found, entry, row, since_ns)
    for skip in skips:
        row = rows.pop((skip[0], skip[1]), None)
        if row is None or row.state is ObjectState.GONE_APPLIED:
            found.skips.append(skip)
        elif row.state in {ObjectState.RECORDED, ObjectState.FAILED}:
            found.gone.append((row.key, row.version))  # first off the target, then a skip
    found.gone += [at for at, row in rows.items() if _vanishes(row)]
    found.gone.sort()
    return found


def _there(found: Differences, entry: EntryRow, row: StoredObject, since_ns: int | None) -> None:
    """Judge an object that source and ledger both have."""
    stands = row[3:7] == entry[2:]
    match row.state:
        case ObjectState.RECORDED:
            if not stands or (since_ns is not None and max(entry[4:]) >= since_ns):
                found.moved.append(Moved(entry, row))
        case ObjectState.GONE:
            # without a digest of its metadata it was never recorded as it is
            (found.back if stands and row.mh is not None else found.again).append(entry)
        case ObjectState.GONE_APPLIED:
            found.added.append(entry)
        case ObjectState.FAILED if not stands:
            found.again.append(entry)
        case ObjectState.SKIPPED if row.bundle is None:  # by a walk; an operator's skip stays
            found.added.append(entry)
        case _:
            pass  # open: its bundle reads what is there


def _vanishes(row: StoredObject) -> bool:
    """Tell whether a key that the source has no more changes its state."""
    return row.state not in _OPEN | {ObjectState.GONE, ObjectState.GONE_APPLIED}
