"""One assessment: asks every row at once, and stores each answer before anybody sees it (I5).

May import the probes, the assessment's rows, the ledger and the engine's reins.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from core.engine.assessing.kept import Foretold, kept_estimate, kept_survey
from core.engine.assessing.progress import AssessProgress
from core.engine.assessing.twice import ask_twice
from core.engine.trial.trying import foretell, measure
from core.ledger.assessing import ESTIMATE, INVENTORY
from core.ledger.rows import AnswerRow, EventDraft, Saying
from core.preflight.assessment import Assessment
from core.preflight.grounds import Grounds
from core.preflight.rows import rows
from core.probe.probe import Depth
from core.probe.registry import probes
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.engine.assessing.means import AssessMeans
    from core.engine.assessing.wish import AssessWish
    from core.engine.reins import Reins
    from core.ledger.rows import Level
    from core.preflight.survey import Survey
    from core.preflight.trial import Trial
    from core.verdict import Answer

_T = TypeVar("_T")

LOOK_S: Final = 0.2
"""A job that is paused or cancelled while a row is slow is heard within this."""

_LEVELS: Final[dict[Verdict, Level]] = {Verdict.FAIL: "error", Verdict.WARN: "warn"}


class AssessRun:
    """Asks what is wished for. asked: ids of the rows whose answer is still to come."""

    def __init__(self, means: AssessMeans, wish: AssessWish) -> None:
        self._means = means
        self._ledger = means.ledger
        self._workspace = means.workspace
        self._wish = wish
        self._places = {row.id: place for place, row in enumerate(rows(means.workspace))}
        self._before: dict[str, Verdict] = {}
        self._walked = 0
        self.asked: set[str] = set()
        self._rows = 0
        self._trying = False
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
            self.asked = set()
        if assessment.survey is not None and not assessment.survey.fault:
            survey = msgspec.json.encode(assessment.survey)
            await self._ledger.assessing.measured(INVENTORY, survey)
        await self._foretell(reins)
        came = ", ".join(f"{self._seen[verdict]} {verdict}" for verdict in Verdict)
        await self._ledger.assessing.finished(
            reins.id, self._wish.only, EventDraft(kind="assess", text=came, job=reins.id)
        )

    @property
    def text(self) -> str:
        """What it is at, in words."""
        return self._progress().text

    async def _store(self, answer: Answer, reins: Reins) -> None:
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
        left = self.asked - {answer.check}
        await self._ledger.assessing.answer([row], self._progress(left).stored(), event)
        self.asked = left  # only now: a row is either asked or answered, whoever looks

    def _progress(self, asked: set[str] | None = None) -> AssessProgress:
        walk = f"walk {self._walked:,} entries" if self._walked else ""
        waiting = self.asked if asked is None else asked
        left = ", ".join(sorted(waiting, key=self._places.__getitem__))
        text = f"asks {left}" if left else "tries a copy" if self._trying else ""
        return AssessProgress(
            rows=self._rows,
            answered=sum(self._seen.values()),
            text="; ".join(part for part in (text, walk) if part),
        )

    async def _foretell(self, reins: Reins) -> None:
        """Try a copy, if that was wished for, and say how long all of it will take."""
        survey = await kept_survey(self._ledger)
        kept = await kept_estimate(self._ledger)
        trial = None if kept is None else kept.trial
        if self._wish.measure_s:
            self._trying = True
            await self._ledger.assessing.progress(reins.id, self._progress().stored())
            trial = await self._tried(survey, reins)
        if survey is not None:
            told = foretell(self._workspace, self._means.knobs(), survey, trial)
            stored = msgspec.json.encode(Foretold(trial=trial, estimate=told))
            await self._ledger.assessing.measured(ESTIMATE, stored)

    async def _tried(self, survey: Survey | None, reins: Reins) -> Trial:
        """Measure, and hear while that goes on that the job is to end."""
        means, limit_s = self._means, self._wish.measure_s
        trying = asyncio.ensure_future(
            measure(means.workspace, means.knobs(), means.path, survey, limit_s=limit_s)
        )
        return await _heeding(trying, reins)

    async def _grounds(self) -> Grounds:
        said = await self._ledger.said()
        return Grounds(
            workspace=self._workspace,
            folder=self._means.path,
            probed=self._probed,
            notes={one.name: one.text for one in said if one.kind is Saying.NOTE},
            known=await kept_survey(self._ledger),
            walked=self._hear,
        )

    async def _probed(self) -> list[Answer]:
        means = self._means
        asked = probes(means.workspace, Depth.CHECK, folder=means.path, now=means.now)
        return await ask_twice(asked)

    def _hear(self, entries: int) -> None:
        self._walked = entries


async def _patiently(answers: AsyncIterator[Answer], reins: Reins) -> AsyncIterator[Answer]:
    """Yield what comes; hold while the job is paused. Raises JobCancelled."""
    while True:
        answer = await _heeding(asyncio.ensure_future(anext(answers, None)), reins)
        if answer is None:
            return
        yield answer


async def _heeding(work: asyncio.Future[_T], reins: Reins) -> _T:
    """Return what work returns; broken off when the job is to end. Raises JobCancelled."""
    try:
        while not work.done():
            await asyncio.wait([work], timeout=LOOK_S)
            await reins.checkpoint()
    except BaseException:
        work.cancel()
        await asyncio.wait([work])
        raise
    return work.result()
