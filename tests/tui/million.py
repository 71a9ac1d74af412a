"""A million failures that are made when they are asked for, and a count of what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.control.wire import state as wire
from tests.tui.stage import NOON_NS
from tui.facts.book import Book
from tui.facts.listing import Tab
from tui.facts.window import Leaf, Reach

if TYPE_CHECKING:
    from core.control.client import Client
    from tui.facts.listing import FailureWindow, Listing, Row

MILLION = 1_000_000


def failure(place: int) -> wire.Failure:
    return wire.Failure(
        bucket="photos",
        key=f"2024/{place:07}.jpg",
        version="",
        phase="read",
        code="denied" if place % 3 else "source_changed",
        text=f"permission denied on number {place}",
        tries=1 + place % 5,
        first_ns=NOON_NS - 9_000_000_000,
        last_ns=NOON_NS,
        remedy="Give the engine's user the right to read it.",
        disposition="failed",
        size_bytes=4_096,
        bundle=place // 1_000,
    )


class Million(Book):
    """Answers any reach of a list of `total` failures; keeps every reach that was asked for.

    gone: how many rows are mended and missing at the beginning.
    """

    def __init__(self, client: Client, total: int = MILLION) -> None:
        super().__init__(client)
        self.total = total
        self.asked: list[Reach] = []
        self.gone = 0

    async def leaf(
        self, listing: Listing, reach: Reach, near: FailureWindow | None = None
    ) -> Leaf[Row]:
        del near
        self.asked.append(reach)
        if listing.tab not in {Tab.FAILED, Tab.ALL}:
            return Leaf((), 0, NOON_NS)
        places = range(reach.begins, min(reach.ends, self.total))
        rows = tuple(failure(place + self.gone) for place in places)
        return Leaf(rows, self.total, NOON_NS)

    @property
    def fetched(self) -> int:
        """How many rows have been asked for, at most."""
        return sum(reach.ends - reach.begins for reach in self.asked)
