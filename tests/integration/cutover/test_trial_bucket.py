"""Green is tried in a bucket of ours where blue's is not there yet; nothing of it stays.

The side is a stand-in; tests/real/test_commit.py has a green over real nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.cutover.canary import canary
from core.cutover.trial_bucket import Trial, begun, ended
from core.verdict import Verdict
from tests.fakes.side import Side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from core.cutover.door import Asker

ID = "5eed0001"
OURS = f"vgwm-canary-{ID}"


@pytest.fixture
async def green() -> AsyncIterator[Side]:
    async with Side().serve() as served:
        yield served


@pytest.mark.parametrize("left", [False, True])
async def test_where_blue_s_bucket_is_not_there_one_of_ours_is_made_and_taken_away(
    asker: Asker, green: Side, *, left: bool
) -> None:
    if left:  # by an engine that was killed
        green.buckets[OURS] = {}
    trial = await begun(asker, green.door, "photos", ID)
    assert trial == Trial(OURS, made=True)
    assert (await canary(asker, green.door, trial.bucket, ID)).verdict is Verdict.PASS
    assert await ended(asker, green.door, trial) == ""
    assert green.buckets == {}


async def test_a_bucket_that_is_there_is_tried_itself_and_stays(asker: Asker, green: Side) -> None:
    green.buckets["photos"] = {}
    trial = await begun(asker, green.door, "photos", ID)
    assert trial == Trial("photos")
    assert await ended(asker, green.door, trial) == ""
    assert green.buckets == {"photos": {}}


async def test_what_cannot_be_made_or_taken_away_is_said(asker: Asker, green: Side) -> None:
    green.instead = {"CreateBucket": (403, "AccessDenied")}
    trial = await begun(asker, green.door, "photos", ID)
    why = f"photos is not there yet, and {OURS} cannot be made: 403 AccessDenied"
    assert trial == Trial("photos", why=why)
    assert (await canary(asker, green.door, trial.bucket, ID)).verdict is Verdict.FAIL
    green.instead = {"DeleteBucket": (409, "BucketNotEmpty")}
    left = await ended(asker, green.door, await begun(asker, green.door, "photos", ID))
    assert left == f"bucket {OURS} is still there: 409 BucketNotEmpty"


async def test_i7_a_silent_green_is_for_its_canary_to_find(asker: Asker, green: Side) -> None:
    green.hangs = {"HeadBucket", "PutObject"}
    trial = await begun(asker, green.door, "photos", ID)
    assert (trial.bucket, trial.made) == ("photos", False)
    assert (await canary(asker, green.door, trial.bucket, ID)).verdict is Verdict.UNKNOWN
