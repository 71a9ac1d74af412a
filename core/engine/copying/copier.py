"""The copy job: gives out every planned bundle, and takes up what an earlier engine left.

One coroutine a bundle, which `carrying` brings through. What is in flight is bounded by bundles and
by bytes, so memory does not grow with the set. May import the ledger and the engine's parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from core.engine.copying.carrying import Carrying
from core.engine.copying.recorder import Recorder
from core.engine.reins import JobCancelled
from core.errors import NoAnswer
from core.ledger.rows import EventDraft
from core.model import BundleState
from core.taskgroup import TaskGroup

if TYPE_CHECKING:
    from core.engine.copying.means import Means
    from core.engine.copying.placement import Place
    from core.engine.holding import Hold
    from core.engine.reins import Reins
    from core.model import Bundle

log = logging.getLogger(__name__)

PAGE = 64
"""Open bundles that are read from the ledger at a time."""

MOST_LAG_S = 2.0


class Copier:
    """Carries every open bundle, until the plan has ended and none is left."""

    def __init__(self, means: Means, reins: Reins, hold: Hold, *, planned: bool) -> None:
        self._m = means
        self._hold = hold
        self._reins = reins
        self._planned = planned
        self._more = asyncio.Event()
        self._recorder = Recorder(means, reins, hold, self._tell)
        self._way = Carrying(means, hold, self._recorder, self._tell)

    @property
    def places(self) -> dict[int, Place]:
        """The nodes of each bundle in flight."""
        return self._way.places

    def more(self) -> None:
        """Say that the plan committed bundles."""
        self._more.set()

    def plan_ended(self) -> None:
        """Say that no bundle will come any more."""
        self._planned = True
        self._more.set()

    async def run(self) -> None:
        """Carry all bundles. Raises JobCancelled, or what stops the job."""
        await self._hold.patiently(self._m.ledger.reset_copying)
        async with TaskGroup() as group:
            await self._resume(group)
            cancelled = await self._dispatch(group)
        if (rest := self._recorder.rest()) is not None:
            await self._hold.patiently(lambda: self._m.ledger.event(rest))
        if cancelled:
            raise JobCancelled

    async def _resume(self, group: TaskGroup) -> None:
        """Take up bundles that were copied before the engine ended."""
        after = 0
        states = (BundleState.COPIED, BundleState.PINNED)
        while page := await self._m.ledger.in_states(
            *states, after_id=after, limit=PAGE, made_by=self._m.made_by
        ):
            for bundle in page:
                after = bundle.id
                await self._m.window.enter(0)
                group.create_task(self._recover(bundle), name=f"recover bundle {bundle.id}")

    async def _dispatch(self, group: TaskGroup) -> bool:
        """Start a coroutine for each open bundle as the window allows; tell if it was cancelled."""
        after = 0
        window = self._m.window
        while True:
            self._more.clear()
            window.left.clear()
            planned = self._planned
            page = await self._open_bundles(after, PAGE)
            for bundle in page:
                try:
                    await self._reins.checkpoint()
                    await self._ledger_keeps_up()
                    await window.enter(bundle.size_bytes)
                    await self._reins.checkpoint()
                except JobCancelled:
                    return True
                after = bundle.id
                group.create_task(self._carry(bundle), name=f"bundle {bundle.id}")
            if page:
                continue
            if planned and not window.busy:
                # objects that changed went into later bundles, lost ones came back under their own
                if not await self._open_bundles(0, 1):
                    return False
                after = 0
                continue
            await self._wait_for_work()

    async def _open_bundles(self, after: int, limit: int) -> list[Bundle]:
        return await self._m.ledger.open_bundles(after, limit, self._m.made_by)

    async def _ledger_keeps_up(self) -> None:
        """Give out no more while the ledger's writer is behind: what waits for it is in memory."""
        while self._m.ledger.lag_s() > MOST_LAG_S:  # noqa: ASYNC110 - a thread's age has no event
            await asyncio.sleep(0.05)

    async def _wait_for_work(self) -> None:
        """Wait until the plan commits, or a bundle in flight ends."""
        waits = [
            asyncio.create_task(self._more.wait(), name="more bundles"),
            asyncio.create_task(self._m.window.left.wait(), name="a bundle left"),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _carry(self, bundle: Bundle) -> None:
        """Bring one bundle from planned to recorded."""
        window = self._m.window
        copying = True

        def copied() -> None:
            nonlocal copying
            if copying:
                copying = False
                window.copied(bundle.size_bytes)

        try:
            await self._way.carry(bundle, copied)
        except JobCancelled:
            pass  # told to end while it was held: it goes on where it stood
        finally:
            copied()
            window.leave()

    async def _recover(self, bundle: Bundle) -> None:
        """Record a bundle that was copied before the engine died."""
        self._m.window.copied(0)
        try:
            await self._way.take_up(bundle)
        except JobCancelled:
            pass  # as above
        finally:
            self._m.window.leave()

    async def _tell(self, text: str, *, kind: str) -> None:
        log.warning("%s", text, extra={"kind": kind})
        with contextlib.suppress(NoAnswer):  # a full ledger says so at the next change
            await self._m.ledger.event(
                EventDraft(kind=kind, text=text, level="warn", job=self._reins.id)
            )
