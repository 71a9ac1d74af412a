"""What the last assessments measured, as the ledger keeps it: the survey, a trial, the estimate.

May import the ledger, and the assessment's survey, trial and estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.ledger.assessing import ESTIMATE, INVENTORY
from core.preflight.estimate import Estimate  # noqa: TC001 - msgspec reads the annotations
from core.preflight.survey import Survey, survey_of_plan
from core.preflight.trial import Trial  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from core.ledger.reading import LedgerReader


class Foretold(msgspec.Struct, frozen=True, kw_only=True):
    """How long the copy will take, and the trial that this rests on."""

    trial: Trial | None
    estimate: Estimate


async def kept_estimate(ledger: LedgerReader) -> Foretold | None:
    """Return the last estimate; None if none was made."""
    stored = await ledger.get_meta(ESTIMATE)
    return msgspec.json.decode(stored, type=Foretold) if isinstance(stored, bytes) else None


async def kept_survey(ledger: LedgerReader) -> Survey | None:
    """Return what is known of the source without a walk; None if nothing is."""
    stored = await ledger.get_meta(INVENTORY)
    if isinstance(stored, bytes):
        return msgspec.json.decode(stored, type=Survey)
    buckets = await ledger.buckets()
    if not buckets or any(not row.state.walked for row in buckets):
        return None
    # when it was walked is not kept by itself: the last event of the walk's end would be a guess
    return survey_of_plan(await ledger.counters(), buckets=len(buckets), at_ns=0)
