"""The Verify screen's facts: the newest proofs, and the rows of one list of one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.facts.pager import Pager
from tui.facts.proofs import Proofs
from tui.facts.proven import Pane, kinds, list_of, shown
from tui.facts.window import scrolled
from tui.views import verify

if TYPE_CHECKING:
    from core.control.wire.state import Snapshot
    from core.control.wire.verify import Proof, ViewRow
    from tui.facts.link import EngineLink
    from tui.facts.proof_book import ProofBook
    from tui.facts.proven import ProofList, ProofWindow
    from tui.ui import Ui
    from tui.views.line import Size


class ProofLists:
    """Reads what the screen shows, and no more of a list than that needs."""

    def __init__(self, link: EngineLink, book: ProofBook) -> None:
        self._proofs = Proofs(link)
        self._pager: Pager[ProofList, ViewRow] = Pager(book)

    @property
    def proofs(self) -> tuple[Proof, ...] | None:
        """What was proved, the newest first; None until it was read."""
        return self._proofs.proofs

    @property
    def window(self) -> ProofWindow | None:
        """The rows that are here."""
        return self._pager.window

    async def follow(self, ui: Ui, snapshot: Snapshot) -> None:
        """Read the figures, if they can have changed. Raises a VgwmError on the Verify screen."""
        self._pager.look()
        await self._proofs.follow(ui.screen, ui.proven, snapshot)

    def settle(self, ui: Ui, size: Size) -> Ui:
        """Keep the cursor within what is listed, and on the screen."""
        proof = self._shown(ui)
        if ui.proven.pane is Pane.FIGURES:
            last = max(0, len(kinds(proof)) - 1)
            return replace(ui, room=max(1, last), top=0, cursor=max(0, min(ui.cursor, last)))
        room = verify.room(size)
        listing, window = list_of(proof, ui.proven), self._pager.window
        if listing is None or window is None or window.listing != listing:
            return replace(ui, room=room, top=0, cursor=0)
        cursor = max(0, min(ui.cursor, window.total - 1))
        top = scrolled(ui.top, cursor, room, window.total)
        return replace(ui, room=room, cursor=cursor, top=top)

    def wants(self, ui: Ui) -> bool:
        """Whether `fetch` has rows to fetch for what is shown."""
        listing = list_of(self._shown(ui), ui.proven)
        return listing is not None and self._pager.show(listing, ui.top, ui.room)

    def misses(self, ui: Ui) -> bool:
        """Whether a row that should be on the screen is not here yet."""
        listing = list_of(self._shown(ui), ui.proven)
        return listing is not None and self._pager.misses(listing, ui.top, ui.room)

    async def fetch(self) -> bool:
        """Fetch the rows that are wanted, and return whether any came. Raises a VgwmError."""
        return await self._pager.fetch()

    def _shown(self, ui: Ui) -> Proof | None:
        return shown(self._proofs.proofs or (), ui.proven)
