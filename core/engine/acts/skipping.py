"""An operator's skip, and its undoing: page by page, each a commit with its event (I4, I5).

May import the ledger and the engine's parts.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.engine.acts.choosing import chosen
from core.engine.acts.progress import ActProgress
from core.engine.acts.wish import Deed
from core.ledger.rows import EventDraft, Position

if TYPE_CHECKING:
    from core.engine.acts.wish import Wish
    from core.engine.holding import Hold
    from core.engine.reins import Reins
    from core.ledger.failure_looks import Standing
    from core.ledger.ledger import Ledger


class Skipping:
    """One skip job, or one that takes skips back."""

    def __init__(self, ledger: Ledger, wish: Wish, *, job: int, actor: str) -> None:
        self._ledger = ledger
        self._wish = wish
        self._job = job
        self._actor = actor

    async def run(self, reins: Reins, hold: Hold) -> None:
        """Take every object of the wish, from where the job stands on. Raises JobCancelled."""
        row = await self._ledger.job(self._job)
        progress = ActProgress.parse("" if row is None else row.progress)
        async for page in chosen(self._ledger, self._wish, after=progress.last):
            await reins.checkpoint()
            size_bytes = sum(one.size_bytes or 0 for one in page)
            progress = progress.behind(page[-1].place, len(page), size_bytes)
            await hold.patiently(partial(self._store, page, progress))

    async def _store(self, page: list[Standing], progress: ActProgress) -> None:
        positions: dict[int, list[Position]] = {}
        for one in page:
            positions.setdefault(one.bucket_id, []).append((one.key, one.version))
        mending, wish = self._ledger.mending, self._wish
        if wish.deed is Deed.UNSKIP:
            await mending.unwaive(
                positions,
                job=self._job,
                progress=progress.text(),
                event=self._event(f"{len(page):,} skips taken back: the objects are failed again"),
            )
        else:
            await mending.waive(
                positions,
                who=self._actor,
                why=wish.reason,
                job=self._job,
                progress=progress.text(),
                event=self._event(f"{len(page):,} failed objects skipped: {wish.reason}"),
            )

    def _event(self, text: str) -> EventDraft:
        return EventDraft(kind="skip", text=text, level="warn", actor=self._actor, job=self._job)
