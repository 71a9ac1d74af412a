"""What a client may cost the engine: a connection, one answer, and 30 s without moving.

uvicorn bounds what it buffers (one request at a time a connection, reading stops while its answer
is not taken), but waits for ever: for the rest of a request, and for a reader of its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

STILL_S = 30.0
"""A client that takes nothing of its answer, or sends nothing, for so long is cut off."""
MOST_CLIENTS = 64
"""Connections at once: each is a descriptor, and the engine needs its own for nodes and ledger."""
LOOK_S = 2.0


class PatientProtocol(H11Protocol):
    """HTTP/1.1 of one connection, with an end to waiting. moved_s: when it did, by the loop."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as upstream
        """Begin, and make room if there are too many: the quietest goes, never the newcomer."""
        super().connection_made(transport)
        self.moved_s = self.loop.time()
        self._untaken = 0
        self._look = self.loop.call_later(LOOK_S, self._watch)
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the watch with the connection."""
        self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Note that the client sends."""
        self.moved_s = self.loop.time()
        super().data_received(data)

    def _make_room(self) -> None:
        # one that was aborted stays in the set until the loop's next turn
        others = [
            one
            for one in self.connections
            if isinstance(one, PatientProtocol)
            and one is not self
            and not one.transport.is_closing()
        ]
        if len(others) >= MOST_CLIENTS:
            min(others, key=lambda one: one.moved_s).transport.abort()

    def _watch(self) -> None:
        """Cut the client off if nothing moved; an answer that is still being made is ours."""
        now_s, untaken = self.loop.time(), self.transport.get_write_buffer_size()
        # upstream says that there is always one; before the first request there is none
        cycle = cast("RequestResponseCycle | None", self.cycle)
        asked = cycle is not None and not cycle.more_body and not cycle.response_complete
        if (asked and not untaken) or untaken != self._untaken:
            self.moved_s = now_s
        self._untaken = untaken
        if now_s - self.moved_s >= STILL_S:
            self.transport.abort()
            return
        self._look = self.loop.call_later(LOOK_S, self._watch)
