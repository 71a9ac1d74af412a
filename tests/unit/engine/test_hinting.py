"""Hints while a job lives: what is being gathered ends before its source is given back."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from core.engine.syncing.hinting import Heard

if TYPE_CHECKING:
    from core.ledger.ledger import Ledger
    from core.source.hints import Names


class Slow:
    """Hints that take a moment. torn: they were closed meanwhile."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.closed = threading.Event()
        self.torn = False
        self.looks = 0

    def begin(self) -> None:
        self.closed.clear()

    def gather(self, names: Names) -> None:
        del names
        self.looks += 1
        self.entered.set()
        self.torn = self.closed.wait(0.2)

    def close(self) -> None:
        self.closed.set()


async def test_a_cancelled_look_ends_before_what_it_reads_is_closed_and_is_the_last() -> None:
    slow = Slow()
    heard = Heard(slow, cast("Ledger", None), 1)
    looking = asyncio.create_task(heard.begin())
    await asyncio.to_thread(slow.entered.wait)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    await asyncio.to_thread(heard.close)
    assert not slow.torn
    await heard.take()
    assert (slow.looks, slow.closed.is_set()) == (1, True), "nobody listens any more"
