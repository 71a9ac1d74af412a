"""One read at a time, waited for: listings' settings, tags, headers. Its connection is kept.

May import its own room.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pycurl

from core.source.s3.handle import Handle
from core.source.s3.patience import pause_or_raise
from core.source.s3.refusals import Again, judge
from core.source.s3.xml import XML_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.errors import VgwmError
    from core.source.posix.outcome import Fault
    from core.source.s3.handle import Door
    from core.source.s3.reply import Reply
    from core.source.s3.request import Request


class Caller:
    """Asks one thing after the other. Not for two threads; close it."""

    def __init__(self, door: Door, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._handle = Handle(door)
        self._sleep = sleep

    def ask(
        self, request: Request, where: str, *, limit_bytes: int = XML_BYTES
    ) -> Reply | Fault | VgwmError:
        """Return a good answer, or what came instead; what is to be asked again is.

        Raises NodeBusy or NodeUnreachable once it was asked often enough.
        """
        tried = 0
        while True:
            tried += 1
            reply = self.once(request, limit_bytes)
            outcome = judge(reply, where)
            if outcome is None:
                return reply
            if not isinstance(outcome, Again):
                return outcome
            self._sleep(pause_or_raise(outcome, tried))

    def once(self, request: Request, limit_bytes: int = XML_BYTES) -> Reply:
        """Return what one request came to."""
        handle = self._handle
        handle.prepare(request, limit_bytes)
        try:
            handle.curl.perform()
        except pycurl.error as error:
            code, why = error.args
            return handle.reply(code, why)
        return handle.reply()

    def close(self) -> None:
        """Close the connection."""
        self._handle.curl.close()
