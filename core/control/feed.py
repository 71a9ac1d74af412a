"""Events as a client follows them: each once and in order, whatever breaks in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.errors import EngineDown, NoAnswer

if TYPE_CHECKING:
    from core.control.wire import state as wire


class Pages(Protocol):
    """Who has the events: a client of the engine."""

    async def events(self, since: int = 0) -> wire.Events:
        """Return a page of events after number `since`, oldest first."""
        ...


class EventFeed:
    """Every event after a number. seen: the last one that was handed out.

    Events are durable and numbered without gaps, across engines too: a reader that comes back asks
    for what followed the last one it saw, however much that is.
    """

    def __init__(self, pages: Pages, seen: int) -> None:
        self._pages = pages
        self.seen = seen

    async def up_to(self, last_seq: int) -> list[wire.Event]:
        """Return what came since the last call, up to this number at least.

        A link that breaks meanwhile loses nothing: what was read is returned, the rest comes next.
        """
        fresh: list[wire.Event] = []
        while self.seen < last_seq:
            try:
                page = await self._pages.events(self.seen)
            except (NoAnswer, EngineDown):
                break
            if not page.events:
                break
            fresh += page.events
            self.seen = page.events[-1].seq
        return fresh
