"""The assessment: every row of guide.md 7 asked at once, answers as they come.

    assessment = Assessment(Grounds(workspace=.., folder=.., probed=.., ..), only=frozenset())
    assessment.rows                          -> the rows that it asks, in the table's order
    async for answer in assessment.answers() -> `verdict.Answer`, check = the row's id
    assessment.survey                        -> what the walk found, once its rows are answered

Rows of the walk wait for one walk of the source, in a process of its own; rows of probes for all
probes' answers, of which they show the worst. A row that cannot be answered is `unknown`.
May import its own room and what lies below: no probes, no engine.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from core.errors import BadInput, VgwmError
from core.preflight.asking import Asking
from core.preflight.judged import UNKNOWN, Judged
from core.preflight.rows import From, Row, rows

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core.preflight.grounds import Grounds
    from core.preflight.survey import Survey
    from core.verdict import Answer

FACT_LIMIT_S: Final = 10.0
"""Of a row that asks the host or a few servers; walk and probes have limits of their own."""


class Assessment:
    """One run. only: ids of rows; empty: all. Raises BadInput for a row that there is not."""

    def __init__(self, grounds: Grounds, *, only: frozenset[str] = frozenset()) -> None:
        known = rows(grounds.workspace)
        unknown = sorted(only - {row.id for row in known})
        if unknown:
            raise BadInput(
                what=f"there is no check {', '.join(unknown)}",
                where="--only",
                remedy=f"Checks are {', '.join(row.id for row in known)}.",
            )
        self.rows = tuple(row for row in known if not only or row.id in only)
        self._grounds = grounds
        walks = any(row.come is From.WALK for row in self.rows)
        self._asking = Asking(grounds, walk=walks or grounds.known is None)

    @property
    def survey(self) -> Survey | None:
        """What the walk found; None before it has ended, and where there was none."""
        return self._asking.survey

    async def answers(self) -> AsyncGenerator[Answer, None]:
        """Ask every row at once; yield the answers as they come. Leaving ends the walk."""
        tasks = [asyncio.create_task(self._answer(row), name=f"row {row.id}") for row in self.rows]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._asking.close()

    async def _answer(self, row: Row) -> Answer:
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(FACT_LIMIT_S if row.come is From.FACTS else None):
                judged = await self._asking.ask(row)
        except TimeoutError:
            judged = Judged(UNKNOWN, f"no answer in {FACT_LIMIT_S:.0f} s", "Try it again.")
        except VgwmError as error:
            judged = Judged(UNKNOWN, error.what, error.remedy)
        except OSError as error:
            judged = Judged(UNKNOWN, error.strerror or type(error).__name__, "Try it again.")
        return judged.answer(
            row.id,
            row.component,
            at_ns=self._grounds.clock_ns(),
            took_s=time.monotonic() - began_s,
        )
