"""The target, opened once for all that a round has to clear away or to move.

May import ledger, target, and the engine's parts.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.engine.copying.faults import Backoff
from core.engine.copying.target import open_cache, open_placement
from core.engine.holding import Hold
from core.engine.opening import Opening
from core.errors import NoAnswer, NodeBusy
from core.ledger.rows import EventDraft
from core.target import profile as profiles
from core.target.open_table import open_target_table
from core.target.ours import Ours

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from core.engine.copying.placement import Placement
    from core.engine.premises import Premises
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.ledger.rows import Level
    from core.target.cache_drop import CacheDrop
    from core.target.objects import ObjectTable
    from core.target.profile import Profile

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """An open target, and what knows our rows in it. buckets: names by the ledger's ids."""

    ledger: Ledger
    table: ObjectTable
    placement: Placement
    profile: Profile
    ours: Ours
    cache: CacheDrop | None
    buckets: dict[int, bytes]
    reins: Reins
    hold: Hold

    async def patiently(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Return what call returns; a silent server is waited for, a full one holds the job.

        what: the server, as it is shown. call must repeat safely. Raises JobCancelled.
        """
        backoff = Backoff()
        while True:
            await self.hold.checkpoint()
            try:
                told = await self.hold.patiently(call)
            except NoAnswer as fault:
                self.reins.waits[what] = fault.what
                await backoff.wait(at_least_s=fault.wait_s if isinstance(fault, NodeBusy) else 0)
            else:
                self.reins.waits.pop(what, None)
                return told

    async def drop(self, keys: Sequence[bytes]) -> None:
        """Drop cache keys; those that a silent cache keeps are said, and expire."""
        if self.cache is None or not keys:
            return
        done = await self.cache.drop(keys)
        if done.fault:
            await self.tell(
                f"cache: {done.left:,} keys of changed objects stay until they expire:"
                f" {done.fault}",
                kind="cache_fault",
            )

    async def tell(self, text: str, *, kind: str = "sync", level: Level = "warn") -> None:
        """Store an event of the job."""
        with contextlib.suppress(NoAnswer):  # a full ledger says so at the next change
            await self.ledger.event(
                EventDraft(kind=kind, text=text, level=level, job=self.reins.id)
            )


@asynccontextmanager
async def opened(premises: Premises, reins: Reins) -> AsyncIterator[Ground]:
    """Open the target of an engine. Raises what its servers say; see `core.engine.opening`."""
    hold = Hold(premises.ledger, reins)
    opening = Opening(hold, reins)
    workspace = premises.workspace
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    buckets = {row.id: row.name for row in await premises.ledger.buckets()}
    async with contextlib.AsyncExitStack() as stack:
        placement = await opening.of(
            lambda: open_placement(workspace, premises.knobs, premises.epoch), opens=True
        )
        stack.push_async_callback(placement.close)
        await opening.of(placement.start)
        table = await opening.of(lambda: open_target_table(workspace, profile), opens=True)
        stack.push_async_callback(table.close)
        cache = await open_cache(workspace)
        if cache is not None:
            stack.push_async_callback(cache.close)
        yield Ground(
            ledger=premises.ledger,
            table=table,
            placement=placement,
            profile=profile,
            ours=Ours(profile, workspace.id),
            cache=cache,
            buckets=buckets,
            reins=reins,
            hold=hold,
        )
