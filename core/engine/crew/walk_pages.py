"""A bucket's walk as it comes from a walking process: page by page, to the last.

While none comes, the job says what it waits for.
May import the crew's tasks, the reins and the errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.crew.task import WalkPage
from core.engine.reins import WALK
from core.errors import Broken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Protocol

    from core.engine.crew.task import Answer
    from core.engine.reins import Reins

    class Walker(Protocol):
        """Who walks: a `Child` that was sent a `WalkTask`."""

        async def receive(self) -> Answer:
            """Return its next answer."""


async def walk_pages(walker: Walker, reins: Reins, where: str) -> AsyncIterator[WalkPage]:
    """Yield the pages of a walk that was asked for. where: the job, in an error's words.

    Raises ChildGone, what ended the walk, and Broken for another answer.
    """
    last = False
    while not last:
        with reins.awaiting(WALK, "no page of the source's listing came"):
            page = await walker.receive()
        if not isinstance(page, WalkPage):
            raise Broken(
                what="a walking process answered with something else",
                where=where,
                remedy="This is a fault of vgwm: report it with engine.log.",
            )
        if page.error is not None:
            raise page.error.error()
        last = page.last
        yield page
