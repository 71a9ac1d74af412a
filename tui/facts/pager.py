"""The window of a long list: one request in flight, and the newest wish wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from tui.facts.window import Reach, Window, wanted

if TYPE_CHECKING:
    from tui.facts.window import Leaf

ListT = TypeVar("ListT")
RowT = TypeVar("RowT")


class Reads(Protocol[ListT, RowT]):
    """Whoever answers for the lists of a kind."""

    async def leaf(
        self, listing: ListT, reach: Reach, near: Window[ListT, RowT] | None = None
    ) -> Leaf[RowT]:
        """Return those rows of a list that there are within a reach; near: rows that are here."""
        ...


class _Wish(NamedTuple, Generic[ListT]):
    listing: ListT
    reach: Reach


class Pager(Generic[ListT, RowT]):
    """Keeps the rows that are shown and one page each way; never more of a list than that."""

    def __init__(self, book: Reads[ListT, RowT]) -> None:
        self._book = book
        self._wish: _Wish[ListT] | None = None
        self._busy = False
        self._answered: _Wish[ListT] | None = None
        self.window: Window[ListT, RowT] | None = None

    def show(self, listing: ListT, top: int, room: int) -> bool:
        """Note which rows are on the screen; return whether `fetch` has something to do.

        Rows are asked for before the edge is reached: half a page before. What was answered without
        them is not asked for again before the next look (`look`).
        """
        near = Reach(max(0, top - room // 2), top + room + room // 2)
        if self._here(listing, near):
            return False
        wish = _Wish(listing, wanted(top, room))
        if wish == self._answered:
            return False
        self._wish = wish
        return True

    def look(self) -> None:
        """Begin another look at the engine: what it did not have may be there now."""
        self._answered = None

    def misses(self, listing: ListT, top: int, room: int) -> bool:
        """Whether a row on the screen is not here."""
        return not self._here(listing, Reach(top, top + room))

    def renew(self, listing: ListT, top: int, room: int) -> None:
        """Want the rows on the screen again: a counter says that they may differ."""
        self._wish = _Wish(listing, wanted(top, room))

    async def fetch(self) -> bool:
        """Read what is wished for, until nothing is; return whether anything was read here.

        Raises a VgwmError and forgets the wish. False while another call reads: it reads this, too.
        """
        if self._busy or self._wish is None:
            return False
        self._busy = True
        try:
            while self._wish is not None:
                wish, self._wish = self._wish, None
                near = self.window
                if near is not None and near.listing != wish.listing:
                    near = None
                leaf = await self._book.leaf(wish.listing, wish.reach, near)
                self._answered = wish
                self.window = Window(
                    listing=wish.listing,
                    total=leaf.total,
                    begins=wish.reach.begins,
                    rows=leaf.rows,
                    as_of_ns=leaf.as_of_ns,
                    exact=leaf.exact,
                )
        finally:
            self._busy = False
        return True

    def _here(self, listing: ListT, reach: Reach) -> bool:
        window = self.window
        return window is not None and window.listing == listing and window.holds(reach)
