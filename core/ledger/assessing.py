"""What an assessment stores, each in one commit with its event (I5)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from core.ledger import answers, jobs, settings

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from core.ledger.mending import Write
    from core.ledger.rows import AnswerRow, EventDraft, SaidRow

INVENTORY: Final = "assess:inventory"
ESTIMATE: Final = "assess:estimate"


class Assessing:
    """Stores answers, what was measured, and what operators say of them."""

    def __init__(self, write: Write, clock: Callable[[], int]) -> None:
        self._write = write
        self._clock = clock

    async def answer(
        self, rows: Sequence[AnswerRow], progress: str, event: EventDraft | None = None
    ) -> None:
        """Store answers of one job, and how far that is (JSON), in one commit."""

        def change(conn: sqlite3.Connection) -> None:
            answers.put(conn, rows)
            if rows:
                jobs.progress(conn, rows[0].job, progress)

        await self._write(change, event)

    async def progress(self, job: int, progress: str, event: EventDraft | None = None) -> None:
        """Store how far a job is: JSON."""
        await self._write(partial(jobs.progress, job=job, progress=progress), event)

    async def measured(self, name: str, document: bytes) -> None:
        """Store what a run measured, JSON. name: INVENTORY or ESTIMATE."""
        await self._write(partial(settings.set_meta, key=name, value=document))

    async def finished(self, job: int, only: Sequence[str], event: EventDraft) -> None:
        """Forget what a run that came to its end did not find again."""
        await self._write(partial(answers.drop_older, job=job, only=only), event)

    async def say(self, row: SaidRow, event: EventDraft) -> None:
        """Store an acknowledgement or a note."""
        await self._write(partial(answers.say, row=row), event)
