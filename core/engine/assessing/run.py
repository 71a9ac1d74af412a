"""One assessment: asks every row at once, and stores each answer before anybody sees it (I5).

May import the probes, the assessment's rows, the ledger and the engine's reins.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import msgspec

from core.engine.assessing.progress import AssessProgress
from core.engine.assessing.survey_kept import kept_survey
from core.ledger.assessing import INVENTORY
from core.ledger.rows import AnswerRow, EventDraft, Saying
from core.preflight.assessment import Assessment
from core.preflight.grounds import Grounds
from core.preflight.rows import rows
from core.probe.probe import Depth, ask_all
from core.probe.registry import probes
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.config.schema import Workspace
    from core.engine.assessing.wish import AssessWish
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.ledger.rows import Level
    from core.verdict import Answer

LOOK_S: Final = 0.2
"""A job that is paused or cancelled while a row is slow is heard within this."""

_LEVELS: Final[dict[Verdict, Level]] = {Verdict.FAIL: "error", Verdict.WARN: "warn"}


class AssessRun:
    """Asks what is wished for. asked: ids of the rows whose answer is still to come."""

    def __init__(self, ledger: Ledger, workspace: Workspace, path: Path, wish: AssessWish) -> None:
        self._ledger = ledger
        self._workspace = workspace
        self._path = path
        self._wish = wish
        self._places = {row.id: place for place, row in enumerate(rows(workspace))}
        self._before: dict[str, Verdict] = {}
        self._walked = 0
        self.asked: set[str] = set()
        self._rows = 0
        self._seen: Counter[Verdict] = Counter()

    async def run(self, reins: Reins) -> None:
        """Ask, store, and forget rows that are no more. Raises JobCancelled."""
        self._before = {
            one.answer.check: one.answer.verdict for one in await self._ledger.answers()
        }
        assessment = Assessment(await self._grounds(), only=frozenset(self._wish.only))
        self.asked = {row.id for row in assessment.rows}
        self._rows = len(assessment.rows)
        await self._ledger.assessing.progress(reins.id, self._progress().stored())
        try:
            async with aclosing(assessment.answers()) as answers:
                async for answer in _patiently(answers, reins):
                    await self._store(answer, reins)
        finally:
            self.asked.clear()
        if assessment.survey is not None:
            await self._ledger.assessing.measured(INVENTORY, msgspec.json.encode(assessment.survey))
        came = ", ".join(f"{self._seen[verdict]} {verdict}" for verdict in Verdict)
        await self._ledger.assessing.finished(
            reins.id, self._wish.only, EventDraft(kind="assess", text=came, job=reins.id)
        )

    @property
    def text(self) -> str:
        """What it is at, in words."""
        return self._progress().text

    async def _store(self, answer: Answer, reins: Reins) -> None:
        self.asked.discard(answer.check)
        self._seen[answer.verdict] += 1
        before = self._before.get(answer.check)
        event = None
        if before is not answer.verdict:
            was = "" if before is None else f" (was {before})"
            event = EventDraft(
                kind="assess",
                text=f"{answer.check} {answer.verdict}{was}: {answer.evidence}",
                level=_LEVELS.get(answer.verdict, "info"),
                job=reins.id,
            )
        row = AnswerRow(job=reins.id, place=self._places[answer.check], answer=answer)
        await self._ledger.assessing.answer([row], self._progress().stored(), event)

    def _progress(self) -> AssessProgress:
        walk = f"walk {self._walked:,} entries" if self._walked else ""
        left = ", ".join(sorted(self.asked, key=self._places.__getitem__))
        text = f"asks {left}" if left else ""
        return AssessProgress(
            rows=self._rows,
            answered=sum(self._seen.values()),
            text="; ".join(part for part in (text, walk) if part),
        )

    async def _grounds(self) -> Grounds:
        said = await self._ledger.said()
        return Grounds(
            workspace=self._workspace,
            folder=self._path,
            probed=self._probed,
            notes={one.name: one.text for one in said if one.kind is Saying.NOTE},
            known=await kept_survey(self._ledger),
            walked=self._hear,
        )

    async def _probed(self) -> list[Answer]:
        asked = probes(self._workspace, Depth.CHECK, folder=self._path)
        return [one async for one in ask_all(asked)]

    def _hear(self, entries: int) -> None:
        self._walked = entries


async def _patiently(answers: AsyncIterator[Answer], reins: Reins) -> AsyncIterator[Answer]:
    """Yield what comes; hold while the job is paused. Raises JobCancelled."""
    while True:
        coming = asyncio.ensure_future(anext(answers, None))
        try:
            while not coming.done():
                await asyncio.wait([coming], timeout=LOOK_S)
                await reins.checkpoint()
        except BaseException:
            coming.cancel()
            await asyncio.wait([coming])
            raise
        answer = coming.result()
        if answer is None:
            return
        yield answer
