"""Beginning and ending to note green's writes: before the flip, and after the way back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.display import safe
from core.engine.reversing.feed import MERGE, TRIGGERS, change_list
from core.engine.reversing.reverses import OFF
from core.errors import BadInput
from core.ledger.rows import EventDraft
from core.target import profile as profiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Workspace
    from core.ledger.ledger import Ledger


async def arm(workspace: Workspace, ledger: Ledger, buckets: Sequence[str]) -> None:
    """Have green's changes listed, then let the buckets' changes count. See `Reverses.arm`."""
    ids = await _ids(ledger, buckets)
    if workspace.cutover.reverse == OFF:
        await ledger.green.begin(ids)
        return
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    changes = change_list(workspace, profile)
    feed, position = MERGE, 0
    if changes is not None:
        try:
            position, feed = await changes.arm(), TRIGGERS
        finally:
            await changes.close()
    before = await ledger.greenlog.stand()
    if not before.buckets:
        # nothing was written to green yet: a list that begins here is whole
        await ledger.green.heard(feed, (), position, to_end=True)
    text = f"from now on what green accepts is noted, by {feed}"
    await ledger.green.begin(ids, EventDraft(kind="reverse", text=text))


async def end(workspace: Workspace, ledger: Ledger, buckets: Sequence[str], *, keep: bool) -> None:
    """Let buckets be blue's, or green's for good; with the last, changes are listed no more."""
    stand = await ledger.green.end(await _ids(ledger, buckets), keep=keep)
    if stand.buckets or stand.feed != TRIGGERS:
        return
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    changes = change_list(workspace, profile)
    if changes is not None:
        try:
            await changes.disarm()
        finally:
            await changes.close()


async def _ids(ledger: Ledger, buckets: Sequence[str]) -> list[int]:
    rows = await ledger.buckets()
    known = {row.name.decode(): row.id for row in rows}
    absent = [name for name in buckets if name not in known]
    if absent:
        raise BadInput(
            what=f"the ledger knows no bucket {safe(absent[0])}",
            where="reverse copy",
            remedy="Name buckets of the source.",
        )
    return [known[name] for name in buckets] or list(known.values())
