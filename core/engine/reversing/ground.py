"""What the reverse copy stands on, opened once: table, feed, contents, private writer, blue's tree.

async with reversing(workspace, ledger, checkpoint) as reverse:
    await reverse.listen()          # all that green did until now is in the greenlog
    done = await reverse.carry()    # all that waits there is tried once
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from core.cutover.private_writer import writing
from core.engine.reversing.carrying import Carrier, Means
from core.engine.reversing.contents import contents
from core.engine.reversing.feed import Feed
from core.engine.reversing.judging import RowJudge
from core.engine.reversing.private_process import running
from core.engine.reversing.undoing import blue_of
from core.errors import BadInput
from core.target import profile as profiles
from core.target.open_changes import open_changes
from core.target.open_table import open_target_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from core.config.schema import Workspace
    from core.engine.reversing.carrying import Round
    from core.ledger.ledger import Ledger


class Reverse:
    """The reverse copy of one workspace. Made by `reversing`."""

    def __init__(self, feed: Feed, carrier: Carrier | None) -> None:
        self._feed = feed
        self._carrier = carrier

    async def listen(self) -> None:
        """Store all that green did until now; see `Feed.listen`."""
        await self._feed.listen()

    async def carry(self, *, again: bool = False) -> Round:
        """Carry all that waits; see `Carrier.carry`. Raises BadInput without a private writer."""
        if self._carrier is None:
            raise BadInput(
                what="there is no private writer: nothing can be carried to blue",
                where="cutover.private_writer",
                remedy="Name one in vgwm.yaml: docs/reverse.md shows how it is started.",
            )
        return await self._carrier.carry(again=again)


@asynccontextmanager
async def reversing(
    workspace: Workspace,
    ledger: Ledger,
    checkpoint: Callable[[], Awaitable[None]],
    *,
    job: int | None = None,
    carries: bool = True,
) -> AsyncIterator[Reverse]:
    """Open what the reverse copy needs. carries: False to listen only, without a writer.

    Raises what table, private writer and vgwm.yaml say.
    """
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    async with AsyncExitStack() as opened:
        table = await open_target_table(workspace, profile)
        opened.push_async_callback(table.close)
        judge = RowJudge(profile, workspace.id)
        changes = await open_changes(workspace, profile)
        opened.push_async_callback(changes.close)
        feed = Feed(ledger, table, judge, changes)
        carrier = None
        settings = workspace.cutover.private_writer
        if carries and settings is not None:
            await opened.enter_async_context(running(settings))
            means = Means(
                ledger=ledger,
                table=table,
                rows=judge.rows,
                contents=await opened.enter_async_context(contents(workspace)),
                writer=await opened.enter_async_context(writing(settings)),
                blue=await asyncio.to_thread(blue_of, workspace),
                job=job,
                checkpoint=checkpoint,
            )
            carrier = Carrier(means)
        yield Reverse(feed, carrier)
