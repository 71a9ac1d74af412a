"""The part of a long list that is here: the rows on the screen and one page each way.

The list itself stays with the engine, however long it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

ListT = TypeVar("ListT")
RowT = TypeVar("RowT")


class Leaf(NamedTuple, Generic[RowT]):
    """What a list answers: some rows, how many there are in all, and when that was so.

    exact: total is all of them; else at least so many.
    """

    rows: tuple[RowT, ...]
    total: int
    as_of_ns: int
    exact: bool = True


class Reach(NamedTuple):
    """Rows begins..ends of a list, the second excluded."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Generic[ListT, RowT]):
    """The rows of a listing that are here: those from `begins` on."""

    listing: ListT
    total: int
    begins: int = 0
    rows: tuple[RowT, ...] = ()
    as_of_ns: int = 0
    exact: bool = True

    def row(self, index: int) -> RowT | None:
        """Return a row by its place in the whole list; None if it is not here."""
        place = index - self.begins
        return self.rows[place] if 0 <= place < len(self.rows) else None

    def holds(self, reach: Reach) -> bool:
        """Whether every row that there is of a reach is here."""
        ends = min(reach.ends, self.total)
        return self.begins <= reach.begins and ends <= self.begins + len(self.rows)


def scrolled(top: int, cursor: int, room: int, total: int) -> int:
    """Return the first row shown, so that the cursor is among `room` rows.

    It moves by half a screen: on a slow link half of the keys then cost a mark only.
    """
    if cursor < top or cursor >= top + room:
        near = abs(cursor - top) <= room + 1
        step = room // 2 if near else 0
        top = cursor - room + 1 + step if cursor >= top + room else cursor - step
    return max(0, min(top, total - room))


def wanted(top: int, room: int) -> Reach:
    """Return what is asked for: the rows on the screen and one page each way."""
    return Reach(max(0, top - room), top + 2 * room)
