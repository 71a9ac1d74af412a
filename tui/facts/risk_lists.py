"""What is at risk, by name, as it is read for the Rollback screen: the rows shown, and near them.

The list moves while it is looked at, so that its rows are read again each second.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.facts.at_risk import RiskList
from tui.facts.pager import Pager
from tui.facts.window import Leaf, scrolled
from tui.screen import Name
from tui.views import risk_names

if TYPE_CHECKING:
    from core.control.client import Client
    from core.control.wire.rollback import RiskName
    from tui.facts.at_risk import RiskWindow
    from tui.facts.window import Reach
    from tui.ui import Ui
    from tui.views.line import Size

_MOST_ROWS = 500


class RiskBook:
    """The names of a workspace, however many. Every call raises a VgwmError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def leaf(
        self, listing: RiskList, reach: Reach, near: RiskWindow | None = None
    ) -> Leaf[RiskName]:
        """Return those rows that there are within a reach, wherever in the list that is."""
        del near
        limit = min(_MOST_ROWS, reach.ends - reach.begins)
        names = await self._client.risk_names(
            listing.which, listing.slice, at=reach.begins, limit=limit
        )
        return Leaf(names.rows, names.total or 0, names.as_of_ns)


class RiskLists:
    """Reads what the screen shows of it, and no more."""

    def __init__(self, client: Client) -> None:
        self._pager: Pager[RiskList, RiskName] = Pager(RiskBook(client))

    @property
    def window(self) -> RiskWindow | None:
        """The rows that are here."""
        return self._pager.window

    async def follow(self, ui: Ui) -> None:
        """Read the rows on the screen again: they may be others by now. Raises a VgwmError."""
        self._pager.look()
        listing = listing_of(ui)
        if listing is not None:
            self._pager.renew(listing, ui.top, ui.room)
            await self._pager.fetch()

    def settle(self, ui: Ui, size: Size) -> Ui:
        """Keep the cursor within the list, and on the screen. size: of the body."""
        listing, window = listing_of(ui), self._pager.window
        if listing is None:
            return ui
        room = risk_names.room(size)
        if window is None or window.listing != listing:
            return replace(ui, room=room, top=0, cursor=0)
        cursor = max(0, min(ui.cursor, window.total - 1))
        top = scrolled(ui.top, cursor, room, window.total)
        return replace(ui, room=room, cursor=cursor, top=top)

    def wants(self, ui: Ui) -> bool:
        """Whether `fetch` has rows to fetch for what is shown."""
        listing = listing_of(ui)
        return listing is not None and self._pager.show(listing, ui.top, ui.room)

    def misses(self, ui: Ui) -> bool:
        """Whether a row that should be on the screen is not here yet."""
        listing = listing_of(ui)
        return listing is not None and self._pager.misses(listing, ui.top, ui.room)

    async def fetch(self) -> bool:
        """Fetch the rows that are wanted, and return whether any came. Raises a VgwmError."""
        return await self._pager.fetch()


def listing_of(ui: Ui) -> RiskList | None:
    """Return the list that is shown; None where none is."""
    if ui.screen is not Name.ROLLBACK or ui.names is None:
        return None
    return RiskList(which=ui.names, slice=ui.slice)
