"""A job that has no room or no right waits with its reason, and goes on by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from core.engine.holding import Hold, is_hold
from core.engine.reins import JobCancelled, Reins
from core.errors import Broken, CapacityExhausted, Denied, VgwmError
from core.model import JobKind, JobState

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.ledger.ledger import Ledger
    from core.ledger.rows import EventDraft

FULL = CapacityExhausted(what="the disk is full", where="x", remedy="Make room.")
OUT = Denied(what="cluster-1 answered 401", where="x", remedy="Put it back.")


class Notes:
    """As much of a ledger as a hold writes to. full: it takes nothing."""

    def __init__(self) -> None:
        self.full = False
        self.told: list[tuple[JobState, str, str]] = []

    async def job_state(self, job: int, state: JobState, *, reason: str, event: EventDraft) -> None:
        del job
        if self.full:
            raise FULL
        self.told.append((state, reason, event.text))


class Bench:
    """A job, its hold, and a call that fails while `fault` says so."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.reins = Reins(id=1, kind=JobKind.COPY)
        self.hold = Hold(cast("Ledger", self.notes), self.reins, first_s=0.01, most_s=0.02)
        self.fault: VgwmError | None = FULL
        self.calls = 0
        self.looks = 0
        self.back = False

    async def call(self) -> str:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        return "done"

    async def ready(self, _fault: VgwmError) -> bool:
        self.looks += 1
        return self.back

    def begin(self) -> asyncio.Task[str]:
        return asyncio.create_task(self.hold.patiently(self.call, ready=self.ready))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - another task's work
            await asyncio.sleep(0.001)


async def test_i5_the_job_is_paused_with_its_reason_and_goes_on_by_itself() -> None:
    bench = Bench()
    waits = bench.begin()
    await until(lambda: bench.looks > 2)
    assert (bench.reins.held, bench.reins.by_engine) == (True, True)
    reason = "no room: the disk is full. Make room."
    assert bench.notes.told == [(JobState.PAUSED, reason, f"copy is paused: {reason}")]
    assert bench.calls == 1
    bench.fault, bench.back = None, True
    assert await waits == "done"
    assert bench.notes.told[1][:2] == (JobState.RUNNING, "")
    assert "goes on by itself" in bench.notes.told[1][2]


async def test_credentials_are_a_reason_of_their_own() -> None:
    bench = Bench()
    bench.fault = OUT
    waits = bench.begin()
    await until(lambda: bench.notes.told)
    assert bench.reins.reason == "no right: cluster-1 answered 401. Put it back."
    assert is_hold(bench.reins.reason)
    assert not is_hold("paused by op1")
    waits.cancel()


async def test_many_that_wait_are_one_pause_and_one_look_at_a_time() -> None:
    bench = Bench()
    waits = [bench.begin() for _ in range(20)]
    await until(lambda: bench.looks > 2)
    assert bench.calls == 20
    assert len(bench.notes.told) == 1
    bench.fault, bench.back = None, True
    assert set(await asyncio.gather(*waits)) == {"done"}
    assert len(bench.notes.told) == 2


async def test_a_person_may_try_at_once_and_is_told_again_if_nothing_changed() -> None:
    bench = Bench()
    waits = bench.begin()
    await until(lambda: bench.notes.told)
    bench.reins.resume()
    await until(lambda: bench.calls == 2)
    await until(lambda: len(bench.notes.told) == 2)
    assert bench.reins.held
    bench.fault = None
    bench.reins.resume()
    assert await waits == "done"


async def test_a_persons_pause_stands_although_there_is_room_again() -> None:
    bench = Bench()
    waits = bench.begin()
    await until(lambda: bench.looks > 0)
    bench.reins.pause("paused by op1")
    looks, bench.fault, bench.back = bench.looks, None, True
    for _ in range(100):
        await asyncio.sleep(0.001)
    assert bench.looks <= looks + 1
    assert not waits.done()
    bench.reins.resume()
    assert await waits == "done"


async def test_a_cancelled_job_does_not_wait() -> None:
    bench = Bench()
    waits = [bench.begin() for _ in range(3)]
    await until(lambda: bench.looks > 0)
    bench.reins.cancel("cancelled by op1")
    for one in waits:
        with pytest.raises(JobCancelled):
            await one
    assert bench.reins.state is JobState.CANCELLING


async def test_i5_a_ledger_that_cannot_say_so_holds_the_job_until_it_can() -> None:
    bench = Bench()
    bench.notes.full, bench.back = True, True
    waits = bench.begin()
    await until(lambda: bench.looks > 2)
    assert bench.reins.held
    assert bench.notes.told == []
    bench.fault, bench.notes.full = None, False
    assert await waits == "done"
    assert [state for state, _, _ in bench.notes.told][-1] is JobState.RUNNING


async def test_what_no_waiting_mends_is_raised() -> None:
    bench = Bench()
    bench.fault = Broken(what="w", where="x", remedy="r")
    with pytest.raises(Broken):
        await bench.begin()
    assert not bench.reins.held


async def test_i7_no_answer_is_no_leave_to_go_on() -> None:
    bench = Bench()
    looks = 0

    async def silent(_fault: VgwmError) -> bool:
        nonlocal looks
        looks += 1
        raise Broken(what="w", where="x", remedy="r")

    waits = asyncio.create_task(bench.hold.patiently(bench.call, ready=silent))
    await until(lambda: looks > 2)
    assert bench.reins.held
    waits.cancel()
