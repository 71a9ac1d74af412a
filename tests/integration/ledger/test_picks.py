"""A seed picks the same objects again, evenly, and of the buckets that are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.ledger.scene import entries, opened, planned, recorded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.ledger.ledger import Ledger

BUNDLES, EACH = 8, 25


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """Two buckets of recorded bundles in turn, and one that is not recorded."""
    opening = await opened(tmp_path)
    one, two = await opening.add_buckets([(b"one", "{}"), (b"two", "{}")])
    for at in range(BUNDLES):
        bucket = one if at % 2 else two
        members = entries(at * EACH, EACH)
        await recorded(opening, bucket, await planned(opening, bucket, members), members)
    await planned(opening, one, entries(10_000, EACH))
    yield opening
    await opening.close()


async def test_the_same_seed_picks_the_same_and_another_seed_others(ledger: Ledger) -> None:
    first = await ledger.picks.objects(1, 40)
    assert first == await ledger.picks.objects(1, 40)
    assert first != await ledger.picks.objects(2, 40)
    assert len({(pick.bucket, pick.key) for pick in first}) == 40
    assert {pick.size for pick in first} == {4_096}


async def test_picks_lie_in_every_bundle_that_is_recorded_and_in_no_other(ledger: Ledger) -> None:
    numbers = [int(pick.key[-6:]) for pick in await ledger.picks.objects(1, 100)]
    assert {number // EACH for number in numbers} == set(range(BUNDLES))


async def test_more_than_there_are_is_all_there_are(ledger: Ledger) -> None:
    assert len(await ledger.picks.objects(1, 10_000)) == BUNDLES * EACH


async def test_a_slice_is_picked_from_alone(ledger: Ledger) -> None:
    picks = await ledger.picks.objects(1, 10_000, [b"two"])
    assert {pick.bucket for pick in picks} == {b"two"}
    assert len(picks) == BUNDLES * EACH // 2
    assert await ledger.picks.objects(1, 10, [b"nobody"]) == []


async def test_the_newest_are_those_of_the_last_bundles(ledger: Ledger) -> None:
    picks = await ledger.picks.newest(EACH + 1)
    assert [int(pick.key[-6:]) for pick in picks] == [
        *range((BUNDLES - 1) * EACH, BUNDLES * EACH),
        (BUNDLES - 2) * EACH,
    ]
    assert {pick.bucket for pick in await ledger.picks.newest(5, [b"two"])} == {b"two"}
