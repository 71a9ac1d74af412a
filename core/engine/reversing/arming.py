"""Beginning and ending to note green's writes: before the flip, and after the way back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.config.kinds import OFF
from core.display import safe
from core.engine.reversing.feed import LOST
from core.errors import BadInput, VgwmError
from core.ledger.rows import EventDraft
from core.target import profile as profiles
from core.target.changes import MERGE, NoFeed
from core.target.open_changes import open_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.config.schema import Workspace
    from core.ledger.greenlog import Stand
    from core.ledger.ledger import Ledger
    from core.target.changes import Changes


async def arm(workspace: Workspace, ledger: Ledger, buckets: Sequence[str], keeps_s: float) -> None:
    """Have green's changes told, then let the buckets' changes count. See `Reverses.arm`.

    keeps_s: how long a change that nobody has read is to be kept.
    """
    ids = await _ids(ledger, buckets)
    if workspace.cutover.reverse == OFF:
        await ledger.green.begin(ids)
        return
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    before = await ledger.greenlog.stand()
    changes = await open_changes(workspace, profile)
    try:
        if before.buckets:
            text = await _go_on(changes, ledger, before)
        else:
            text = await _begin(changes, ledger, keeps_s)
    finally:
        await changes.close()
    text = f"from now on what green accepts is noted, by {text}"
    await ledger.green.begin(ids, EventDraft(kind="reverse", text=text))


async def _begin(changes: Changes, ledger: Ledger, keeps_s: float) -> str:
    """Have changes told from here on, where nothing was written to green yet; return the way."""
    way, position, why = changes.way, 0, ""
    try:
        position = await changes.arm(keeps_s)
    except NoFeed as refusal:
        way, why = MERGE, f", for {refusal.what}"
    await ledger.green.armed(way, position, keeps_s)
    return f"{way}{why}"


async def _go_on(changes: Changes, ledger: Ledger, before: Stand) -> str:
    """Go on with what is told of other buckets already; return the way.

    A gap is only noted: it is for whoever listens next, and has to be looked through by comparing.
    """
    if before.feed not in {MERGE, LOST} and await changes.gap(None):
        await ledger.green.heard(LOST, (), before.position, to_end=False)
    return before.feed or "a look at all"


async def end(workspace: Workspace, ledger: Ledger, buckets: Sequence[str], *, keep: bool) -> None:
    """Let buckets be blue's, or green's for good; with the last, changes are told no more.

    A table that does not answer holds up nobody: what tells its changes is left there, and said.
    """
    stand = await ledger.green.end(await _ids(ledger, buckets), keep=keep)
    if stand.buckets or stand.feed == MERGE or workspace.cutover.reverse == OFF:
        return
    try:
        await _disarm(workspace)
    except VgwmError as error:
        text = f"what tells green's changes is left at the object table: {error.what}"
        await ledger.event(EventDraft(kind="reverse", text=text, level="warn"))


async def _disarm(workspace: Workspace) -> None:
    profile = await asyncio.to_thread(profiles.load, workspace.target.profile)
    changes = await open_changes(workspace, profile)
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
