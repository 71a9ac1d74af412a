"""What becomes of objects whose fingerprint moved, once they were looked at. Pure.

May import the model, the ledger's rows and the merge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from core.ledger.changes import Touch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.engine.syncing.looking import Looked
    from core.engine.syncing.merge import Moved
    from core.ledger.losses import LossRow
    from core.ledger.rows import EntryRow, Position
    from core.model import Cid
    from core.target.shape import Row


class NewAttributes(NamedTuple):
    """A current object with other metadata, or another time, and the content that it had.

    row: of the guide profile, with another pin than the target's own. was_mtime_ns: as recorded.
    """

    touch: Touch
    row: Row
    cid: Cid
    bundle: int | None
    was_mtime_ns: int
    entry: EntryRow


@dataclass(slots=True)
class Decided:
    """changed: read again and sent. touched: the ledger alone. attrs: the target's row too.

    losses: what the target does not show of the touched ones.
    """

    changed: list[EntryRow] = field(default_factory=list)
    touched: list[Touch] = field(default_factory=list)
    attrs: list[NewAttributes] = field(default_factory=list)
    gone: list[Position] = field(default_factory=list)
    losses: list[LossRow] = field(default_factory=list)


def may_be_same(one: Moved) -> bool:
    """Tell whether an object's content may be what it was: it is worth a look before it is sent."""
    return one.entry[2] == one.stored.size_bytes


def decide(moved: Iterable[Moved], looked: Mapping[Position, Looked]) -> Decided:
    """Decide about each. looked: those that a look could read, by position."""
    decided = Decided()
    for one in moved:
        seen = looked.get(one.entry[:2])
        if seen is not None and seen.gone:
            decided.gone.append(one.entry[:2])
        elif seen is None or seen.record is None or seen.record[1] != one.stored.cid:
            decided.changed.append(one.entry)
        else:
            _same_content(decided, one, seen)
    return decided


def _same_content(decided: Decided, one: Moved, seen: Looked) -> None:
    record = seen.record
    if record is None:
        return
    ino, mtime_ns, ctime_ns, mh = record[4:8]
    shown = (mh, mtime_ns) != (one.stored.mh, one.stored.mtime_ns)
    if shown and seen.table is None:
        decided.changed.append(one.entry)  # no row tells of it: a manifest has to
        return
    touch = Touch(*one.entry[:2], ino, mtime_ns, ctime_ns, record[2] or b"", mh or 0)
    decided.losses += seen.losses
    cid = one.stored.cid
    if shown and cid is not None and seen.table is not None:
        bundle, was_ns = one.stored.bundle, one.stored.mtime_ns or 0
        decided.attrs.append(NewAttributes(touch, seen.table, cid, bundle, was_ns, one.entry))
    else:
        decided.touched.append(touch)
