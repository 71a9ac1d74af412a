"""Kept connections that carry many reads at once, each under a ticket.

    wire = Wire(door, handles=16)
    wire.send(request, ticket, limit_bytes)     while wire.room
    for ticket, reply in wire.wait(0.5): ..     those that are done; [] after so long without one

May import its own room.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pycurl

from core.source.s3.handle import Handle

if TYPE_CHECKING:
    from core.source.s3.handle import Door
    from core.source.s3.reply import Reply
    from core.source.s3.request import Request

_MOST_S: Final = 1.0
_NO_SOCKET_S: Final = 0.002
_BURST: Final = 4


class Wire:
    """One process's connections to an endpoint. Not for two threads; close it."""

    def __init__(self, door: Door, handles: int) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, handles)
        self._free = [Handle(door) for _ in range(handles)]
        self._busy: dict[Any, Handle] = {}
        self._fresh = 0

    @property
    def room(self) -> int:
        """How many more requests can be sent now."""
        return len(self._free)

    @property
    def under_way(self) -> int:
        """How many requests are not answered."""
        return len(self._busy)

    def send(self, request: Request, ticket: object, limit_bytes: int) -> None:
        """Begin a request. There has to be room."""
        handle = self._free.pop()
        handle.ticket = ticket
        handle.prepare(request, limit_bytes)
        self._multi.add_handle(handle.curl)
        self._busy[handle.curl] = handle
        self._fresh += 1

    def push(self, least: int = _BURST) -> None:
        """Let what was begun go out at once, if it is so many; fewer go out with the next wait.

        Each look at all connections costs as much as half an object.
        """
        if self._fresh >= least:
            self._look()

    def wait(self, wait_s: float) -> list[tuple[Any, Reply]]:
        """Return what is done, waiting up to wait_s for the first."""
        if self._fresh:
            self._look()
        done = self._done()
        if not done and self._busy:
            if self._multi.select(min(wait_s, _MOST_S)) < 0:
                time.sleep(_NO_SOCKET_S)  # none is open yet: a name is looked up
            self._look()
            done = self._done()
        return done

    def drop(self) -> None:
        """Give up every request under way; its connection goes with it."""
        for handle in self._busy.values():
            self._multi.remove_handle(handle.curl)
            self._free.append(handle)
        self._busy.clear()
        self._fresh = 0

    def close(self) -> None:
        """Drop everything, and close every connection."""
        self.drop()
        for handle in self._free:
            handle.curl.close()
        self._free.clear()
        self._multi.close()

    def _look(self) -> None:
        self._fresh = 0
        self._multi.perform()

    def _done(self) -> list[tuple[Any, Reply]]:
        done: list[tuple[Any, Reply]] = []
        left = 1
        while left:
            left, good, bad = self._multi.info_read()
            done += [self._taken(curl, 0, "") for curl in good]
            done += [self._taken(curl, code, why) for curl, code, why in bad]
        return done

    def _taken(self, curl: Any, code: int, why: str) -> tuple[Any, Reply]:  # noqa: ANN401 - pycurl has no types
        handle = self._busy.pop(curl)
        reply = handle.reply(code, why)
        self._multi.remove_handle(curl)
        self._free.append(handle)
        ticket, handle.ticket = handle.ticket, None
        return ticket, reply
