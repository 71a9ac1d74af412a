"""An engine's assessments: the job, what operators say of its answers, and the gate.

May import the ledger, the assessment's rows and the errors.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING, Final

from core.display import safe
from core.engine.assessing.means import AssessMeans
from core.engine.assessing.wish import AssessWish
from core.errors import BadInput, Refused
from core.ledger.rows import EventDraft, SaidRow, Saying
from core.model import JobKind
from core.preflight.rows import From, rows
from core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from core.config.knobs import Knobs
    from core.config.schema import Workspace
    from core.engine.assessing.run import AssessRun
    from core.engine.jobs import Run
    from core.engine.offers import PlanOf
    from core.engine.reins import Reins
    from core.ledger.ledger import Ledger
    from core.ledger.rows import RequestMark
    from core.preflight.rows import Row
    from core.verdict import Answer

GATED: Final = frozenset({JobKind.PLAN, JobKind.COPY, JobKind.RETRY})
MOST_TEXT: Final = 1_000


class Assessments:
    """Runs assessments. running: the one at work."""

    def __init__(
        self, ledger: Ledger, workspace: Workspace, path: Path, knobs: Callable[[], Knobs]
    ) -> None:
        self._ledger = ledger
        self._workspace = workspace
        self._means = AssessMeans(ledger=ledger, workspace=workspace, path=path, knobs=knobs)
        self.running: AssessRun | None = None

    def run_of(self, kind: JobKind, args: Mapping[str, str]) -> Run | None:
        """Return what a job of this kind does; None if it is no assessment. Raises BadInput."""
        if kind is not JobKind.ASSESS:
            return None
        wish = AssessWish.of(args, self._workspace)

        async def run(reins: Reins) -> None:
            # half a second's worth of clients, which few engines need: loaded beside the loop
            module = await asyncio.to_thread(import_module, "core.engine.assessing.run")
            begin: type[AssessRun] = module.AssessRun
            self.running = begin(self._means, wish)
            try:
                await self.running.run(reins)
            finally:
                self.running = None

        return run

    def plan_of(
        self,
        kind: JobKind,  # noqa: ARG002 - an Offer's
        args: Mapping[str, str],  # noqa: ARG002
    ) -> PlanOf | None:
        """Return None: an assessment changes nothing, and has no plan."""
        return None

    async def require_passable(self, kind: JobKind) -> None:
        """Raise Refused if a check's last answer forbids this job. Never assessed: no verdict."""
        if kind not in GATED:
            return
        # a row that vgwm.yaml has no more is shown nowhere, and can be asked no more: it stays fail
        asked = {row.id for row in rows(self._workspace)}
        failed = [
            one.answer
            for one in await self._ledger.answers()
            if one.answer.verdict is Verdict.FAIL and one.answer.check in asked
        ]
        if failed:
            first = failed[0]
            more = f" and {len(failed) - 1} more" if failed[1:] else ""
            raise Refused(
                what=f"check {first.check}{more} failed: {first.evidence}",
                where=f"{kind}: the assessment",
                remedy=f"{first.remedy} Then ask again: vgwm assess{_only(failed)}.",
            )

    async def acknowledge(
        self, check: str, reason: str, actor: str, request: RequestMark | None = None
    ) -> None:
        """Take a warning on. Raises Refused for every other state, BadInput without a reason."""
        row = self._row(check)
        text = _said(reason, f"assess --ack {row.id}", "a warning is taken on for a reason")
        answers = [a.answer for a in await self._ledger.answers() if a.answer.check == row.id]
        worst = next((a for a in answers if a.verdict is Verdict.FAIL), None) or next(
            (a for a in answers if a.verdict is not Verdict.WARN), None
        )
        if worst is not None or not answers:
            state = "not asked yet" if worst is None else str(worst.verdict)
            raise Refused(
                what=f"check {row.id} is {state}: only a warning can be taken on",
                where="assess --ack",
                remedy=(worst.remedy if worst is not None else "") or "Ask it: vgwm assess.",
            )
        await self._say(Saying.ACK, row.id, text, actor, request)

    async def note(
        self, item: str, text: str, actor: str, request: RequestMark | None = None
    ) -> None:
        """Answer a manual item. Raises Refused for what is asked of machines, BadInput."""
        row = self._row(item)
        if row.come is not From.NOTE:
            manual = ", ".join(one.id for one in rows(self._workspace) if one.come is From.NOTE)
            raise Refused(
                what=f"check {row.id} is asked of a machine: nobody's word answers it",
                where="assess --note",
                remedy=f"Manual items: {manual}.",
            )
        said = _said(text, f"assess --note {row.id}", "a note says something")
        await self._say(Saying.NOTE, row.id, said, actor, request)

    async def _say(
        self, kind: Saying, name: str, text: str, actor: str, request: RequestMark | None
    ) -> None:
        told = "taken on" if kind is Saying.ACK else "noted"
        await self._ledger.assessing.say(
            SaidRow(kind=kind, name=name, who=actor, at_ns=time.time_ns(), text=text),
            EventDraft(kind="assess", text=f"{name} {told}: {text}", actor=actor, request=request),
        )

    def _row(self, name: str) -> Row:
        known = rows(self._workspace)
        found = next((row for row in known if row.id == name), None)
        if found is None:
            raise BadInput(
                what=f"there is no check {safe(name)}",
                where="assess",
                remedy=f"Checks: {', '.join(row.id for row in known)}.",
            )
        return found


def _only(failed: list[Answer]) -> str:
    return "".join(f" --only {one.check}" for one in failed)


def _said(text: str, where: str, why: str) -> str:
    """Return what was said, safe to show. Raises BadInput for nothing, and for too much."""
    said = safe(text.strip())
    if not said or len(said) > MOST_TEXT:
        raise BadInput(
            what=f"{why}, of at most {MOST_TEXT:,} characters" if said else why,
            where=where,
            remedy="Say it after the equals sign.",
        )
    return said
