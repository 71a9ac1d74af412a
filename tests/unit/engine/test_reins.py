"""A job's reins: a person's pause, the engine's hold and a closed window do not undo each other."""

from __future__ import annotations

import asyncio

import pytest

from core.engine.reins import JobCancelled, Reins
from core.model import JobKind, JobState


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
