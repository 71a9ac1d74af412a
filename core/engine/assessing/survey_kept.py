"""The last survey of the source: as an assessment stored it, else as the plan knows it.

May import the ledger and the assessment's survey.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from core.ledger.assessing import INVENTORY
from core.ledger.rows import BucketState
from core.preflight.survey import Survey, survey_of_plan

if TYPE_CHECKING:
    from core.ledger.reading import LedgerReader


async def kept_survey(ledger: LedgerReader) -> Survey | None:
    """Return what is known of the source without a walk; None if nothing is."""
    stored = await ledger.get_meta(INVENTORY)
    if isinstance(stored, bytes):
        return msgspec.json.decode(stored, type=Survey)
    buckets = await ledger.buckets()
    if not buckets or any(row.state is not BucketState.DONE for row in buckets):
        return None
    # when it was walked is not kept by itself: the last event of the walk's end would be a guess
    return survey_of_plan(await ledger.counters(), buckets=len(buckets), at_ns=0)
