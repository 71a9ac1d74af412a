"""The rows of `cutover`, added with the flips that are kept beside the ledger.

May import the ledger's other files and the errors.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from core.errors import VgwmError
from core.ledger import backup, flip_marks
from core.ledger.cutovers import FLIP, Cutting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from core.ledger.cutovers import CutoverDraft
    from core.ledger.flip_marks import FlipMark
    from core.ledger.mending import Write
    from core.ledger.reader import Reader
    from core.ledger.rows import EventDraft

log = logging.getLogger(__name__)

SEND: Final = "lb-green"
"""The step that sends `green`: no row of it before the flip stands beside the ledger as well."""


class MarkedCutting(Cutting):
    """Adds rows; a flip is marked outside the ledger before it can have an effect (I5)."""

    def __init__(
        self, write: Write, clock: Callable[[], int], reader: Reader, ledger: Path
    ) -> None:
        super().__init__(write, clock)
        self._reader = reader
        self._ledger = ledger
        self._settling = asyncio.Lock()

    async def append(self, draft: CutoverDraft, event: EventDraft | None = None) -> int:
        """Add a row; it is durable on return. Return its number.

        Before a row of `SEND` the flips are marked: raises what hinders that, and adds none.
        """
        if draft.step == SEND:
            await self.settle()
        number = await super().append(draft, event)
        if (draft.step, draft.phase) == (FLIP, "undone"):
            await self.try_settle()
        return number

    async def settle(self) -> None:
        """Mark the flips that stand, and drop those that were taken back. Repeatable.

        Raises Broken for a damaged file; CapacityExhausted, Denied, BadInput where it cannot be
        written.
        """
        async with self._settling:
            seen = await self._reader.read(flip_marks.known)
            await asyncio.to_thread(partial(flip_marks.settle, self._ledger, seen))

    async def try_settle(self) -> None:
        """Do the same where nothing depends on it: what hinders it is logged, and done later."""
        try:
            await self.settle()
        except VgwmError as error:
            log.warning("flips beside the ledger: %s", error.what)

    async def unknown(self) -> tuple[FlipMark, ...]:
        """Return marked flips of which this ledger knows nothing: it is from before them.

        Raises Broken for a damaged file.
        """
        marks = await asyncio.to_thread(flip_marks.read, self._ledger)
        return flip_marks.unknown(marks, await self._reader.read(flip_marks.known)) if marks else ()

    async def newer(self, marks: Sequence[FlipMark]) -> str:
        """Return how a backup that knows these flips is put back, "" where there is none."""
        return await asyncio.to_thread(backup.knowing, self._ledger, marks)
