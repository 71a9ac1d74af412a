"""Old tables removed, as they were shown. May import the ledger and the target."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from core.engine.keeping.progress import KeepProgress, Step
from core.ledger.rows import EventDraft
from core.target import profile as profiles
from core.target.open_table import open_target_table

if TYPE_CHECKING:
    from core.engine.keeping.means import KeepMeans
    from core.engine.keeping.wish import Confirmed
    from core.engine.reins import Reins


class DropRun:
    """Removes the sets of tables that were confirmed, one by one; one that is gone is none."""

    def __init__(self, means: KeepMeans, confirmed: Confirmed, progress: KeepProgress) -> None:
        self._means = means
        self._facts = confirmed.facts
        self._progress = progress

    async def run(self, reins: Reins) -> None:
        """Remove them. Raises JobCancelled between two sets, and what the database says."""
        profile = await asyncio.to_thread(profiles.load, self._means.workspace.target.profile)
        table = await open_target_table(self._means.workspace, profile)
        gone = rows = 0
        try:
            for one in self._facts.sets:
                await reins.checkpoint()
                await table.drop(one.tag)
                gone, rows = gone + len(one.tables), rows + one.rows
                self._progress = replace(self._progress, dropped=gone, done=rows)
                await self._note(reins, f"tables ending in _{one.tag} were dropped")
        finally:
            await table.close()
        self._progress = replace(self._progress, step=Step.DONE, total=rows)
        await self._note(reins)

    async def _note(self, reins: Reins, text: str = "") -> None:
        event = EventDraft(kind="metadata", text=text, job=reins.id) if text else None
        await self._means.ledger.assessing.progress(reins.id, self._progress.text(), event)
