"""A job's reins: a person's pause, the engine's hold and a closed window do not undo each other."""

from __future__ import annotations

import asyncio

import pytest

from core.engine.crew.task import WalkPage
from core.engine.crew.walk_pages import walk_pages
from core.engine.reins import WALK, JobCancelled, Reins
from core.model import JobKind, JobState, Page


def reins() -> Reins:
    return Reins(id=1, kind=JobKind.COPY)


async def goes_on(one: Reins) -> bool:
    return await one.goes_on(within_s=0.01)


async def test_a_job_goes_on_only_when_it_is_neither_paused_nor_shut() -> None:
    one = reins()
    assert await goes_on(one)
    one.close("window: opens 22:00 UTC")
    assert (one.held, one.still, one.reason) == (False, True, "window: opens 22:00 UTC")
    one.pause("paused by op1")
    one.open()
    assert (one.held, one.still, one.reason) == (True, True, "paused by op1")
    assert not await goes_on(one)
    one.close("window: opens 22:00 UTC")
    assert one.reason == "paused by op1"
    one.resume()
    assert (one.held, one.state, one.reason) == (
        False,
        JobState.RUNNING,
        "window: opens 22:00 UTC",
    )
    assert not await goes_on(one)
    one.open()
    assert one.reason == ""
    assert await goes_on(one)


@pytest.mark.parametrize("shut", [False, True])
async def test_a_cancel_wakes_what_waits_and_moves_no_byte_of_a_held_job(*, shut: bool) -> None:
    one = reins()
    one.close("window") if shut else one.pause("paused by op1")
    waiter = asyncio.create_task(one.checkpoint(), name="waiter")
    one.cancel("cancelled by op2")
    with pytest.raises(JobCancelled):
        await waiter
    assert (one.still, one.held, one.cancelled) == (True, False, True)
    assert one.reason == "cancelled by op2"
    one.close("window: opens 23:00 UTC")
    assert one.reason == "cancelled by op2"


def test_a_cancelled_job_that_was_not_held_may_end_what_is_in_flight() -> None:
    one = reins()
    one.cancel("cancelled by op1")
    assert not one.still


def test_a_persons_pause_takes_over_from_the_engines_hold() -> None:
    one = reins()
    one.hold("no room: disk full")
    assert (one.by_engine, one.state) == (True, JobState.PAUSED)
    one.pause("paused by op1")
    assert not one.by_engine


async def test_what_does_not_come_is_said_with_its_time_and_no_longer_once_it_came() -> None:
    one = Reins(id=1, kind=JobKind.PLAN, quiet_s=0.0)
    with one.awaiting(WALK, "no page came"):
        assert one.waits == {}
        await asyncio.sleep(0.01)
        told = dict(one.waits), one.walks_in_vain
    assert told[0][WALK].startswith("no page came since ")
    assert told[1]
    assert (one.waits, one.walks_in_vain) == ({}, False)
    with one.awaiting(WALK, "no page came"):
        pass
    await asyncio.sleep(0.01)
    assert not one.waits


class Slow:
    """A walker whose pages come behind the time for which nothing is said."""

    def __init__(self, one: Reins) -> None:
        self._reins = one
        self.said: list[str] = []

    async def receive(self) -> WalkPage:
        await asyncio.sleep(0.01)
        self.said += self._reins.waits.values()
        return WalkPage(page=Page([], []), last=len(self.said) > 1)


async def test_i7_a_walk_whose_source_is_silent_says_so_for_each_page() -> None:
    one = Reins(id=1, kind=JobKind.SYNC, quiet_s=0.0)
    walker = Slow(one)
    pages = [page async for page in walk_pages(walker, one, "sync")]
    assert len(pages) == len(walker.said) == 2
    assert all(text.startswith("no page of the source's listing came") for text in walker.said)
    assert not one.waits
