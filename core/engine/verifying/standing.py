"""Where a verification stands: what its parts counted, stored with the proof once a second.

May import the ledger, and the verification's figures.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.dag.canonical import dumps
from core.engine.verifying.join_task import PartTask
from core.engine.verifying.progress import VerifyProgress
from core.verify.difference import Listed
from core.verify.figures import Figures, RowCount
from core.verify.list_files import Contents
from core.verify.part_files import Joined, Judged, joined, judged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from core.engine.verifying.join_task import JoinMessage, JoinTold
    from core.ledger.ledger import Ledger
    from core.verify.bytes_told import BytesFigures
    from core.verify.difference import Ill
    from core.verify.segments import Segment

EVERY_S: Final = 1.0
AGAIN: Final = "again"
_COUNTED: Final = ("skipped", "gone", "versions", "markers")


class Standing:
    """Counts one verification. keys: that the ledger has, of the buckets asked for."""

    def __init__(self, ledger: Ledger, job: int, folder: Path) -> None:
        self._ledger = ledger
        self._job = job
        self._folder = folder
        self._phase = ""
        self._phase_ns = 0
        self._before = 0
        self._joined: dict[int, Joined] = {}
        self._judged: dict[int, Judged] = {}
        self._under_way: Counter[int] = Counter()
        self._bytes: Callable[[], BytesFigures] | None = None
        self._bundles = (0, 0)
        self._contents: Contents | None = None
        self.keys = 0

    async def phase(self, name: str) -> None:
        """Begin a phase, and store that."""
        self._phase, self._phase_ns, self._before = name, time.time_ns(), self._keys_joined()
        await self.store()

    def read(self, figures: Callable[[], BytesFigures]) -> None:
        """Take what was read from there, from now on."""
        self._bytes = figures

    def pins(self, bundles: int, ill: int) -> None:
        """Count bundles, and those whose pin is not seen on each allocation."""
        self._bundles = (bundles, ill)

    def unjoined(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return the parts that are to be joined; the others are counted."""
        due = []
        for one in segments:
            told = joined(self._folder, one.number)
            if told is None:
                due.append(one)
            else:
                self._joined[one.number] = told
        return due

    def unjudged(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return the parts with odd keys that are to be looked at again; the others are counted."""
        due = []
        for one in segments:
            first = self._joined.get(one.number)
            if first is None or not first.again:
                continue
            told = judged(self._folder, one.number)
            if told is None:
                due.append(one)
            else:
                self._judged[one.number] = told
        return due

    async def told(self, task: JoinMessage, said: JoinTold) -> None:
        """Hear how far a task is."""
        if isinstance(said.done, Contents):
            self._contents = said.done
        elif isinstance(task, PartTask):
            number = task.segment.number
            if isinstance(said.done, Joined):
                self._joined[number] = said.done
                del self._under_way[number]
            elif isinstance(said.done, Judged):
                self._judged[number] = said.done
            elif task.deed == "join":
                self._under_way[number] += said.keys

    def figures(self, *, ended: bool = False, partial: bool = False) -> Figures:
        """Return what was counted so far; ended: at the end, partial or not."""
        counted: Counter[str] = Counter()
        objects: Counter[Listed] = Counter()
        rows: Counter[tuple[Listed, Ill | None]] = Counter()
        for first in self._joined.values():
            objects[Listed.EQUAL] += first.equal
            rows[Listed.EQUAL, None] += first.equal
            for name in _COUNTED:
                counted[name] += getattr(first, name)
        for second in self._judged.values():
            objects.update(second.objects)
            rows[Listed.EQUAL, None] += second.objects.get(Listed.EQUAL, 0)
            for listed, kinds in second.rows.items():
                rows.update({(listed, ill): n for ill, n in kinds.items()})
            for name in (*_COUNTED, "unpinned", "unread", "dirty"):
                counted[name] += getattr(second, name)
        return Figures(
            phase="done" if ended else self._phase,
            phase_ns=self._phase_ns,
            joined_before=self._before,
            keys=self.keys,
            joined=self._keys_joined(),
            objects=dict(objects),
            rows=tuple(
                RowCount(listed=listed, ill=ill, rows=n) for (listed, ill), n in rows.items() if n
            ),
            bundles=self._bundles[0],
            bundles_unpinned=self._bundles[1],
            partial=partial,
            bytes=None if self._bytes is None else self._bytes(),
            **counted,
        )

    def shown(self, figures: Figures) -> str:
        """Return what the job shows of these figures, and how many keys a second look is at."""
        progress = VerifyProgress.of(figures)
        if figures.phase == AGAIN:
            again = sum(one.again for one in self._joined.values())
            progress = replace(progress, figures={**progress.figures, AGAIN: again})
        return progress.stored()

    async def store(self) -> None:
        """Store how far it is."""
        figures = self.figures()
        done = {"joined": len(self._joined), "judged": len(self._judged), "phase": self._phase}
        await self._ledger.proving.progress(
            self._job, dumps(done).encode(), figures.stored(), self.shown(figures)
        )

    @asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """Store once a second while something runs."""
        ticker = asyncio.create_task(self._tick(), name=f"figures of job {self._job}")
        try:
            yield
        finally:
            ticker.cancel()
            await asyncio.wait([ticker])
        if ticker.done() and not ticker.cancelled():
            ticker.result()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self.store()

    def _keys_joined(self) -> int:
        return sum(one.keys for one in self._joined.values()) + self._under_way.total()
